"""Completion scripts for bash, zsh and fish, made from the options of a USAGE. Pure.

``pync --completion SHELL`` prints pync's; the packages install the same texts.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Mapping

from ..core.errors import UsageError
from ..core.typed import NamedTuple

#: The limit of letters of a description.
_ROOM = 60

#: A word that is not an option -> its description.
Words = Mapping[str, str]


class Offer(NamedTuple):
    """One option: ``-o --output=FILE  Write ...``; ``choices`` are all its values."""

    short: str
    long: str
    value: str
    meaning: str
    choices: tuple[str, ...] = ()

    @property
    def spellings(self) -> list[str]:
        """``-o`` and ``--output``."""
        return [f"-{self.short}"] * bool(self.short) + [f"--{self.long}"] * bool(self.long)


class Program(NamedTuple):
    """The program whose command line is completed.

    Arguments:
        first: words that may come first, and their descriptions.
        repeated: long names of options that may be given more than once.
        targets: words that may be anywhere; without them, hosts, and paths after -U.
    """

    name: str
    offers: list[Offer]
    first: Words
    repeated: Collection[str] = ()
    targets: tuple[str, ...] = ()

    @property
    def function(self) -> str:
        """The name of the shell's function."""
        return f"_{self.name.replace('-', '_')}"


def offers_in(usage: str, choices: Mapping[str, Collection[str]]) -> list[Offer]:
    """Return the options that the lines of a USAGE describe; ``choices`` by long name."""
    described = re.findall(
        r"^ {2,5}(?:-(\w)(?: |(?=  )))?(?:--([a-z0-9-]+)(?:=(\S+))?)?  +(\S.*(?:\n {12,}.*)*)",
        usage,
        re.MULTILINE,
    )
    return [
        Offer(short, long, value, _briefly(meaning), tuple(choices.get(long, ())))
        for short, long, value, meaning in described
        if short or long
    ]


def _briefly(meaning: str) -> str:
    """Return the first sentence, shortened for a list of choices."""
    sentence = re.split(r"[.;](?: |$)| \(", " ".join(meaning.split()))[0]
    if len(sentence) <= _ROOM:
        return sentence
    return sentence[:_ROOM].rpartition(" ")[0].rstrip(",") + " ..."


def script(shell: str, program: Program) -> str:
    """Return the script for a shell. Raises UsageError for an unknown one."""
    if shell not in SHELLS:
        raise UsageError(f"--completion: {shell!r} is not a known shell ({', '.join(SHELLS)})")
    return SHELLS[shell](program)


def _bash(program: Program) -> str:
    kinds = {"FILE": "-f", "DIR": "-d", "COMMAND": "-c", "ADDRESS": "-A hostname"}
    offer = f"_{program.function}_offer"
    answers: dict[str, list[str]] = {}
    for one in program.offers:
        if one.value:
            kind = f"-W {_lines(one.choices)}" if one.choices else kinds.get(one.value, "")
            answer = f"{offer} {kind}; return" if kind else "return"
            answers.setdefault(answer, []).extend(one.spellings)
    first = list(program.first)
    assigned: dict[str, list[str]] = {}
    for word in program.first:
        option, equals, value = word.partition("=")  # --as=nc
        if equals:
            first.remove(word)
            assigned.setdefault(option, []).append(value)
    for option, values in assigned.items():
        answers[f"{offer} -W {_lines(values)}; return"] = [option]
    cases = [f"        {'|'.join(words)}) {answer} ;;\n" for answer, words in answers.items()]
    spellings = [
        f"{word}=" if one.value and word.startswith("--") else word
        for one in program.offers
        for word in one.spellings
    ]
    others = f"{offer} -A hostname"
    if program.targets:
        others = f"{offer} -W {_lines(program.targets)}; {offer} -f"
    return f"""\
# bash completion for {program.name}
{offer}() {{
    COMPREPLY+=($(compgen "$@" -- "$cur"))
    if [[ $1 == -[fd] ]]; then compopt -o filenames; fi
}}

{program.function}() {{
    local cur=${{COMP_WORDS[COMP_CWORD]}} option=${{COMP_WORDS[COMP_CWORD - 1]}} IFS=$'\\n'
    # readline takes "--option=value" for three words.
    if [[ $cur == = ]]; then
        cur=
    elif [[ $option == = ]]; then
        option=${{COMP_WORDS[COMP_CWORD - 2]}}
    fi
    COMPREPLY=()
    case $option in
{"".join(cases)}    esac
    if [[ $cur == -* ]]; then
        {offer} -W {_lines(spellings)}
        if ((COMP_CWORD == 1)); then {offer} -W {_lines([f"{one}=" for one in assigned])}; fi
        if [[ ${{COMPREPLY[0]}} == *= ]]; then compopt -o nospace; fi
        return
    fi
    if ((COMP_CWORD == 1)); then {offer} -W {_lines(first)}; fi
    if [[ "${{COMP_WORDS[*]}}" =~ $'\\n'(-[a-zA-Z]*U|--unixsock) ]]; then {offer} -f; fi
    {others}
}}

complete -F {program.function} {program.name}
"""


def _lines(words: Collection[str]) -> str:
    """Return words that need no quotes, one a line, as one word of bash."""
    return "$'" + "\\n".join(words) + "'"


def _zsh(program: Program) -> str:
    kinds = {
        "FILE": "_files",
        "DIR": "_files -/",
        "COMMAND": "_cmdstring",
        "ADDRESS": "_hosts",
    }
    arguments = []
    for one in program.offers:
        meaning = re.sub(r"([\[\]:])", r"\\\1", one.meaning)
        value = ""
        if one.value:
            action = f"({' '.join(one.choices)})" if one.choices else kinds.get(one.value, "")
            value = f":{one.value.replace(':', chr(92) + ':')}:{action}"
        repeats = one.long in program.repeated
        spellings = [
            word + (("=" if word.startswith("--") else "+") if one.value else "")
            for word in one.spellings
        ]
        before = "*" if repeats else f"({' '.join(one.spellings)})"
        if len(spellings) == 1:
            before = "*" if repeats else ""
            arguments.append(_quoted(f"{before}{spellings[0]}[{meaning}]{value}"))
        else:
            both = "{" + ",".join(spellings) + "}"
            arguments.append(f"{_quoted(before)}{both}{_quoted(f'[{meaning}]{value}')}")
    first = [_quoted(f"{word}:{meaning}") for word, meaning in program.first.items()]
    function = f"_{program.name}"  # the name of the file from which compinit loads it
    others = "_hosts"
    if program.targets:
        others = f"compadd - {' '.join(program.targets)}; _files"
    return f"""\
#compdef {program.name}
{function}_first() {{
    local -a first
    first=({" ".join(first)})
    _describe -t commands command first
    {function}_others
}}

{function}_others() {{
    if [[ ${{words[(I)-[a-zA-Z]#U|--unixsock]}} -gt 0 ]]; then
        _files
    else
        {others}
    fi
}}

{function}() {{
    setopt local_options extended_glob
    _arguments -s -S \\
        {(" " + chr(92) + chr(10) + "        ").join(arguments)} \\
        '1: :{function}_first' '*: :{function}_others'
}}

# Loaded by compinit, or sourced.
if [[ ${{funcstack[1]}} == {function} ]]; then
    {function} "$@"
else
    compdef {function} {program.name}
fi
"""


def _fish(program: Program) -> str:
    kinds = {
        "FILE": "-r -F",
        "DIR": "-x -a '(__fish_complete_directories)'",
        "COMMAND": "-x -a '(__fish_complete_command)'",
        "ADDRESS": "-x -a '(__fish_print_hostnames)'",
    }
    start = f"complete -c {program.name}"
    lines = [f"# fish completion for {program.name}", f"{start} -f"]
    for word, meaning in program.first.items():
        lines.append(f"{start} -n __fish_is_first_token -a {word} -d {_quoted(meaning)}")
    if program.targets:
        lines.append(f"{start} -F -a {_quoted(' '.join(program.targets))}")
    else:
        lines.append(f"{start} -a '(__fish_print_hostnames)'")
        lines.append(f"{start} -n '__fish_contains_opt -s U unixsock' -F")
    for one in program.offers:
        words = [start]
        words += [f"-s {one.short}"] if one.short else []
        words += [f"-l {one.long}"] if one.long else []
        if one.choices:
            words.append(f"-x -a {_quoted(' '.join(one.choices))}")
        elif one.value:
            words.append(kinds.get(one.value, "-x"))
        lines.append(" ".join([*words, f"-d {_quoted(one.meaning)}"]))
    return "\n".join(lines) + "\n"


def _quoted(text: str) -> str:
    """Return a word in single quotes; a quote in it in a form that zsh and fish accept."""
    return "'" + text.replace("'", "'\\''") + "'"


SHELLS: dict[str, Callable[[Program], str]] = {"bash": _bash, "zsh": _zsh, "fish": _fish}
