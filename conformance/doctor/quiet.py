"""Recognise servers that answer nothing before an end: greet, discard, half-open. No I/O."""

from __future__ import annotations

from .findings import Conclusion, note_clients, said_at_start, without_greeting
from .seen import Seen
from .talk import ENDED, RESET, quoted
from .templates import count_template, is_echo, template_of
from .texts import literal, value_of


def ends_by_itself(seen: Seen, found: Conclusion) -> Conclusion:
    """Return the conclusion for greet, whose greeting may be followed by a farewell."""
    listened = seen.listened
    if not listened.answer:
        found.add("greeting", "none", listened)
        return found.no("greet", f"it ends the connection at once: {listened}")
    # Two texts are recognised by a pause between them.
    at = [when for when, _ in listened.pieces]
    gap = next((n for n in range(1, len(at)) if at[n] - at[n - 1] > 0.08), len(at))
    first = b"".join(data for _, data in listened.pieces[:gap])
    last = b"".join(data for _, data in listened.pieces[gap:])
    samples = [one[: len(one) - len(last)] if one.endswith(last) else one for one in seen.greetings]
    samples = [first, *(one for one in samples if one)]
    if said_at_start(found, "greeting", samples) is None:
        return found.no("greet", "what it sends differs too much to be a pattern")
    found.settings["farewell"] = literal(last)
    if last:
        value = value_of([last])
        assert value is not None
        found.settings["farewell"] = value
        found.add(
            "farewell",
            value,
            f"{at[gap]:.1f} s later  answered {quoted(last)}, then {listened.end}",
        )
    else:
        found.add("farewell", "none", listened)
    note_clients(seen, found)
    if listened.end == RESET:
        return found.no("greet", f"it ends by RST and not by FIN: {listened}")
    found.profile = "greet"
    return found


def silent(seen: Seen, found: Conclusion, greeting: str) -> Conclusion:
    """Return the conclusion for discard or half-open, which answer nothing before FIN."""
    ignored = next((turn for turn in [*seen.lines, *seen.finish] if turn.is_ignored), None)
    if ignored:
        found.add("answer", "none", ignored)
    ends = [turns[-1] for turns in (seen.finish, seen.shorter, seen.empty) if turns]
    over = next((turn for turn in ends if turn.sent is None and turn.before), None)
    if over is None or not (over.answer or over.end):
        shown = over or (ends[0] if ends else None)
        found.add("end", "none", shown or "no further connection was accepted")
        if greeting:
            return found.no("greet", "it greets, and then neither answers nor ends the connection")
        return found.no("discard", f"the client's FIN is not answered by FIN: {shown}")
    if not over.answer:
        found.add("end", over.end, over)
        if over.end == RESET:
            return found.no("discard", f"it ends by RST and not by FIN: {over}")
        return without_greeting("discard", seen, found, greeting)
    samples = [(turn.before, turn.answer) for turn in ends if turn.before]
    samples += [(b"", turn.answer) for turn in seen.empty if turn.sent is None]
    reply = count_template(samples)
    if reply is None:
        found.add("reply", "?", over)
        template = template_of([one for one in samples if one[0]])
        if template is not None and b"{" in template:
            if not is_echo(template):
                found.settings["answer"] = literal(template)
            return found.no("echo", f"it answers only after FIN: {over}")
        return found.no("half-open", f"the reply after FIN does not count what was sent: {over}")
    found.add("reply", literal(reply), f"{over}; {ends[-1]}")
    found.settings["reply"] = literal(reply)
    if over.end != ENDED:
        return found.no("half-open", f"after the reply no FIN comes: {over}")
    return without_greeting("half-open", seen, found, greeting)
