"""Receiving a file: bytes into a draft, checksum on the way, and last of all the row.

Until the row is committed nothing is to be seen; from then on the file is there whole.
Whatever goes wrong in between leaves the old content where it was, and at most litter
that the sweep removes.
"""

import hashlib
import uuid
from collections.abc import Iterable
from datetime import timedelta

from django.conf import settings
from django.db import transaction
from django.db.models import Q, Sum
from django.utils import timezone

from artifacts import storage
from artifacts.models import Artifact, DiscardedBlob, Owner, project_id_of
from artifacts.paths import Place
from tracker import audit, liveness, recording, wakeups
from tracker.errors import Full, Invalid, Unavailable
from tracker.models import Candidate, LoggedModel, Project, What

# An upload that was asleep for longer, between its bytes and its row, might find that
# the sweep has removed the bytes: it starts again. Half of inspection.KEEP_DISCARDED.
ADOPT_WITHIN = timedelta(minutes=30)
LARGE_BYTES = 1024**2


def receive(place: Place, pieces: Iterable[bytes], *, size_bytes: int) -> Artifact:
    """Store a file at its place, or replace the one that is there.

    `pieces` raises where the bytes are not those that were announced. Raises Invalid for
    a deleted owner, or where a folder is in the way; Full; Unavailable.
    """
    refuse_closed(place.owner)
    refuse_over_quota(project_id_of(place.owner), size_bytes)
    if size_bytes > LARGE_BYTES:
        standing(place)  # before gigabytes are sent for nothing
    blob = f"{project_id_of(place.owner)}/{uuid.uuid4().hex}"
    storage.give_back_connection()
    digest = hashlib.sha256()
    with storage.blobs().draft(blob, size_bytes) as draft:
        for piece in pieces:
            digest.update(piece)
            draft.write(piece)
        DiscardedBlob.objects.create(blob=blob)
        draft.keep()
    return commit(place, blob, size_bytes=size_bytes, sha256=digest.hexdigest())


def commit(place: Place, blob: str, *, size_bytes: int, sha256: str) -> Artifact:
    """Name a kept blob in a row: from here on it is the file."""
    folder, _, name = place.path.rpartition("/")
    now = timezone.now()
    with transaction.atomic():
        lock(place.owner)
        adopt(blob)
        artifact = standing(place)
        if artifact:
            DiscardedBlob.objects.create(blob=artifact.blob)
        else:
            artifact = new(place.owner, folder=folder, name=name)
        artifact.blob = blob
        artifact.size_bytes = size_bytes
        artifact.sha256 = sha256
        artifact.uploaded_at = now
        artifact.state = Artifact.State.PENDING
        artifact.problem = ""
        artifact.content_type = ""
        artifact.facts = {}
        artifact.attempts = 0
        artifact.claimed_by = ""  # whoever looks at the old content may stop
        artifact.claimed_until = None
        artifact.save()
        wakeups.after_commit("artifacts.tasks.inspect", artifact.pk)
    return artifact


def new(owner: Owner, *, folder: str, name: str) -> Artifact:
    return Artifact(
        project_id=project_id_of(owner),
        candidate=owner if isinstance(owner, Candidate) else None,
        model=owner if isinstance(owner, LoggedModel) else None,
        folder=folder,
        name=name,
    )


def remove(place: Place) -> int:
    """Delete the file at a place, or the folder with all that is below; how many files."""
    refuse_closed(place.owner)
    files = Artifact.objects.of(place.owner)
    if not place.path:
        removed = files.throw_away()
    else:
        folder, _, name = place.path.rpartition("/")
        inside = Q(folder=place.path) | Q(folder__below=place.path)
        removed = files.filter(Q(folder=folder, name=name) | inside).throw_away()
    if removed:
        owner = place.owner
        project = owner if isinstance(owner, Project) else owner.project
        note = f"{removed} file(s): {place.path or 'all'}"
        audit.record(What.DELETED, project=project, about=owner, note=note)
    return removed


def lock(owner: Owner) -> None:
    """Queue on the owner's row: two uploads must not make a file and a folder of one name."""
    if isinstance(owner, Candidate):
        liveness.note(recording.lock(owner), has_data=False)
    elif isinstance(owner, LoggedModel):
        LoggedModel.objects.select_for_update(no_key=True).get(pk=owner.pk)
    else:
        Project.objects.select_for_update(no_key=True).get(pk=owner.pk)


def adopt(blob: str) -> None:
    """Take the blob off the list of those to be removed."""
    entry = DiscardedBlob.objects.filter(
        blob=blob, discarded_at__gt=timezone.now() - ADOPT_WITHIN
    )
    if not entry.delete()[0]:
        raise Unavailable("The upload took too long to finish. Send the file again.")


def refuse_closed(owner: Owner) -> None:
    if isinstance(owner, Candidate) and owner.is_deleted:
        raise Invalid(f"The run {owner.eid} is deleted; it must be active.")
    if isinstance(owner, Candidate) and owner.is_locked:
        raise recording.is_locked(owner)
    if isinstance(owner, LoggedModel) and owner.is_deleted:
        raise Invalid(f"The model {owner.eid} is deleted; it must be active.")


def refuse_over_quota(project_id: int, size_bytes: int) -> None:
    """Raises Full where a project may not keep so many bytes more.

    A file that is replaced counts until the new one has its place; uploads at the same
    moment do not see each other, and may together go beyond by what is on its way.
    """
    quota = settings.PROJECT_QUOTA_BYTES
    if not quota:
        return
    files = Artifact.objects.filter(project_id=project_id)
    used = files.aggregate(used=Sum("size_bytes"))["used"] or 0
    if used + size_bytes > quota:
        raise Full(
            f"The project keeps {used} bytes of files, and may keep {quota}: this file of"
            f" {size_bytes} finds no room. Delete files, empty the trash, or ask whoever"
            " runs the server for a larger TRACKER_PROJECT_QUOTA_BYTES."
        )


def standing(place: Place) -> Artifact | None:
    """The file that stands where one is to be put, if any.

    Raises Invalid where there is a folder, or a file where its own folder would be. As
    this is asked under the owner's lock there is at most one of these three, and the
    first row tells which.
    """
    if not place.path:
        raise Invalid("Invalid path: a file needs a name.")
    above, parts = Q(), place.path.split("/")
    for depth in range(1, len(parts) + 1):
        above |= Q(folder="/".join(parts[: depth - 1]), name=parts[depth - 1])
    below = Q(folder=place.path) | Q(folder__below=place.path)
    found = Artifact.objects.of(place.owner).filter(above | below)[:1]
    for artifact in found:
        if artifact.path == place.path:
            return artifact
        if place.path.startswith(f"{artifact.path}/"):
            raise Invalid(f"{artifact.path!r} is a file; nothing can be inside it.")
        raise Invalid(f"{place.path!r} is a folder; a file cannot take its place.")
    return None
