"""A right server for each profile, as a command.

    python server.py PROFILE ADDRESS [key=value ...]

ADDRESS is ``tcp://HOST:PORT`` (port 0: any free one), ``tls://HOST:PORT`` with TLS_CERT and
TLS_KEY in the environment, ``udp://HOST:PORT`` for datagrams, or ``unix:PATH``; values hold C
escapes. Prints ``LISTENING address`` when clients can connect. SIGTERM ends it.
"""

import os
import sys
from importlib.machinery import ModuleSpec

if __name__ == "__main__":
    # Started as a file, with -I -S: Python knows the standard library only, and no package.
    # Four folders up is the one that the suite's package is in, whatever its name.
    _AT = os.path.abspath(__file__).split(os.sep)
    sys.path.insert(0, os.sep.join(_AT[:-4]))
    __spec__ = ModuleSpec(".".join([*_AT[-4:-1], "__main__"]), None)

from .command import main
from .services import SERVICES

if __name__ == "__main__":
    sys.exit(main(sys.argv[1:], SERVICES))
