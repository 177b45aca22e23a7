"""What lies in a folder: asked of the rows, never of the storage."""

from typing import NamedTuple

from django.db.models import Count, F, Sum, Value
from django.db.models.functions import Concat, StrIndex, Substr

from artifacts.models import Artifact, ArtifactQuerySet, Owner


class Folder(NamedTuple):
    """A folder with everything below it, at any depth."""

    path: str
    name: str
    files: int
    size_bytes: int


class Level(NamedTuple):
    """One level of an owner's files."""

    folders: list[Folder]
    files: ArtifactQuerySet  # by name; slice it where there may be many


class Entry(NamedTuple):
    """A line of a plain list: a folder has no size."""

    path: str
    name: str
    size_bytes: int | None

    @property
    def is_folder(self) -> bool:
        return self.size_bytes is None


class Totals(NamedTuple):
    files: int
    size_bytes: int


def folder(owner: Owner, path: str = "") -> Level:
    """The folders and files directly in a folder. An unknown one is empty."""
    files = Artifact.objects.of(owner).filter(folder=path).order_by("name")
    return Level(folders(owner, path), files)


def folders(owner: Owner, path: str = "") -> list[Folder]:
    """The folders directly in a folder, each with its files counted, in one query."""
    prefix = f"{path}/" if path else ""
    inside = Artifact.objects.of(owner)
    inside = inside.filter(folder__below=path) if path else inside.exclude(folder="")
    rest = Substr("folder", len(prefix) + 1)
    head = Substr(rest, 1, StrIndex(Concat(rest, Value("/")), Value("/")) - 1)
    rows = (
        inside.values(head=head)
        .annotate(files=Count("pk"), size_bytes=Sum("size_bytes"))
        .order_by()
        .values_list("head", "files", "size_bytes")
    )
    return [Folder(prefix + name, name, *counts) for name, *counts in sorted(rows)]


def entries(owner: Owner, path: str = "") -> list[Entry]:
    """One level as a plain list, folders and files together by name."""
    prefix = f"{path}/" if path else ""
    files = (
        Artifact.objects.of(owner)
        .filter(folder=path)
        .values_list("name", "size_bytes")
        .order_by()
    )
    found = [Entry(prefix + name, name, size) for name, size in files]
    found += [Entry(one.path, one.name, None) for one in folders(owner, path)]
    return sorted(found, key=lambda entry: entry.name)


def totals(owner: Owner, path: str = "") -> Totals:
    """How many files there are, and their bytes: the line above the list."""
    counted = (
        Artifact.objects.of(owner)
        .below(path)
        .aggregate(files=Count("pk"), size_bytes=Sum("size_bytes"))
    )
    return Totals(counted["files"], counted["size_bytes"] or 0)


def matching(owner: Owner, text: str, limit: int = 200) -> ArtifactQuerySet:
    """Files with the text in their path, whatever its case: the filter above the list."""
    path = Concat(F("folder"), Value("/"), F("name"))
    rows = Artifact.objects.of(owner).annotate(whole=path)
    return rows.filter(whole__icontains=text).order_by("folder", "name")[:limit]


def is_folder(owner: Owner, path: str) -> bool:
    """Whether anything lies below the path. The root always is one."""
    return not path or Artifact.objects.of(owner).below(path).exists()
