"""The base of every service: its texts, and the kind of server that it needs."""

TYPE_CHECKING = False
if TYPE_CHECKING:  # importing typing would slow down the start
    from .serving import Server


class Service:
    """A service; its subclasses define how it is provided."""

    #: The texts of the service, with their defaults.
    defaults: "dict[str, bytes]" = {}

    #: The kind of server that this service needs; None is the default one.
    server_class: "type[Server] | None" = None

    @classmethod
    def check(cls, settings: "dict[str, bytes]") -> None:
        """Raise ValueError for texts that the service cannot use."""
