"""As whom a target is started, and how it comes to its folder, where the suite is root.

Its user outside is one without rights, a different one for each that is judged at the same time.
The files of its folder belong to those who put them there. In a box the folder is shown to the
target as its own (targets/idmap.py); where that cannot be done, and without a box, it gets a copy,
as it does where the folder is root's: nothing that it writes is ever root's.
No target owns a folder that several targets share, and none gets a copy of it.
"""

from __future__ import annotations

import os
import tempfile
from pathlib import Path
from typing import NamedTuple

from ..plan import Options
from ..targets.mounts import Box
from ..targets.users import accounts_with, copy_for, let_through, moved, own_user, start_as
from .boxes import BUBBLEWRAP, USER


class Guise(NamedTuple):
    """Plain values, for it travels.

    Without a ``user`` the target is started as the suite's own. ``instead`` is what stands in the
    place of its ``folder``: what is mounted there, or a copy (``is_copy``).
    """

    user: int = 0
    folder: str = ""
    instead: str = ""
    is_copy: bool = False


def guise_of(box: Box | None, way: str, scratch: str) -> Guise:
    """Return the guise of a target whose files can be in this folder. Raises OSError."""
    user = own_user() if box is not None and way in (BUBBLEWRAP, USER) else 0
    if box is None or not user:
        return Guise()
    (folder,), instead = box.seen or ("",), os.path.join(scratch, "own")
    if way == BUBBLEWRAP and folder:
        from ..targets.idmap import can_be_mapped

        # A file of root's that a target could make one of set-user-ID would outlive its judge.
        is_safe = not box.own or os.stat(folder).st_uid != 0
        if is_safe and can_be_mapped(folder, user):
            return Guise(user, folder, instead)
    if not box.own or not os.path.isdir(box.own):
        # A box without the user's own folder is as strong as it was before there were users.
        return Guise(user) if way == USER or not folder else Guise()
    copy_for(user, box.own, instead)
    return Guise(user, box.own, instead, is_copy=True)


def put_on(guise: Guise, options: Options, box: Box | None) -> tuple[Options, Box | None]:
    """In the judge: be ready to start commands so; what they are asked to be, as seen from there.

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
