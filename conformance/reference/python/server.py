"""A correct server for each profile, as a command.

    python server.py PROFILE ADDRESS [key=value ...]

ADDRESS is ``tcp://HOST:PORT`` (port 0: any free one), ``tls://HOST:PORT`` with TLS_CERT and
TLS_KEY in the environment, ``udp://HOST:PORT`` for datagrams, or ``unix:PATH``; values may contain
C escapes. It prints ``LISTENING address`` when clients can connect. SIGTERM ends it.
"""

import os
import sys
from importlib.machinery import ModuleSpec

if __name__ == "__main__":
    # The file was started with -I -S, so Python finds only the standard library, and no package.
    # The folder that contains the suite's package, whatever its name, is four levels up.
    _AT = os.path.abspath(__file__).split(os.sep)
    sys.path.insert(0, os.sep.join(_AT[:-4]))
    __spec__ = ModuleSpec(".".join([*_AT[-4:-1], "__main__"]), None)

from .command import main
from .services import SERVICES

if __name__ == "__main__":
    sys.exit(main(sys.argv[1:], SERVICES))
