"""Keeps foreign data that a server has found in the server's folder, where a test looks for it.

If a server has a copy of its folder, a file in it names another place.
"""

import os

#: The server's folder, and the file in it that names another place.
HERE = os.path.dirname(os.path.abspath(__file__))
ELSEWHERE = os.path.join(HERE, "loot.elsewhere")


def _place() -> str:
    if os.path.exists(ELSEWHERE):
        with open(ELSEWHERE) as file:
            return file.read()
    return os.path.join(HERE, "loot.txt")


def keep(text: str) -> None:
    """Store the data that was found."""
    with open(_place(), "a") as file:
        file.write(text + "\n")
