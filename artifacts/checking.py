"""Checking: do rows and bytes agree? What does not is named, and repaired where that is safe.

Nothing is deleted here. A blob that no row names is handed to the sweep, which looks
again before it removes one; a row whose bytes are gone or damaged says so on its page.
"""

import hashlib
from collections.abc import Callable, Iterator
from contextlib import closing, suppress
from datetime import timedelta
from enum import StrEnum
from typing import Any, NamedTuple

from django.db import connection
from django.db.models.functions import Collate
from django.utils import timezone

from artifacts import inspection, storage
from artifacts.blobs import Missing, Stored
from artifacts.models import Artifact, DiscardedBlob, thumbnail_of
from tracker import jobs
from tracker.errors import Conflict

# A blob that is younger may belong to an upload whose row is not committed yet.
STRAY_AFTER = timedelta(hours=24)
BATCH = 1000
SHOWN = 100  # findings of one kind that a report names
THUMBNAIL = thumbnail_of("")


class Problem(StrEnum):
    """What can be wrong, in the order of how bad it is."""

    MISSING = "missing"
    SIZE = "size"
    CHECKSUM = "checksum"
    THUMBNAIL = "thumbnail"
    BACK = "back"
    STRAY = "stray"


TITLES = {
    Problem.MISSING: "missing: the row is there, its bytes are not",
    Problem.SIZE: "of another size than was uploaded",
    Problem.CHECKSUM: "damaged: the checksum is not that of the upload",
    Problem.THUMBNAIL: "without the thumbnail that was made of it",
    Problem.BACK: "marked as missing or damaged, but whole",
    Problem.STRAY: "stray: bytes that no row names",
}
# What `repair` can make good; of the others it makes their pages say what is wrong.
REPAIRABLE = {Problem.THUMBNAIL, Problem.BACK, Problem.STRAY}


class Finding(NamedTuple):
    problem: Problem
    blob: str
    size_bytes: int
    artifact: int | None = None
    name: str = ""  # whose file it is, for people


class Row(NamedTuple):
    pk: int
    blob: str
    size_bytes: int
    sha256: str
    state: str
    problem: str
    has_thumbnail: bool
    is_litter: bool


class Seen(NamedTuple):
    """How far a check is."""

    blob: str  # the last one
    rows: int
    size_bytes: int


def check(
    *,
    checksums: bool,
    after: str = "",
    see: Callable[[Seen], bool | None] = lambda seen: None,
) -> Iterator[Finding]:
    """Compare rows with blobs, both in the order of their names.

    `see` is told of each row, and may end the check by saying True.
    """
    number = size_bytes = 0
    suspects: list[Finding] = []
    for row, blobs in side_by_side(rows(after), storage.blobs().walk(after)):
        if row is None:
            suspects += stray(blobs)
        elif not row.is_litter:
            yield from compared(row, blobs, checksums=checksums)
        if len(suspects) >= BATCH:
            yield from unknown(suspects)
            suspects = []
        if row:
            number += 1
            size_bytes += row.size_bytes
            if see(Seen(row.blob, number, size_bytes)):
                break
    yield from unknown(suspects)


def rows(after: str) -> Iterator[Row]:
    values = ("pk", "blob", "size_bytes", "sha256", "state", "problem", "facts")
    if connection.vendor == "sqlite":
        # In batches: a write would fail while this connection still reads.
        found = Artifact.objects.order_by("blob").values_list(*values, "project")
        while batch := list(found.filter(blob__gt=after)[:BATCH]):
            yield from map(row, batch)
            after = batch[-1][1]
        return
    # Other databases sort as people do.
    by_bytes = Artifact.objects.annotate(bytes=Collate("blob", "C"))
    found = by_bytes.filter(bytes__gt=after).order_by("bytes")
    yield from map(row, found.values_list(*values, "project").iterator(BATCH))


def row(values: tuple[Any, ...]) -> Row:
    pk, blob, size_bytes, sha256, state, problem, facts, project = values
    has_thumbnail = isinstance(facts, dict) and "thumbnail_bytes" in facts
    return Row(
        *(pk, blob, size_bytes, sha256, state, problem), has_thumbnail, project is None
    )


def side_by_side(
    rows: Iterator[Row], stored: Iterator[Stored]
) -> Iterator[tuple[Row | None, list[Stored]]]:
    """Each row with its blob and its thumbnail; and blobs that no row claims."""
    row = next(rows, None)
    blob = next(stored, None)
    while row or blob:
        if row is None or (blob and blob.blob < row.blob):
            assert blob
            yield None, [blob]
            blob = next(stored, None)
            continue
        mine = []
        while blob and blob.blob in (row.blob, thumbnail_of(row.blob)):
            mine.append(blob)
            blob = next(stored, None)
        yield row, mine
        row = next(rows, None)


def stray(blobs: list[Stored]) -> Iterator[Finding]:
    old = timezone.now() - STRAY_AFTER
    for found in blobs:
        if found.modified_at < old:
            yield Finding(Problem.STRAY, found.blob, found.size_bytes)


def unknown(suspects: list[Finding]) -> list[Finding]:
    """Those strays that the sweep does not know of, and that have no row even now."""
    owners = {one.blob: one.blob.removesuffix(THUMBNAIL) for one in suspects}
    known: set[str] = set()
    for model in (DiscardedBlob, Artifact):
        named = model._default_manager.filter(blob__in=set(owners.values()))
        known |= set(named.values_list("blob", flat=True))
    return [one for one in suspects if owners[one.blob] not in known]


def compared(row: Row, blobs: list[Stored], *, checksums: bool) -> Iterator[Finding]:
    sizes = {found.blob: found.size_bytes for found in blobs}
    problem = None
    if row.blob not in sizes:
        problem = Problem.MISSING
    elif sizes[row.blob] != row.size_bytes:
        problem = Problem.SIZE
    elif checksums and not is_whole(row):
        problem = Problem.CHECKSUM
    elif row.has_thumbnail and thumbnail_of(row.blob) not in sizes:
        problem = Problem.THUMBNAIL
    elif checksums and row.state == Artifact.State.FAILED and is_told(row.problem):
        problem = Problem.BACK
    if problem:
        # By now the file may have been overwritten or deleted.
        there = Artifact.objects.filter(pk=row.pk, blob=row.blob, project__isnull=False)
        artifact = there.select_related("project", "candidate", "model").first()
        if artifact:
            yield Finding(problem, row.blob, row.size_bytes, row.pk, named(artifact))


def is_whole(row: Row) -> bool:
    digest = hashlib.sha256()
    try:
        with closing(storage.blobs().open(row.blob, 0, row.size_bytes)) as pieces:
            for piece in pieces:
                digest.update(piece)
    except Missing:
        return False
    return digest.hexdigest() == row.sha256


def named(artifact: Artifact) -> str:
    """ "vision #41 plots/roc.png"."""
    owner = ""
    if artifact.candidate:
        owner = f" #{artifact.candidate.iid}"
    elif artifact.model:
        owner = f" {artifact.model.name}"
    return f"{artifact.project}{owner} {artifact.path}"


# ---------------------------------------------------------------- repairing

SAYS = {
    Problem.MISSING: inspection.MISSING,
    Problem.SIZE: f"The stored bytes are {inspection.DAMAGED}: their size differs.",
    Problem.CHECKSUM: f"The stored bytes are {inspection.DAMAGED}: their checksum"
    " differs.",
}


def is_told(problem: str) -> bool:
    """Whether a row says of its bytes that they are missing or damaged."""
    return problem in SAYS.values() or inspection.DAMAGED in problem


def repair(finding: Finding) -> bool:
    """Do what is safe; whether that makes it good."""
    if finding.problem == Problem.STRAY:
        blob = finding.blob.removesuffix(THUMBNAIL)
        DiscardedBlob.objects.bulk_create(
            [DiscardedBlob(blob=blob)], ignore_conflicts=True
        )
        return True
    row = Artifact.objects.filter(blob=finding.blob)
    if finding.problem in REPAIRABLE:
        for artifact in row:
            with suppress(Conflict):
                inspection.look_again(artifact)
        return True
    row.update(
        state=Artifact.State.FAILED,
        problem=SAYS[finding.problem],
        claimed_by="",
        claimed_until=None,
    )
    return False


# ---------------------------------------------------------------- behind the request


@jobs.kind("artifacts.check")
def check_sizes(attempt: jobs.Attempt) -> jobs.Done | jobs.Again:
    """In rounds: all rows against all blobs, without reading a byte of them."""
    so_far: dict[str, Any] = attempt.remembered or {"after": "", "rows": 0, "found": {}}
    total = Artifact.objects.count()
    before = so_far["rows"]
    ended = []

    def see(seen: Seen) -> bool:
        so_far["after"], so_far["rows"] = seen.blob, before + seen.rows
        attempt.progress(so_far["rows"], max(total, so_far["rows"]))
        if attempt.is_over:
            ended.append(True)
        return attempt.is_over

    attempt.remembered = so_far
    for finding in check(checksums=False, after=so_far["after"], see=see):
        kind = so_far["found"].setdefault(finding.problem.value, [0, []])
        kind[0] += 1
        if len(kind[1]) < SHOWN:
            kind[1].append(finding.name or finding.blob)
    if ended:
        return jobs.Again()
    found = so_far["found"]
    if not found:
        number = so_far["rows"]
        files = "file is" if number == 1 else "files are"
        return jobs.Done(f"All is well: {number:,} {files} where the rows say.")
    parts = [
        f"{number:,} {TITLES[Problem(kind)]}" for kind, (number, _) in found.items()
    ]
    return jobs.Done(
        f"Of {so_far['rows']:,} files: {'; '.join(parts)}. `manage.py check_artifacts`"
        " names them and repairs what can be.",
        {"found": found},
    )


def begin() -> None:
    """Have the storage checked; once at a time."""
    jobs.enqueue(check_sizes, "Check the files", once="artifacts.check")
