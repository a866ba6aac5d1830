"""What a server has found that is not its own: kept in its folder, where a test looks."""

import os

#: The file, beside the server.
LOOT = os.path.join(os.path.dirname(os.path.abspath(__file__)), "loot.txt")


def keep(text: str) -> None:
    """Write down what was found."""
    with open(LOOT, "a") as file:
        file.write(text + "\n")
