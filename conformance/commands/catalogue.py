"""The commands that show the requirements: ``list`` and ``explain``."""

from __future__ import annotations

from typing import Any

from ..core.output import say
from ..core.verdict import Exit
from ..loading import load
from ..plan import Options, listing, load_words
from .values import words


def list_(given: dict[str, Any]) -> Exit:
    """Run ``list``: show every requirement, or every mutant."""
    if given["--mutants"]:
        say(listing.listing_of_mutants(given["--profile"]))
        return Exit.CONFORMANT
    asked = Options(profile=given["--profile"], load=words(given["--load"]))
    options, catalogue = load(asked, every=not given["--profile"])
    say(listing.listing(catalogue, options.profile if given["--profile"] or asked.load else None))
    return Exit.CONFORMANT


def explain(given: dict[str, Any]) -> Exit:
    """Run ``explain``: show one requirement in full."""
    asked = Options(profile=given["--profile"], cases=(given["ID"],), load=words(given["--load"]))
    options, catalogue = load(asked)
    chosen = options.profile if given["--profile"] else None
    say(listing.explain(given["ID"], catalogue, load_words(options), chosen))
    return Exit.CONFORMANT
