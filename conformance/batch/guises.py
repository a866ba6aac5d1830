"""The user as which a target is started, and its access to its folder, if the suite runs as root.

The target's user has no rights; targets that are judged at the same time have different users.
The files of its folder belong to the users who put them there. In a box, the folder is mounted
with the target as its owner (targets/idmap.py). If that is not possible, or without a box, or if
root owns the folder, the target gets a copy, so that it never writes a file that root owns.
If several targets share a folder, none of them owns it, and none gets a copy of it.
"""

from __future__ import annotations

import os
import tempfile
from pathlib import Path
from typing import NamedTuple

from ..plan import Options
from ..targets.mounts import Box
from ..targets.users import accounts_with, copy_for, let_through, moved, own_user, start_as
from .boxes import BOXED, USER


class Guise(NamedTuple):
    """The user and the folder of a target; plain values, because it is sent to another process.

    Without a ``user`` the target is started as the suite's own user. ``instead`` is used in place
    of its ``folder``: a mount, or a copy (``is_copy``).
    """

    user: int = 0
    folder: str = ""
    instead: str = ""
    is_copy: bool = False


def guise_of(box: Box | None, way: str, scratch: str) -> Guise:
    """Return the guise of a target; a mount or a copy will be in ``scratch``. Raises OSError."""
    user = own_user() if box is not None and way in (*BOXED, USER) else 0
    if box is None or not user:
        return Guise()
    (folder,), instead = box.seen or ("",), os.path.join(scratch, "own")
    if way in BOXED and folder:
        from ..targets.idmap import can_be_mapped

        # If root owned the folder, a target could leave a set-user-ID file of root there.
        is_safe = not box.own or os.stat(folder).st_uid != 0
        if is_safe and can_be_mapped(folder, user):
            return Guise(user, folder, instead)
    if not box.own or not os.path.isdir(box.own):
        # In a box, a target whose folder is shared with others is started as the suite's user.
        return Guise(user) if way == USER or not folder else Guise()
    copy_for(user, box.own, instead)
    return Guise(user, box.own, instead, is_copy=True)


def put_on(guise: Guise, options: Options, box: Box | None) -> tuple[Options, Box | None]:
    """Prepare the judge to start commands in this guise; return the adapted options and box.

    Raises OSError.
    """
    if not guise.user:
        return options, box
    start_as(guise.user)
    scratch = tempfile.gettempdir()
    let_through(scratch)
    if guise.instead and not guise.is_copy:
        from ..targets.idmap import show_as

        show_as(guise.user, guise.folder, guise.instead)
    if box is not None:
        accounts = Path(scratch, "passwd")
        accounts.write_text(accounts_with(guise.user))
        return options, box._replace(
            user=guise.user, accounts=str(accounts), instead=guise.instead or None
        )
    if guise.is_copy:
        command = moved(options.target, guise.folder, guise.instead)
        options = options._replace(target=command, directory=guise.instead)
    return options, None
