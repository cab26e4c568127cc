"""The labelled set: the monitor itself, and the way to the API.

A label is who has to act, and was decided before the code was asked. `monitor`: brekwatch, its machine, its clock.
`network`: the way there, names and proxies on it, and the address that is configured.
"""

from __future__ import annotations

from support.blame_kit import (
    QUICK,
    Case,
    SlowLedger,
    address,
    broken_off,
    by_name,
    cut_hello,
    fault,
    held_port,
    hostile,
    intercepted,
    no_files_left,
    no_name_server,
    offline,
    page,
    portal_at,
    refused,
    resolving,
    slow_names,
    speaks_http,
    swallowed,
)
from support.hostile import RESETS_UNHEARD, full_backlog, silence
from support.ledgers import FailingLedger, HangingLedger

from probes.words import Blame

MONITOR = (
    Case(
        name="the journal's disk is full",
        label=Blame.MONITOR,
        why="our disk: nothing was asked of the API",
        play=fault("", "golden_path", ledger=FailingLedger("intend")),
    ),
    Case(
        name="the journal hangs",
        label=Blame.MONITOR,
        why="our database does not answer",
        play=fault("", "golden_path", ledger=HangingLedger("intend"), seconds=QUICK),
    ),
    Case(
        name="the journal fails at the last turn",
        label=Blame.MONITOR,
        why="our disk, however far the API came",
        play=fault("", "golden_path", seconds=1.0, ledger=FailingLedger("intend", keeps_intents=3)),
    ),
    Case(
        name="the journal has a bug",
        label=Blame.MONITOR,
        why="our code raised",
        play=fault("", "golden_path", ledger=FailingLedger("intend", error=RuntimeError("of the tests"))),
    ),
    Case(
        name="the journal has a bug at the start",
        label=Blame.MONITOR,
        why="our code raised before a byte was sent",
        play=fault("", ledger=FailingLedger("begin_run", error=RuntimeError("of the tests"))),
    ),
    Case(
        name="the journal's bug beside a failing API",
        label=Blame.MONITOR,
        why="the turn that would have failed was never sent, so nothing is known of it",
        play=fault("server_error@search", "golden_path", ledger=FailingLedger("intend", error=OSError("of the tests"))),
    ),
    Case(
        name="a slow journal eats the step",
        label=Blame.MONITOR,
        why="of 1.5 s the journal took 1.3: the API had no chance to answer in time",
        play=fault("slow@search", ledger=SlowLedger(1.3), seconds=1.5, sandbox={"slow_seconds": 0.5}),
    ),
    Case(
        name="the run is cancelled",
        label=Blame.MONITOR,
        why="we were told to stop",
        play=broken_off(),
    ),
    Case(
        name="this process stands still",
        label=Blame.MONITOR,
        why="we slept through the deadline",
        play=broken_off(sleeps=0.9),
    ),
    Case(
        name="no file descriptors are left",
        label=Blame.MONITOR,
        why="our machine can't open a connection",
        play=no_files_left,
    ),
    Case(
        name="no reference is reached, nor the API",
        label=Blame.MONITOR,
        why="we are offline, and said beforehand how we would know",
        play=offline(held_port),
    ),
    Case(
        name="the references are silent, and so is the API",
        label=Blame.MONITOR,
        why="the same, with an uplink that swallows",
        play=offline(full_backlog),
    ),
    Case(
        name="our clock is years behind",
        label=Blame.MONITOR,
        why="no certificate is valid yet: nobody puts one into use before its time",
        play=hostile(page("200 OK"), certificate="future"),
    ),
    Case(
        name="no time was left for the first request",
        label=Blame.MONITOR,
        why="the deadline had passed before anything was sent to anybody",
        play=fault("", seconds=0.0),
    ),
)

NETWORK = (
    Case(
        name="nothing answers at that address",
        label=Blame.NETWORK,
        why="a way that swallows everything: look at it from another place",
        play=swallowed,
    ),
    Case(
        name="there is no route",
        label=Blame.NETWORK,
        why="our kernel knows no way to that network",
        play=address("http://224.0.0.1"),
    ),
    Case(
        name="a filter refuses for the API",
        label=Blame.NETWORK,
        why="a firewall on our way out answers with a reset",
        play=refused,
    ),
    Case(
        name="no name server is reached",
        label=Blame.NETWORK,
        why="our name servers don't answer",
        play=resolving(no_name_server, by_name()),
    ),
    Case(
        name="the name server says nothing",
        label=Blame.NETWORK,
        why="the deadline passed while the name was looked up",
        play=resolving(slow_names(0.6), by_name()),
    ),
    Case(
        name="the name server takes most of the time",
        label=Blame.NETWORK,
        why="the API would have answered in time, had it been asked in time",
        play=resolving(slow_names(0.3), by_name(faults=["slow@create_session"], slow_seconds=0.2)),
    ),
    Case(
        name="the host is spelt wrong",
        label=Blame.NETWORK,
        why="the address that is configured leads nowhere",
        play=address("http://www.berk.invalid"),
    ),
    Case(
        name="the handshake is cut",
        label=Blame.NETWORK,
        why="a filter that dislikes the name in the hello resets",
        play=hostile(cut_hello, tls=True),
    ),
    Case(
        name="the handshake is swallowed",
        label=Blame.NETWORK,
        why="TCP connects and TLS gets no answer: a filter, or a packet size that doesn't pass",
        play=hostile(silence, tls=True, seconds=QUICK),
    ),
    Case(
        name="TLS is broken open on the way",
        label=Blame.NETWORK,
        why="the chain ends at an authority of a company's own: an intercepting proxy",
        play=intercepted,
    ),
    Case(
        name="plain HTTP where TLS is asked for",
        label=Blame.NETWORK,
        why="an answer without TLS comes from a proxy or the wrong port",
        play=hostile(speaks_http, tls=True),
    ),
    Case(
        name="a captive portal shows its page",
        label=Blame.NETWORK,
        why="a page to sign in, without anything of the API in it",
        play=hostile(page("200 OK")),
    ),
    Case(
        name="a captive portal redirects",
        label=Blame.NETWORK,
        why="plain HTTP is sent to a host to sign in",
        play=hostile(page("302 Found", "location: http://login.example/")),
    ),
    Case(
        name="a proxy forbids",
        label=Blame.NETWORK,
        why="a page that says 403, without TLS: the company's filter",
        play=hostile(page("403 Forbidden", "via: 1.1 filter")),
    ),
    Case(
        name="a proxy wants a password",
        label=Blame.NETWORK,
        why="407 is a proxy's word, never an API's",
        play=hostile(page("407 Proxy Authentication Required")),
    ),
    Case(
        name="the network wants a password",
        label=Blame.NETWORK,
        why="511 is the network's word, whatever its class",
        play=hostile(page("511 Network Authentication Required")),
    ),
    Case(
        name="another web server is asked",
        label=Blame.NETWORK,
        why="base_url leads to some other site over plain HTTP, which knows no such page",
        play=hostile(page("404 Not Found")),
    ),
    Case(
        name="a proxy of ours can't reach the API",
        label=Blame.NETWORK,
        why="the company's proxy has a fault, and says 502 for it",
        play=hostile(page("502 Bad Gateway", "via: 1.1 filter")),
        told=Blame.API,
    ),
    Case(
        name="a filter resets after the request",
        label=Blame.NETWORK,
        why="it dislikes what it read",
        play=hostile(RESETS_UNHEARD),
        told=Blame.API,
    ),
    Case(
        name="another site is asked over TLS",
        label=Blame.NETWORK,
        why="base_url leads to a site that has a good certificate and no such page",
        play=hostile(page("404 Not Found"), certificate="good"),
        told=Blame.API,
    ),
    Case(
        name="the portal's address swallows",
        label=Blame.NETWORK,
        why="as for the API",
        play=portal_at("{swallowed}/attach"),
    ),
    Case(
        name="the portal's host is spelt wrong",
        label=Blame.NETWORK,
        why="the attach_url that is configured leads nowhere",
        play=portal_at("http://pay.berk.invalid/attach"),
    ),
    Case(
        name="the portal's path is spelt wrong",
        label=Blame.NETWORK,
        why="attach_url is the operator's to say, and a web server answers that it knows no such page",
        play=portal_at("{server}/attahc"),
    ),
)
