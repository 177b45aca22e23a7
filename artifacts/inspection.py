"""Looking into a file after its upload, and clearing away what is left over.

The job is the artifact's row: whoever holds its lease works on it, and records what was
found in one statement that only the holder of the lease can make. So a job may be
started twice, or killed anywhere, and its facts are still recorded once.
"""

import hashlib
import logging
import signal
import threading
import time
import uuid
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import timedelta
from types import FrameType
from typing import Any, NamedTuple

from django.conf import settings
from django.db import transaction
from django.db.models import F
from django.utils import timezone

from artifacts import archives, contents, media, parquet, storage
from artifacts.blobs import Missing
from artifacts.contents import Kind
from artifacts.facts import brief
from artifacts.models import Artifact, DiscardedBlob, thumbnail_of
from tracker import wakeups
from tracker.errors import Conflict, Full, Unavailable

log = logging.getLogger(__name__)

# Short, so that the work of a killed worker is soon taken up; renewed while bytes flow.
LEASE = timedelta(seconds=settings.LEASE_SECONDS)
RENEW_SECONDS = settings.LEASE_SECONDS / 3
MAX_ATTEMPTS = 5
MAX_SECONDS = settings.MAX_INSPECTION_SECONDS
PAUSE = timedelta(seconds=20)  # after an attempt that failed, times two each time
KEEP_DISCARDED = timedelta(hours=1)  # a download may still be reading
KEEP_DRAFTS = timedelta(hours=1)
BATCH = 1000

MISSING = "Its bytes are missing from the storage."
DAMAGED = "not those that were uploaded"


class LeaseLost(Exception):
    """Another worker has taken over, or the file was overwritten or deleted."""


class Damaged(Exception):
    """The stored bytes are not those that were uploaded; the text says how."""


def claim(artifact_id: int) -> Artifact | None:
    """Take the lease of a file that waits, or None where there is nothing to do."""
    holder = uuid.uuid4().hex
    taken = (
        Artifact.objects.to_do()
        .filter(pk=artifact_id)
        .update(
            state=Artifact.State.PROCESSING,
            claimed_by=holder,
            claimed_until=timezone.now() + LEASE,
            attempts=F("attempts") + 1,
        )
    )
    if not taken:
        return None
    return Artifact.objects.filter(pk=artifact_id, claimed_by=holder).first()


def look_again(artifact: Artifact) -> None:
    """Have a file looked at as if it were new. Raises Conflict while that goes on."""
    ended = Artifact.objects.filter(
        pk=artifact.pk, state__in=[Artifact.State.READY, Artifact.State.FAILED]
    )
    with transaction.atomic():
        if not ended.update(state=Artifact.State.PENDING, problem="", attempts=0):
            raise Conflict("This file is being looked at already.")
        wakeups.after_commit("artifacts.tasks.inspect", artifact.pk)


def claim_next() -> Artifact | None:
    """Take the lease of the file that has waited longest."""
    waiting = (
        Artifact.objects.to_do()
        .order_by(F("claimed_until").asc(nulls_first=True), "uploaded_at")
        .values_list("pk", flat=True)[:20]
    )
    for artifact_id in waiting:
        artifact = claim(artifact_id)
        if artifact:
            return artifact
    return None


def inspect(artifact: Artifact) -> None:
    """Look into a claimed file, and record what it is or why that failed."""
    if artifact.attempts > MAX_ATTEMPTS:
        # Its worker died each time: perhaps of this file.
        fail(artifact, f"Looking at it was broken off {MAX_ATTEMPTS} times.")
        return
    try:
        found = look(artifact)
    except LeaseLost:
        log.info("artifact %s: the lease is lost, another worker has it", artifact.pk)
    except Missing:
        fail(artifact, MISSING)
    except Damaged as problem:
        fail(artifact, str(problem))
    except TooLong as problem:
        fail(artifact, str(problem))
    except (Full, Unavailable) as problem:
        # Not the file's fault: as often as it takes.
        release(artifact, problem, attempts=0)
    except Exception as problem:
        log.exception("artifact %s", artifact.pk)
        if artifact.attempts >= MAX_ATTEMPTS:
            fail(artifact, f"Looking at it failed: {brief(problem)}")
        else:
            release(artifact, problem, attempts=artifact.attempts)
    else:
        record(artifact, state=Artifact.State.READY, problem="", **found)


def look(artifact: Artifact) -> dict[str, Any]:
    """The content type and the facts of a file whose bytes are proven intact."""
    head, lines = verify(artifact)
    with kept_alive(artifact):
        return recognised(artifact, head, lines)


def recognised(artifact: Artifact, head: bytes, lines: int) -> dict[str, Any]:
    is_whole = len(head) == artifact.size_bytes
    found = contents.recognise(artifact.name, head, is_whole=is_whole)
    facts: dict[str, Any] = {"kind": found.kind}
    content_type = found.content_type
    if found.encoding:
        facts |= {"encoding": found.encoding, "lines": lines}
    if found.kind == Kind.IMAGE:
        facts |= picture_facts(artifact)
    elif found.kind == Kind.TABLE:
        facts |= table_facts(artifact, head, found.encoding, lines)
    elif found.kind == Kind.PARQUET:
        with storage.blobs().seekable(artifact.blob) as file:
            facts |= parquet.parquet_facts(file)
    elif found.kind == Kind.ARCHIVE:
        with storage.blobs().seekable(artifact.blob) as file:
            facts |= archives.archive_facts(file, content_type)
    elif found.kind in (Kind.AUDIO, Kind.VIDEO):
        with storage.blobs().seekable(artifact.blob) as file:
            facts |= media.media_facts(file, content_type)
    elif found.kind == Kind.MODEL:
        facts |= model_facts(head, found.encoding, is_whole=is_whole)
    elif found.kind == Kind.JSON:
        shape = json_facts(artifact, found.encoding)
        if shape is None:
            facts["kind"] = Kind.TEXT
            content_type = "text/plain"
        else:
            facts |= shape
    return {"content_type": content_type, "facts": facts}


class Read(NamedTuple):
    head: bytes
    lines: int


def verify(artifact: Artifact) -> Read:
    """Read all of a file once, and compare it with what was uploaded."""
    digest = hashlib.sha256()
    head = b""
    size = lines = 0
    last = b"\n"
    renewed = time.monotonic()
    with closing(storage.blobs().open(artifact.blob, 0, artifact.size_bytes)) as pieces:
        for piece in pieces:
            digest.update(piece)
            if size < contents.HEAD_BYTES:
                head += piece[: contents.HEAD_BYTES - size]
            size += len(piece)
            lines += piece.count(b"\n")
            last = piece[-1:] or last
            if time.monotonic() - renewed > RENEW_SECONDS:
                renew(artifact)
                renewed = time.monotonic()
    if digest.hexdigest() != artifact.sha256:
        raise Damaged(f"The {size} stored bytes are {DAMAGED}: their checksum differs.")
    # The last line may end without a newline.
    return Read(head, lines + (last != b"\n"))


def picture_facts(artifact: Artifact) -> dict[str, Any]:
    with storage.blobs().seekable(artifact.blob) as file:
        facts, thumbnail = contents.picture(file, artifact.size_bytes)
    if thumbnail:
        # Before the row: a row never names bytes that are not there.
        with storage.blobs().draft(artifact.thumbnail_blob, len(thumbnail)) as draft:
            draft.write(thumbnail)
            draft.keep()
    return facts


def table_facts(
    artifact: Artifact, head: bytes, encoding: str, lines: int
) -> dict[str, Any]:
    is_whole = len(head) == artifact.size_bytes
    text = contents.text(head, encoding, is_whole=is_whole)
    facts = contents.table_facts(artifact.name, text, is_whole=is_whole)
    if facts is None:
        return {"kind": Kind.TEXT}
    if artifact.size_bytes > contents.MAX_COUNTED_BYTES:
        return facts | {"rows": max(0, lines - 1), "rows_are_exact": False}
    with storage.blobs().seekable(artifact.blob) as file:
        rows = contents.count_rows(file, encoding, facts["delimiter"])
    if rows is None:
        return {"kind": Kind.TEXT}
    return facts | {"rows": rows, "rows_are_exact": True}


def json_facts(artifact: Artifact, encoding: str) -> dict[str, Any] | None:
    if artifact.size_bytes > contents.MAX_JSON_BYTES:
        return {"shape": "unknown"}
    data = storage.head(artifact.blob, artifact.size_bytes)
    try:
        return contents.json_facts(contents.text(data, encoding, is_whole=True))
    except ValueError:
        return None


def model_facts(head: bytes, encoding: str, *, is_whole: bool) -> dict[str, Any]:
    if not is_whole:
        return {"unreadable": "It is too long for an MLmodel file."}
    try:
        return contents.model_facts(contents.text(head, encoding, is_whole=True))
    except ValueError as problem:
        return {"unreadable": str(problem)}


# ---------------------------------------------------------------- the lease


def renew(artifact: Artifact) -> None:
    held = Artifact.objects.filter(pk=artifact.pk, claimed_by=artifact.claimed_by)
    if not held.update(claimed_until=timezone.now() + LEASE):
        raise LeaseLost


class TooLong(Exception):
    """The file is looked at for too long."""


@contextmanager
def kept_alive(artifact: Artifact) -> Iterator[None]:
    """Renew the lease from time to time, and end what takes too long.

    By a signal, for a parser that is busy with a hostile file calls nobody. In the block
    nothing else talks to the database.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    end = time.monotonic() + MAX_SECONDS

    def ring(number: int, frame: FrameType | None) -> None:
        if time.monotonic() >= end:
            raise TooLong(f"It took longer than {MAX_SECONDS} seconds.")
        renew(artifact)

    before = signal.signal(signal.SIGALRM, ring)
    pause = min(RENEW_SECONDS, MAX_SECONDS)
    signal.setitimer(signal.ITIMER_REAL, pause, pause)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


def record(artifact: Artifact, **found: Any) -> bool:
    """Write the outcome and end the lease; False where the lease is lost."""
    held = Artifact.objects.filter(pk=artifact.pk, claimed_by=artifact.claimed_by)
    return bool(held.update(claimed_by="", claimed_until=None, **found))


def fail(artifact: Artifact, problem: str) -> None:
    log.warning("artifact %s: %s", artifact.pk, problem)
    record(artifact, state=Artifact.State.FAILED, problem=problem)


def release(artifact: Artifact, problem: Exception, *, attempts: int) -> None:
    """Give it back for another try after a pause, which grows."""
    pause = PAUSE * 2**attempts
    held = Artifact.objects.filter(pk=artifact.pk, claimed_by=artifact.claimed_by)
    held.update(
        state=Artifact.State.PENDING,
        problem=brief(problem),
        attempts=attempts,
        claimed_by="",
        claimed_until=timezone.now() + pause,
    )


# ---------------------------------------------------------------- what is left over


def inspect_waiting(seconds: float) -> bool:
    """Take up what waits or was left by a dead worker; True where there is still more."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        artifact = claim_next()
        if artifact is None:
            return False
        inspect(artifact)
    return True


def discard_litter() -> int:
    """Hand over the blobs of rows without a project to be removed; how many rows."""
    discarded = 0
    while True:
        with transaction.atomic():
            rows = dict(Artifact.objects.litter().values_list("pk", "blob")[:BATCH])
            DiscardedBlob.objects.bulk_create(
                (DiscardedBlob(blob=blob) for blob in sorted(rows.values())),
                ignore_conflicts=True,
            )
            Artifact.objects.filter(pk__in=rows).delete()
        discarded += len(rows)
        if len(rows) < BATCH:
            return discarded


def remove_discarded(seconds: float) -> int:
    """Remove the bytes that nobody has named for an hour; how many blobs."""
    end = time.monotonic() + seconds
    removed = 0
    while time.monotonic() < end:
        batch = list(
            DiscardedBlob.objects.older_than(KEEP_DISCARDED)
            .order_by("discarded_at")
            .values_list("blob", flat=True)[:BATCH]
        )
        # It should not happen, and losing a file would be worse than an extra query.
        named = set(
            Artifact.objects.filter(blob__in=batch).values_list("blob", flat=True)
        )
        for blob in batch:
            if blob not in named:
                storage.blobs().remove(thumbnail_of(blob))
                storage.blobs().remove(blob)
        DiscardedBlob.objects.filter(blob__in=batch).delete()
        removed += len(batch) - len(named)
        if len(batch) < BATCH:
            break
    return removed


def remove_drafts() -> int:
    return storage.blobs().remove_drafts(timezone.now() - KEEP_DRAFTS)
