"""The place where this installation keeps its bytes."""

from contextlib import closing
from pathlib import Path

from django.core.files.storage import FileSystemStorage, storages
from django.db import connection

from artifacts.blobs import BlobStorage
from artifacts.disk import Disk


def blobs() -> BlobStorage:
    """The storage that TRACKER_ARTIFACTS_URL names."""
    configured = storages["default"]
    if isinstance(configured, FileSystemStorage):
        return Disk(Path(configured.location))
    # boto3 takes memory and a third of a second: only where it is used.
    from artifacts.bucket import Bucket

    return Bucket.behind(configured)


def head(blob: str, size_bytes: int) -> bytes:
    """The first bytes of a blob."""
    with closing(blobs().open(blob, 0, size_bytes)) as pieces:
        return b"".join(pieces)


def tail(blob: str, size_bytes: int, at_most: int) -> bytes:
    """The last bytes of a blob of this size."""
    start = max(0, size_bytes - at_most)
    with closing(blobs().open(blob, start, size_bytes)) as pieces:
        return b"".join(pieces)


def give_back_connection() -> None:
    """Let others have this thread's database connection while bytes flow.

    A transfer lasts as long as the client likes, and there are far more threads than
    PostgreSQL takes connections. Django opens one again when it next needs it. SQLite's
    cost nobody anything while they are idle.
    """
    if connection.vendor != "sqlite" and not connection.in_atomic_block:
        connection.close()
