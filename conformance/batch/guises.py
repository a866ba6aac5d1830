"""As whom a target is started, and how it comes to its folder, where the suite is root.

Its user outside is one without rights, a different one for each that is judged at the same time.
The files of its folder belong to those who put them there. In a box the folder is shown to the
target as its own (targets/idmap.py); where that cannot be done, and without a box, it gets a copy.
A folder that several targets share is nobody's own, and is not copied for each.
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

    Without a ``user`` the target is started as the suite's own. ``shown`` is the folder that is
    shown as the target's own, or ``copied`` one of which ``copy`` is a copy.
    """

    user: int = 0
    shown: str = ""
    copied: str = ""
    copy: str = ""


def guise_of(box: Box | None, way: str, scratch: str) -> Guise:
    """The guise of a target whose files can be in this folder. Raises OSError."""
    user = own_user() if box is not None and way in (BUBBLEWRAP, USER) else 0
    if box is None or not user:
        return Guise()
    (folder,) = box.seen or ("",)
    if way == BUBBLEWRAP and folder:
        from ..targets.idmap import can_be_mapped

        if can_be_mapped(folder, user):
            return Guise(user, shown=folder)
    if not box.own or not os.path.isdir(box.own):
        # A box without the user's own folder is as strong as it was before there were users.
        return Guise(user) if way == USER or not folder else Guise()
    copy = os.path.join(scratch, "own")
    copy_for(user, box.own, copy)
    return Guise(user, copied=box.own, copy=copy)


def put_on(guise: Guise, options: Options, box: Box | None) -> tuple[Options, Box | None]:
    """In the judge: be ready to start commands so; what they are asked to be, as seen from there.

    Raises OSError.
    """
    if not guise.user:
        return options, box
    start_as(guise.user)
    scratch = tempfile.gettempdir()
    let_through(scratch)
    if guise.shown:
        from ..targets.idmap import map_owner

        map_owner(guise.shown, guise.user)
    if box is not None:
        accounts = Path(scratch, "passwd")
        accounts.write_text(accounts_with(guise.user))
        return options, box._replace(
            user=guise.user, accounts=str(accounts), copy=guise.copy or None
        )
    if guise.copy:
        command = moved(options.target, guise.copied, guise.copy)
        options = options._replace(target=command, directory=guise.copy)
    return options, None
