"""The report as GitHub-flavoured Markdown, to paste into a ticket. Pure.

Server texts stand in code spans and blocks, where nothing of them is markup, a link or a mention; in sentences they
are escaped, and what would ring a bell somewhere (`@everyone`, a URL) is broken.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence

from alerts.pages import lasting, utc
from alerts.report.facts import ExchangeView, Line, Report
from alerts.report.phrases import counted
from alerts.report.support_ids import support_block
from probes.redaction import printable

_SPECIAL = re.compile(r"([\\`*_{}\[\]()#+!|~$^])")
_MOST_ROWS = 60
_LINE_CHARACTERS = 64 * 1024


def as_markdown(report: Report) -> str:
    """The whole report, in its order."""
    parts = (
        _head(report),
        _timeline(report),
        _chain(report),
        _exchanges(report),
        _support(report),
        _advice(report),
        _list("What is not known", report.unknowns, "Nothing that we know of."),
        _alerts(report),
        _list("How it was reckoned", report.accounting, ""),
        _list("Left out for brevity", report.truncated, ""),
    )
    foot = f"Made {utc(report.generated_at)} by brekwatch {escaped(report.version)}."
    return "\n\n".join([*(text for part in parts for text in part), foot]) + "\n"


def escaped(text: str) -> str:
    """A text within a sentence: no markup, no HTML, no link, no mention."""
    plain = text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    plain = plain.replace("@", "(at)").replace("://", ": //").replace("www.", "www .")
    return _SPECIAL.sub(r"\\\1", printable(plain))


def code(text: str) -> str:
    """A code span of this text, fit for a table's cell too: readers differ in what may stand for a bar there."""
    if not text.strip():
        return ""
    ticks = "`" * (_longest_run(text) + 1)
    inner = printable(text).replace("|", "\N{BROKEN BAR}")
    blank = " " if inner[0] in "` " or inner[-1] in "` " else ""
    return f"{ticks}{blank}{inner}{blank}{ticks}"


def block(text: str, language: str = "") -> str:
    """A code block that the text can't end."""
    ticks = "`" * max(3, _longest_run(text) + 1)
    shown = "\n".join(printable(line, _LINE_CHARACTERS) for line in text.split("\n"))
    return f"{ticks}{language}\n{shown}\n{ticks}"


def _longest_run(text: str) -> int:
    return max(map(len, re.findall("`+", text)), default=0)


def table(heads: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Of cells that are escaped already."""
    lines = [heads, ["---"] * len(heads), *rows]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in lines)


def _head(report: Report) -> Iterator[str]:
    yield f"# {escaped(report.headline)}"
    facts = (
        ("Asked for", escaped(report.scope.asked)),
        ("Target", code(report.scope.target or "") or "all"),
        ("Environment", escaped(report.environment or "not known")),
        ("Seen from", code(report.location)),
        ("Failed of", escaped(" at ".join(filter(None, (report.kind, report.operation))) or "nothing")),
        ("Step", code(report.step or "")),
        ("Expected", code(report.expected or "")),
        ("Seen instead", code(report.observed or "")),
        ("Who acts", escaped(report.blame or "nobody")),
        *_moments(report),
        ("Lasted", "" if report.duration_seconds is None else lasting(report.duration_seconds)),
        ("Runs", _counts(report)),
        *((f"Budget of {code(each.scenario)}", _spent(each.bad_runs, each.spent_ratio)) for each in report.budgets),
    )
    yield table(("", ""), ((name, value) for name, value in facts if value))
    yield f"**How sure: {report.certainty.word}.** {escaped(' '.join(report.certainty.reasons))}"


def _moments(report: Report) -> Iterator[tuple[str, str]]:
    moments = (
        ("Last good", report.last_good_at),
        ("First failed", report.first_failed_at),
        ("Detected", report.detected_at),
        ("Recovered", report.recovered_at),
    )
    return ((name, utc(moment)) for name, moment in moments if moment is not None)


def _counts(report: Report) -> str:
    counts = report.counts
    names = ("passed", "degraded", "failed", "skipped", "unknown")
    told = ", ".join(f"{getattr(counts, name)} {name}" for name in names if getattr(counts, name))
    return f"{counts.runs}: {told}" if told else "0"


def _spent(bad: int, ratio: float) -> str:
    return f"{counted(bad, 'bad run')}, {ratio:.1%} of 28 days"


def _timeline(report: Report) -> Iterator[str]:
    yield "## Timeline"
    marks = report.timeline.runs[-_MOST_ROWS:]
    rows = (
        (utc(mark.started_at), code(mark.scenario), mark.outcome, code(mark.reason or ""), code(mark.run_id))
        for mark in marks
    )
    yield table(("Began", "Scenario", "Outcome", "Reason", "Run"), rows) if marks else "No run."
    if len(marks) < len(report.timeline.runs):
        yield f"The newest {len(marks)} of {len(report.timeline.runs)} runs; the JSON has them all."
    changes = [
        (code(each.from_status), code(each.to_status), "yes" if each.documented else "**no**", str(each.count))
        for each in report.timeline.transitions
    ]
    if changes:
        yield table(("From status", "To status", "Documented", "Times"), changes)
    if report.timeline.rate_limited:
        yield f"{counted(len(report.timeline.rate_limited), 'answer')} with 429 that nobody asked for."
    if report.timeline.headroom:
        lowest = min(report.timeline.headroom, key=lambda each: each.ratio)
        yield f"Lowest headroom: {lowest.remaining} of {lowest.limit} requests a minute, at {utc(lowest.at)}."


def _chain(report: Report) -> Iterator[str]:
    if report.chain:
        yield "## The conversation"
        rows = (
            (
                code(link.step),
                " or ".join(map(code, link.documented)),
                code(link.seen or ""),
                code(link.last_good or ""),
                link.outcome,
            )
            for link in report.chain
        )
        yield table(("Step", "Documented", "Seen", "Last good run", "Outcome"), rows)


def _exchanges(report: Report) -> Iterator[str]:
    for title, view in (("The failing exchange", report.failing), ("The last good one", report.last_good)):
        if view is not None:
            yield f"## {title}"
            where = f"Run {code(view.run_id)}, step {code(view.step)}, {utc(view.started_at)}."
            yield f"{where} Lines that differ begin with `!`."
            yield block(exchange_text(view))


def exchange_text(view: ExchangeView) -> str:
    """An exchange as plain lines, what differs marked in front."""
    parts = [view.facts, view.request, view.answer]
    texts = ["\n".join(map(_line, part)) for part in parts if part]
    return "\n\n".join([*texts, "(cut here)"] if view.answer_cut else texts)


def _line(line: Line) -> str:
    mark = "!" if line.differs else " "
    return f"{mark} {line.name}: {line.value}" if line.name else f"{mark} {line.value}"


def _support(report: Report) -> Iterator[str]:
    if report.ids:
        yield "## Ids for support"
        yield block(support_block(report.ids))
    if report.curl:
        yield "## The request again"
        yield block(report.curl, "sh")


def _advice(report: Report) -> Iterator[str]:
    if report.advice:
        yield "## What to do"
    for advice in report.advice:
        yield f"**{escaped(advice.heading)}**  \n{' '.join(advice.sentences)} *({advice.source})*"


def _alerts(report: Report) -> Iterator[str]:
    if report.alerts:
        yield "## Alerts"
        rows = ((code(each.name), code(each.status), utc(each.starts_at)) for each in report.alerts)
        yield table(("Alert", "Status", "Since"), rows)


def _list(title: str, sentences: Sequence[str], nothing: str) -> Iterator[str]:
    if sentences or nothing:
        yield f"## {title}"
        yield "\n".join(f"- {escaped(each)}" for each in sentences) or nothing
