"""The built-in profiles.

One file per profile: its requirements, each on top of the scenario that judges it.
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

#: In the order of the report.
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

#: Every one of them by name, and every requirement by id.
PROFILES, REQUIREMENTS = BUILT_IN.profiles, BUILT_IN.requirements
