"""Mutants: a service with one fault, the requirement that it breaks, and a sentence about it."""

from collections import namedtuple

#: ``breaks`` is the id of the requirement that kills the mutant; ``service`` is the broken service.
Mutant = namedtuple("Mutant", "breaks text service")


class Family:
    """Collects the mutants of one profile.

    Arguments:
        profile: the profile's name.
    """

    def __init__(self, profile: str) -> None:
        self.profile = profile
        self.mutants: dict[str, Mutant] = {}

    def fault(self, name: str, breaks: str):  # type: ignore[no-untyped-def]
        """Declare a mutant; decorates the broken service, whose docstring tells the fault."""

        def declare(service):  # type: ignore[no-untyped-def]
            identity = f"{self.profile}/{name}"
            assert identity not in self.mutants, identity
            text = (service.__doc__ or "").splitlines()[0]
            self.mutants[identity] = Mutant(f"{self.profile}/{breaks}", text, service)
            return service

        return declare
