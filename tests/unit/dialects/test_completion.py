"""Completion scripts: options, values, descriptions. tests/e2e runs them in real shells."""

from __future__ import annotations

import pytest

from pync.core.errors import UsageError
from pync.dialects.completion import SHELLS, Offer, Program, offers_in, script

USAGE = """\
Usage:
  x [options]

Options:
  -o --output=FILE     Write it to FILE (it's
                       replaced); more.
     --mode=MODE       How: fast [or] slow.
  -v --verbose         Say more. A second sentence.
  -x                   Stop at the first failure.
"""
OFFERS = offers_in(USAGE, {"mode": ("fast", "slow")})
PROGRAM = Program("x-y", OFFERS, {"run": "do it"}, ("verbose",))


def test_offers_in_the_usage() -> None:
    assert [
        Offer("o", "output", "FILE", "Write it to FILE"),
        Offer("", "mode", "MODE", "How: fast [or] slow", ("fast", "slow")),
        Offer("v", "verbose", "", "Say more"),
        Offer("x", "", "", "Stop at the first failure"),
    ] == OFFERS


def test_long_description_is_cut_between_words() -> None:
    [offer] = offers_in(f"  -a --all   {'word ' * 30}\n", {})
    assert offer.meaning.endswith(" word ...")
    assert len(offer.meaning) <= 64


def test_bash() -> None:
    text = script("bash", PROGRAM)
    assert "-o|--output) __x_y_offer -f; return ;;" in text
    assert r"--mode) __x_y_offer -W $'fast\nslow'; return ;;" in text
    assert r"$'-o\n--output=\n--mode=\n-v\n--verbose\n-x'" in text
    assert text.endswith("complete -F _x_y x-y\n")


def test_zsh() -> None:
    text = script("zsh", PROGRAM)
    assert text.startswith("#compdef x-y\n")
    assert "'(-o --output)'{-o+,--output=}'[Write it to FILE]:FILE:_files'" in text
    assert r"'--mode=[How\: fast \[or\] slow]:MODE:(fast slow)'" in text
    assert "'*'{-v,--verbose}'[Say more]'" in text
    assert "'-x[Stop at the first failure]'" in text


def test_fish() -> None:
    lines = script("fish", PROGRAM).splitlines()
    assert "complete -c x-y -s o -l output -r -F -d 'Write it to FILE'" in lines
    assert "complete -c x-y -l mode -x -a 'fast slow' -d 'How: fast [or] slow'" in lines
    assert "complete -c x-y -n __fish_is_first_token -a run -d 'do it'" in lines


@pytest.mark.parametrize("shell", SHELLS)
def test_targets_other_than_hosts(shell: str) -> None:
    assert "ref:python" in script(shell, PROGRAM._replace(targets=("ref:python",)))
    assert "ref:python" not in script(shell, PROGRAM)


def test_unknown_shell() -> None:
    with pytest.raises(UsageError, match=r"'ksh' is not a known shell \(bash, zsh, fish\)"):
        script("ksh", PROGRAM)
