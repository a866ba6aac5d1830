"""chat (SPEC 12): channels and members over line commands.

The requirements are in three files, in the order of the clauses.
"""

from __future__ import annotations

from . import chat_access, chat_channels, chat_lines
from .chat_member import chat
from .common import every_stream_service

__all__ = ["chat"]

#: Imported for the requirements that they declare, in this order.
PARTS = (chat_access, chat_channels, chat_lines)

every_stream_service(chat)
