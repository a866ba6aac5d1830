"""The built-in profiles.

There is one file per profile, with its requirements, each above the scenario that judges it.
"""

from __future__ import annotations

from ..scenario.catalogue import Catalogue
from .chat import chat
from .client_echo import client_echo
from .crud import crud
from .discard import discard
from .echo import echo
from .greet import greet
from .half_open import half_open
from .hello import hello
from .quit import quit_
from .reset import reset
from .udp_echo import udp_echo

#: The catalogue, in the order of the report.
BUILT_IN = Catalogue(
    (
        echo,
        greet,
        quit_,
        half_open,
        reset,
        hello,
        discard,
        udp_echo,
        chat,
        crud,
        client_echo,
    )
)

#: All built-in profiles by name, and all their requirements by id.
PROFILES, REQUIREMENTS = BUILT_IN.profiles, BUILT_IN.requirements
