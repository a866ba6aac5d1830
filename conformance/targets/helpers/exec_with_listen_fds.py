"""Start a server that inherits its listening socket, as systemd does (sd_listen_fds(3)).

This is a separate program (python exec_with_listen_fds.py DESCRIPTOR COMMAND...): the socket
becomes descriptor 3, LISTEN_FDS is 1 and LISTEN_PID is this process, which then executes the
command.
"""

import os
import sys


def main(descriptor: int, command: list[str]) -> None:
    """Replace this process by the command."""
    if descriptor == 3:
        os.set_inheritable(3, True)
    else:
        os.dup2(descriptor, 3)
        os.close(descriptor)
    os.environ.update(LISTEN_FDS="1", LISTEN_PID=str(os.getpid()))
    try:
        os.execvp(command[0], command)
    except OSError as error:
        print(f"cannot start {command[0]!r}: {os.strerror(error.errno or 0).lower()}", flush=True)
        raise


if __name__ == "__main__":
    main(int(sys.argv[1]), sys.argv[2:])
