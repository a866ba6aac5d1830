"""What a server has found that is not its own: kept in its folder, where a test looks.

A server that was given a copy of its folder is told another place by a file in it.
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
    """Write down what was found."""
    with open(_place(), "a") as file:
        file.write(text + "\n")
