"""The table of all mutants."""

from . import chat, client_echo, crud, discard, echo, greet, half_open, hello, reset, udp_echo
from . import quit as quit_
from .declare import Mutant

#: PROFILE/NAME -> mutant, in the order of the families.
MUTANTS: "dict[str, Mutant]" = {
    **echo.MUTANTS,
    **greet.MUTANTS,
    **quit_.MUTANTS,
    **half_open.MUTANTS,
    **reset.MUTANTS,
    **hello.MUTANTS,
    **discard.MUTANTS,
    **udp_echo.MUTANTS,
    **chat.MUTANTS,
    **crud.MUTANTS,
    **client_echo.MUTANTS,
}
