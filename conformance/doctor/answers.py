"""Recognise servers that answer their input: echo, reset, quit, hello, crud, chat. No I/O."""

from __future__ import annotations

from .findings import Conclusion, without_greeting
from .seen import REST, Seen
from .talk import ENDED, FLOODED, RESET, Turn
from .templates import is_echo, repeated, template_of, upper_token
from .texts import literal


def answers(seen: Seen, found: Conclusion, greeting: str) -> Conclusion:
    """Return the conclusion for a server that answers lines.

    Arguments:
        found: the conclusion so far, with the greeting among its settings.
        greeting: the value of the greeting; empty if there is none.
    """
    turns = [one for one in seen.answered if one.sent and one.sent.endswith(b"\n")]
    shown = turns[0] if turns else seen.answered[0]
    if shown.end == FLOODED:
        found.add("answer", "without end", shown)
        return found.no("echo", f"the answer has no end: {shown}")
    if (seen.store and _is_store(seen.store)) or (seen.chat and _is_chat(seen.chat)):
        return _dialogue(seen, found, greeting)
    template, eol = _template(turns)
    if template is None:
        for turn in turns[:2]:
            found.add("answer", "?", turn)
        other = next((turn for turn in turns if turn.answer != turn.sent), shown)
        return found.no("echo", f"the answer is made of the line in some other way: {other}")
    constant = b"{" not in template
    reply = repeated([turn.answer for turn in turns]) if constant else None
    if reply is not None and not greeting:
        found.add("reply", literal(reply), f"{turns[0]}; {turns[-1]}")
        found.settings["reply"] = literal(reply)
        _rounds(seen, found, turns)
        if eol:
            found.settings["eol"] = eol
            found.add("eol", eol, turns[0])
        _leave(seen, found)
        return _ended_well("hello", seen, found)
    token = upper_token(template)
    if token is not None and (token or greeting):
        found.add("answer", "upper case", shown)
        found.add("token", literal(token) or "none", shown)
        found.settings["token"] = literal(token)
        if not greeting:
            found.settings["greeting"] = ""
        _rounds(seen, found, turns)
        _leave(seen, found)
        if "rounds" in found.settings:
            return found.no("quit", f"it ends the connection before the client does: {shown}")
        return _ended_well("quit", seen, found)
    return _echoes(seen, found, template, eol, turns)


def _echoes(
    seen: Seen, found: Conclusion, template: bytes, eol: str, turns: list[Turn]
) -> Conclusion:
    shown = turns[0]
    found.add("answer", "the line itself" if is_echo(template) else literal(template), shown)
    if not is_echo(template):
        found.settings["answer"] = literal(template)
    if eol:
        found.settings["eol"] = eol
        found.add("eol", eol, shown)
    rest = next((one for one in [*seen.lines, *seen.single] if one.sent == REST), None)
    if rest is not None and is_echo(template):
        waits = not rest.answer
        found.add("unit", "line" if waits else "byte", rest)
        if waits:
            found.settings["unit"] = "line"
    _rounds(seen, found, turns)
    command = seen.command[-1] if seen.command else None
    if command is not None and command.end == RESET and "rounds" not in found.settings:
        found.add("command", "RST", command)
        bare = not found.settings.keys() - {"clients", "unit"}
        if is_echo(template) and bare:
            found.settings.pop("unit", None)
            if command.sent != b"RESET\n":
                found.settings["command"] = literal((command.sent or b"").rstrip(b"\n"))
            return _ended_well("reset", seen, found)
        found.remarks.append(
            "it resets on the command, but is not a reset service: it sends more than that"
        )
    elif command is not None and is_echo(template):
        found.add("command", command.end or "none", command)
        if command.end:
            found.remarks.append(
                "on RESET it ends by FIN; a reset over a Unix socket looks like that too"
            )
    _leave(seen, found)
    if upper_token(template) == b"":
        found.remarks.append("quit fits too: --profile=quit --set='greeting=;token='")
    return _ended_well("echo", seen, found)


def _template(turns: list[Turn]) -> tuple[bytes | None, str]:
    """Return the template of the answers, and the line end if it must be CR LF."""
    samples = [(turn.sent or b"", turn.answer) for turn in turns]
    plain = [one for one in samples if not one[0].endswith(b"\r\n")]
    crlf = [one for one in samples if one[0].endswith(b"\r\n")]
    if crlf and not plain:
        return template_of(crlf), "\\r\\n"
    template = template_of(samples) or template_of(plain)
    if template == b"{line}\r\n" and all(sent == answer for sent, answer in crlf) and crlf:
        return b"{data}", "\\r\\n"
    return template, ""


def _rounds(seen: Seen, found: Conclusion, turns: list[Turn]) -> None:
    first = turns[0]
    others = [turn for turn in seen.single if turn.sent and turn.sent.endswith(b"\n")]
    if first.end == ENDED and all(turn.end == ENDED for turn in others):
        found.settings["rounds"] = "1"
        found.add("rounds", "1", first)
    elif len(turns) > 1 and not first.end:
        found.add("rounds", "many", turns[1])


def _leave(seen: Seen, found: Conclusion) -> None:
    if "rounds" in found.settings:
        return
    ended = [turn for turn in seen.words if turn.end and turn.sent]
    if not ended:
        if seen.words:
            tried = ", ".join((turn.sent or b"").decode().strip() for turn in seen.words)
            found.add("leave", "none", f"sent {tried}, each as a line  no FIN")
        return
    turn = ended[0]
    word = literal((turn.sent or b"").rstrip(b"\r\n"))
    found.add("leave", word, turn)
    if turn.end == ENDED:
        found.settings["leave"] = word
    else:
        found.remarks.append(f"on {word} it ends by {turn.end} and not by FIN")
    if seen.fatal:
        found.remarks.append(f"on {word} the whole server ends, for all its clients")


def _ended_well(profile: str, seen: Seen, found: Conclusion) -> Conclusion:
    """Return the profile, with the server's answer to the client's FIN."""
    found.profile = profile
    over = next((turn for turn in [*seen.finish, *seen.lines] if turn.sent is None), None)
    if "rounds" not in found.settings and over is not None:
        found.add("end", over.end or "none", over)
        if over.end != ENDED:
            found.remarks.append("the client's FIN is not answered by FIN; the suite will say so")
    return found


def _is_store(turns: list[Turn]) -> bool:
    answers = [turn.answer.rstrip(b"\r\n") for turn in turns]
    return answers[:2] == [b"OK", b"OK one"]


def _is_chat(turns: list[Turn]) -> bool:
    return turns[0].answer.rstrip(b"\r\n") == b"OK"


def _dialogue(seen: Seen, found: Conclusion, greeting: str) -> Conclusion:
    """Return the conclusion for crud or chat with their usual words."""
    turns, profile = (seen.store, "crud") if _is_store(seen.store) else (seen.chat, "chat")
    for turn in turns:
        found.add("answer", "as in " + profile, turn)
    if profile == "chat":
        found.settings.pop("clients", None)
    if turns[0].answer.endswith(b"\r\n"):
        found.settings["eol"] = "\\r\\n"
        found.add("eol", "\\r\\n", turns[0])
    return without_greeting(profile, seen, found, greeting)
