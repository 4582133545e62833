"""The one exception that becomes an HTTP error of the engine."""


class Refused(Exception):
    """A request that gets `status` and {"error": message} instead of a reply."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status
        self.message = message
