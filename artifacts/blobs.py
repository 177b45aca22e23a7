"""What a place for bytes does, a folder (artifacts/disk.py) or a bucket (artifacts/bucket.py).

A blob appears whole or not at all, is on stable storage once `keep` has returned, and
never changes. No place holds more of a file in memory than one piece, or one part of an
upload to S3.
"""

from collections.abc import Iterator
from datetime import datetime
from types import TracebackType
from typing import IO, NamedTuple, Protocol, Self

PIECE_BYTES = 256 * 1024


class Missing(Exception):
    """The storage holds no blob of this name."""


class Stored(NamedTuple):
    """A blob as a walk through the storage meets it."""

    blob: str
    size_bytes: int
    modified_at: datetime


class Draft(Protocol):
    """Bytes that nobody sees yet. Leaving the `with` block discards what was not kept."""

    def __enter__(self) -> Self: ...

    def __exit__(
        self,
        kind: type[BaseException] | None,
        problem: BaseException | None,
        trace: TracebackType | None,
    ) -> None: ...

    def write(self, piece: bytes) -> None: ...

    def keep(self) -> None:
        """Make it a blob, on stable storage."""
        ...


class Opened(Protocol):
    """A range of a blob, in pieces. Opening has already found out that it is there."""

    def __iter__(self) -> Iterator[bytes]: ...

    def close(self) -> None: ...


class BlobStorage(Protocol):
    """All of it raises Full or Unavailable; what reads raises Missing too."""

    def prepare(self) -> bool:
        """Make the place itself; whether it was missing."""
        ...

    def draft(self, blob: str, size_bytes: int) -> Draft: ...

    def open(self, blob: str, start: int, stop: int) -> Opened:
        """The bytes from `start` up to, not including, `stop`."""
        ...

    def seekable(self, blob: str) -> IO[bytes]:
        """The blob as a file, for readers that jump about."""
        ...

    def remove(self, blob: str) -> None:
        """Also where it is gone already."""
        ...

    def walk(self, after: str = "") -> Iterator[Stored]:
        """Every blob that there is, in the order of the bytes of its name."""
        ...

    def remove_drafts(self, before: datetime) -> int:
        """Remove what broken uploads left and nobody has added to since; say how many."""
        ...
