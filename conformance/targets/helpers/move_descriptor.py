"""Start a command with a descriptor under another number: podman passes on descriptors from 3 on.

This is a separate program (python move_descriptor.py FROM TO COMMAND...).
"""

import os
import sys


def main(old: int, new: int, command: list[str]) -> None:
    """Replace this process by the command."""
    if old == new:
        os.set_inheritable(new, True)
    else:
        os.dup2(old, new)
        os.close(old)
    os.execvp(command[0], command)


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]), sys.argv[3:])
