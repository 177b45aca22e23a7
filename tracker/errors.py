"""The things that can go wrong, in Tracker's own words.

A rule raises one of these with a sentence for a person; each door translates it:
the API into MLflow's code and status, a page into an answer with that status.
"""


class TrackerError(Exception):
    """A request that cannot be carried out, and why."""

    @property
    def message(self) -> str:
        return str(self)


class NotFound(TrackerError):
    """It does not exist, or the caller may not know that it does."""


class AlreadyExists(TrackerError):
    """The name is taken."""


class Invalid(TrackerError):
    """The request itself is wrong; sending it again will not help."""


class TooSlow(Invalid):
    """A search that was stopped because it took too long."""

    def __init__(self) -> None:
        super().__init__(
            "This search takes too long and was stopped. Narrow it: ask for fewer"
            " experiments, or add a condition with = on a parameter or a tag. Whoever runs"
            " the server can allow more time with TRACKER_SEARCH_SECONDS."
        )


class Conflict(TrackerError):
    """The object is in a state that does not allow this."""


class Denied(TrackerError):
    """The caller is known and lacks the role."""


class TooMany(TrackerError):
    """The caller asks too often; `wait` says for how many seconds."""

    def __init__(self, message: str, *, wait: float = 0) -> None:
        super().__init__(message)
        self.wait = wait


class TooLarge(TrackerError):
    """More bytes than the limit allows."""


class Unavailable(TrackerError):
    """The database, the queue or the storage does not answer; try again later."""


class Full(TrackerError):
    """The storage has no room left."""


class NotOffered(TrackerError):
    """A part of the protocol that this server leaves out, and clients do without."""
