"""What every service has: its texts, and the kind of server that it needs."""

TYPE_CHECKING = False
if TYPE_CHECKING:  # typing itself would cost start-up time
    from .serving import Server


class Service:
    """A service; its subclasses say how it is given."""

    #: The texts of the service, with their defaults.
    defaults: "dict[str, bytes]" = {}

    #: The kind of server that this service needs; None is the ordinary one.
    server_class: "type[Server] | None" = None

    @classmethod
    def check(cls, settings: "dict[str, bytes]") -> None:
        """Raise ValueError for texts that the service cannot work with."""
