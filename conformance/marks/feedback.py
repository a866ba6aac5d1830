"""A student's page: the score, the broken requirements, transcripts, hints, and how to try again.

Text of a server stays text: everything is escaped. told.py decides what the student may know.
"""

from __future__ import annotations

import html

from ..reports.results import Results
from .score import Mark, Score, shown
from .told import Own, Told, told

_NOT_REACHED = "Repair first what keeps these from being judged."

_STYLE = """
:root { color-scheme: light dark; --paper: #fff; --ink: #1b1f24; --soft: #5b6470; --line: #d6dae0;
  --raised: #f5f6f8; --good: #1a7f37; --bad: #c4232f; }
@media (prefers-color-scheme: dark) { :root { --paper: #0f1318; --ink: #e6e9ed; --soft: #9aa4af;
  --line: #2c333b; --raised: #181e25; --good: #3fb950; --bad: #ff6b6b; } }
html { background: var(--paper); color: var(--ink); font: 16px/1.5 system-ui, sans-serif; }
body { max-width: 52rem; margin: 0 auto; padding: 1rem; overflow-wrap: anywhere; }
h1 { font-size: 1.4rem; } h2 { font-size: 1.1rem; margin-top: 2rem; } h3 { font-size: 1rem; }
.score { font-size: 1.6rem; font-weight: 600; }
.soft { color: var(--soft); }
section { border-top: 1px solid var(--line); }
pre { background: var(--raised); padding: .6rem .8rem; border-radius: .4rem; overflow-x: auto;
  white-space: pre-wrap; font-size: .86rem; }
.bad { color: var(--bad); } .good { color: var(--good); }
"""


def as_html(name: str, results: Results, score: Score) -> str:
    """Return the page as self-contained HTML."""
    what = told(results, score)
    first, *more = what.introduction
    parts = [
        f"<h1>{_text(name)}</h1>",
        f'<p class="score">{_text(first)}</p>',
        *(f"<p>{_text(line)}</p>" for line in more),
    ]
    broken, not_reached, met, unjudged = _sorted(score, what)
    if broken:
        parts.append(f"<h2>What is broken ({len(broken)})</h2>")
    for mark in broken:
        own = what.requirements[mark.id]
        parts.append(f'<section><h3 class="bad">{_text(own.requires or mark.id)}</h3>')
        parts.append(f'<p class="soft">{_text(_about(mark, own))}</p>')
        for one in own.broken:
            parts.append(f"<p>Over {_text(one.transport)}: {_text(one.summary)}</p>")
            if one.hint:
                parts.append(f"<p><strong>Hint:</strong> {_text(one.hint)}</p>")
            if one.details:
                parts.append(f"<pre>{_text(one.details)}</pre>")
        parts.append(f"<p>To try it:</p><pre>{_text(own.reproduce)}</pre></section>")
    if not_reached:
        parts.append(f"<h2>Not judged yet ({len(not_reached)})</h2>")
        parts.append(f"<p>{_NOT_REACHED}</p><ul>")
        parts += [
            f"<li>{_text(what.of(mark).requires or mark.id)} "
            f'<span class="soft">{_text(_about(mark, what.of(mark)))}; '
            f"{_text(what.of(mark).not_reached)}</span></li>"
            for mark in not_reached
        ]
        parts.append("</ul>")
    if unjudged:
        parts.append("<h2>What could not be judged, and costs nothing</h2><ul>")
        parts += [f"<li>{_text(line)}</li>" for line in unjudged]
        parts.append("</ul>")
    if met:
        parts.append(f'<h2 class="good">What is right ({len(met)})</h2><ul>')
        parts += [
            f"<li>{_text(what.requirements[mark.id].requires or mark.id)}"
            f' <span class="soft">{_text(mark.id)}</span></li>'
            for mark in met
        ]
        parts.append("</ul>")
    return (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{_text(name)}: {_text(first)}</title><style>{_STYLE}</style></head>\n<body>\n"
        + "\n".join(parts)
        + "\n</body></html>\n"
    )


def as_markdown(name: str, results: Results, score: Score) -> str:
    """Return the page as Markdown."""
    what = told(results, score)
    first, *more = what.introduction
    lines = [f"# {_inline(name)}", "", f"**{_inline(first)}**"]
    for line in more:
        lines += ["", _inline(line)]
    broken, not_reached, met, unjudged = _sorted(score, what)
    if broken:
        lines += ["", f"## What is broken ({len(broken)})"]
    for mark in broken:
        own = what.requirements[mark.id]
        lines += ["", f"### {_inline(own.requires or mark.id)}", "", _inline(_about(mark, own))]
        for one in own.broken:
            lines += ["", f"Over {one.transport}: {_inline(one.summary)}"]
            if one.hint:
                lines += ["", f"Hint: {_inline(one.hint)}"]
            if one.details:
                lines += ["", *_block(one.details)]
        lines += ["", "To try it:", "", *_block(own.reproduce)]
    if not_reached:
        lines += ["", f"## Not judged yet ({len(not_reached)})", "", _NOT_REACHED, ""]
        lines += [
            f"- {_inline(what.of(mark).requires or mark.id)} "
            f"({_inline(_about(mark, what.of(mark)))}; "
            f"{_inline(what.of(mark).not_reached)})"
            for mark in not_reached
        ]
    if unjudged:
        lines += ["", "## What could not be judged, and costs nothing", ""]
        lines += [f"- {_inline(line)}" for line in unjudged]
    if met:
        lines += ["", f"## What is right ({len(met)})", ""]
        lines += [
            f"- {_inline(what.requirements[mark.id].requires or mark.id)} ({mark.id})"
            for mark in met
        ]
    return "\n".join(lines) + "\n"


def _sorted(score: Score, what: Told) -> tuple[list[Mark], list[Mark], list[Mark], list[str]]:
    """Return the marks: broken ones (most points first), not reached, met; and the unjudged.

    The unjudged ones are texts with the reason.
    """
    open_ = [mark for mark in score.marks if not mark.hidden]
    broken = [mark for mark in open_ if what.of(mark).broken]
    not_reached = [mark for mark in open_ if what.of(mark).not_reached and mark not in broken]
    met = [mark for mark in open_ if mark.credit == 1 and mark not in (*broken, *not_reached)]
    unjudged = [
        f"{mark.id} over {where}: {why}" for mark in open_ for where, why in what.of(mark).unjudged
    ]
    lost = sorted(broken, key=lambda mark: (mark.score - mark.maximum, mark.id))
    return lost, not_reached, met, unjudged


def _about(mark: Mark, own: Own) -> str:
    points = f"{shown(mark.score)} of {shown(mark.maximum)} points"
    return f"{mark.id}, {own.clause}: {points if mark.maximum else 'does not count'}"


def _text(text: str) -> str:
    return html.escape(_printable(text))


def _inline(text: str) -> str:
    """Return a text with all Markdown and HTML syntax escaped."""
    plain = _printable(" ".join(text.split()))
    return "".join(f"\\{one}" if one in "\\`*_[]<>#|&!~" else one for one in plain)


def _block(text: str) -> list[str]:
    fence = "```"
    while fence in text:
        fence += "`"
    return [f"{fence}text", _printable(text), fence]


def _printable(text: str) -> str:
    return "".join(one if one in "\n\t" or one.isprintable() else ascii(one)[1:-1] for one in text)
