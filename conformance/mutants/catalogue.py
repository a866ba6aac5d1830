"""The table of all mutants."""

from . import chat, client_echo, crud, discard, echo, greet, half_open, hello, quit, reset, udp_echo
from .form import Mutant

#: PROFILE/NAME -> mutant, in the order of the families.
MUTANTS: "dict[str, Mutant]" = {
    **echo.MUTANTS,
    **greet.MUTANTS,
    **quit.MUTANTS,
    **half_open.MUTANTS,
    **reset.MUTANTS,
    **hello.MUTANTS,
    **discard.MUTANTS,
    **udp_echo.MUTANTS,
    **chat.MUTANTS,
    **crud.MUTANTS,
    **client_echo.MUTANTS,
}
