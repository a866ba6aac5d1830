"""A right server for each profile, as a command.

    python server.py PROFILE ADDRESS [key=value ...]

ADDRESS is ``tcp://HOST:PORT`` (port 0: any free one), ``tls://HOST:PORT`` with TLS_CERT and
TLS_KEY in the environment, ``udp://HOST:PORT`` for datagrams, or ``unix:PATH``; values hold C
escapes. Prints ``LISTENING address`` when clients can connect. SIGTERM ends it.
"""

import os
import sys

# Four folders up: started with -I -S, Python knows the standard library only.
sys.path.insert(0, os.path.abspath(os.path.join(__file__, *[os.pardir] * 4)))

from conformance.reference.python.command import main
from conformance.reference.python.services import SERVICES

if __name__ == "__main__":
    sys.exit(main(sys.argv[1:], SERVICES))
