"""Experiments as a tree: the slashes in their names make the folders."""

from collections.abc import Callable, Collection, Iterable, Iterator
from dataclasses import dataclass, field
from typing import Generic, NamedTuple, TypeVar

T = TypeVar("T")


class Line(NamedTuple, Generic[T]):
    """One row of the tree: a folder, or a thing in one."""

    level: int
    label: str
    path: str  # of a folder; empty for a thing
    thing: T | None
    inside: list[T]  # everything below a folder
    is_open: bool


@dataclass(slots=True)
class Folder(Generic[T]):
    things: list[tuple[str, "T | Folder[T]"]] = field(default_factory=list)
    folders: dict[str, "Folder[T]"] = field(default_factory=dict)

    def add(self, parts: list[str], thing: T) -> None:
        if len(parts) == 1:
            self.things.append((parts[0], thing))
            return
        folder = self.folders.get(parts[0])
        if folder is None:
            folder = self.folders[parts[0]] = Folder()
            # A folder stands where its first member would.
            self.things.append((parts[0], folder))
        folder.add(parts[1:], thing)

    def everything(self) -> list[T]:
        found: list[T] = []
        for _, thing in self.things:
            found += thing.everything() if isinstance(thing, Folder) else [thing]
        return found


def tree(
    things: Iterable[T], *, name: Callable[[T], str], closed: Collection[str] = ()
) -> list[Line[T]]:
    """The lines of the tree, in the order of the things; closed folders hide theirs."""
    root: Folder[T] = Folder()
    for thing in things:
        root.add(parts(name(thing)), thing)
    return list(lines(root, closed))


def parts(name: str) -> list[str]:
    """`a/b/c` in three; a name that is no path, like `a//b` or `/a`, stays whole."""
    split = name.split("/")
    return split if all(part.strip() for part in split) else [name]


def lines(
    folder: Folder[T], closed: Collection[str], above: tuple[str, ...] = ()
) -> Iterator[Line[T]]:
    for label, thing in folder.things:
        if isinstance(thing, Folder):
            path = "/".join((*above, label))
            is_open = path not in closed
            yield Line(len(above), label, path, None, thing.everything(), is_open)
            if is_open:
                yield from lines(thing, closed, (*above, label))
        else:
            yield Line(len(above), label, "", thing, [], False)
