"""What an archive holds, by its own list: names and sizes. Nothing is ever unpacked to disk.

Every step is bounded, whatever the headers claim: how much is read at once, how much a
compressed archive may yield, how many entries are counted and how many are kept.
"""

import bz2
import io
import lzma
import tarfile
import zipfile
import zlib
from collections.abc import Iterable, Iterator
from typing import IO, Any, NamedTuple, Protocol

from django.conf import settings

from artifacts.facts import brief

MAX_ENTRIES = settings.MAX_ARCHIVE_ENTRIES  # above it they are no longer counted
MAX_LISTED = 200
MAX_NAME_CHARS = 200
# The list of a zip, or a header of a tar, that is longer is not read.
MAX_HEADER_BYTES = 2 * 1024**2
MAX_UNPACKED_BYTES = settings.MAX_UNPACKED_BYTES  # of a compressed tar
MAX_LZMA_BYTES = 96 * 1024**2  # of memory
PIECE_BYTES = 64 * 1024

ZIP = "application/zip"
TAR = "application/x-tar"
TYPES = {
    ZIP: "zip",
    TAR: "tar",
    "application/gzip": "gz",
    "application/x-bzip2": "bz2",
    "application/x-xz": "xz",
}


class TooMuch(Exception):
    """A limit is reached; what has been read so far still counts."""


class Entry(NamedTuple):
    name: str
    size_bytes: int


def archive_facts(file: IO[bytes], content_type: str) -> dict[str, Any]:
    """Entries with their claimed sizes. Raises nothing for any content."""
    form = TYPES[content_type]
    facts: dict[str, Any] = {"format": form, "entries": 0, "unpacked_bytes": 0}
    listing: list[list[str | int]] = []
    is_whole = False
    try:
        for entry in entries(Guarded(file), form):
            facts["entries"] += 1
            facts["unpacked_bytes"] += max(0, entry.size_bytes)
            if len(listing) < MAX_LISTED:
                name = brief(entry.name, MAX_NAME_CHARS)
                listing.append([name, entry.size_bytes])
            if facts["entries"] >= MAX_ENTRIES:
                raise TooMuch(f"It has {MAX_ENTRIES:,} entries or more.")
        is_whole = True
    except NotATar:
        if form != "tar":
            return {"format": form, "is_single": True}
        facts["unreadable"] = "Its first header is damaged."
    except TooMuch as limit:
        facts["limit"] = str(limit)
    except Exception as problem:  # a decoder raises anything over hostile bytes
        facts["unreadable"] = brief(problem)
    if form not in ("zip", "tar") and is_whole and not listing:
        return {"format": form, "is_single": True}  # zeros: an empty tar, or no tar
    # A sum of lies may be larger than a database's number.
    facts["unpacked_bytes"] = min(facts["unpacked_bytes"], 2**63 - 1)
    return facts | {"entries_are_all": is_whole, "listing": listing}


def entries(file: "Guarded", form: str) -> Iterator[Entry]:
    if form == "zip":
        return zipped(file)
    if form == "tar":
        return tarred(file)
    return tarred(Unpacked(file, DECOMPRESSORS[form]()))


def zipped(file: "Guarded") -> Iterator[Entry]:
    # The list is read with one call of the length that the file claims: Guarded refuses.
    with zipfile.ZipFile(file) as archive:
        for entry in archive.filelist:
            yield Entry(entry.filename, entry.file_size)


def tarred(file: "Guarded | Unpacked") -> Iterator[Entry]:
    try:
        # Names are not decoded strictly; links and devices are only names to us.
        archive = tarfile.TarFile(fileobj=file, errors="replace")
    except tarfile.ReadError:
        raise NotATar from None
    with archive:
        while entry := archive.next():
            # It would keep each one, with whatever its headers hold.
            archive.members.clear()  # type: ignore[attr-defined]
            yield Entry(entry.name, entry.size)


class NotATar(Exception):
    """One compressed file, and no archive."""


# ---------------------------------------------------------------- bounded reading


class Guarded(io.RawIOBase):
    """A file of which nobody reads much at once."""

    def __init__(self, file: IO[bytes], most: int = MAX_HEADER_BYTES) -> None:
        self.file = file
        self.most = most

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        return self.file.seek(offset, whence)

    def tell(self) -> int:
        return self.file.tell()

    def read(self, size: int | None = -1) -> bytes:
        if size is None or size < 0:
            found = self.file.read(self.most + 1)
            refuse_long(len(found), self.most)
            return found
        refuse_long(size, self.most)
        return self.file.read(size)


def refuse_long(size: int, most: int = MAX_HEADER_BYTES) -> None:
    if size > most:
        raise TooMuch("Its list of entries is too long to be read here.")


class Decompressor(Protocol):
    def decompress(self, data: bytes, max_length: int) -> bytes: ...

    @property
    def eof(self) -> bool: ...

    @property
    def needs_input(self) -> bool: ...


class Gzip:
    """zlib, in the manner of the other two."""

    def __init__(self) -> None:
        self.zlib = zlib.decompressobj(wbits=31)

    def decompress(self, data: bytes, max_length: int) -> bytes:
        return self.zlib.decompress(self.zlib.unconsumed_tail + data, max_length)

    @property
    def eof(self) -> bool:
        return self.zlib.eof

    @property
    def needs_input(self) -> bool:
        return not self.zlib.unconsumed_tail


def lzma_decompressor() -> Decompressor:
    # A header may ask for gigabytes.
    return lzma.LZMADecompressor(memlimit=MAX_LZMA_BYTES)


DECOMPRESSORS: dict[str, Any] = {
    "gz": Gzip,
    "bz2": bz2.BZ2Decompressor,
    "xz": lzma_decompressor,
}


class Unpacked(io.RawIOBase):
    """The inside of a compressed file, read forwards and never kept.

    tarfile goes forwards only, but for one byte: it looks at the last one of an entry.
    """

    def __init__(self, file: Guarded, decompressor: Decompressor) -> None:
        self.file = file
        self.decompressor = decompressor
        self.at = 0
        self.last = b""
        self.left = b""
        self.spent = 0

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def tell(self) -> int:
        return self.at

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        if whence != io.SEEK_SET:
            raise io.UnsupportedOperation("only from the beginning")
        if offset == self.at - 1 and self.last:
            self.at, self.left, self.last = offset, self.last + self.left, b""
        elif offset < self.at:
            raise io.UnsupportedOperation("only forwards")
        while self.at < offset and self.read(min(PIECE_BYTES, offset - self.at)):
            pass
        return self.at

    def read(self, size: int | None = -1) -> bytes:
        assert size is not None and size >= 0
        refuse_long(size)
        pieces = []
        wanted = size
        for piece in self.pieces():
            pieces.append(piece[:wanted])
            self.left = piece[wanted:]
            wanted -= len(pieces[-1])
            if not wanted:
                break
        found = b"".join(pieces)
        self.at += len(found)
        self.last = found[-1:] or self.last
        return found

    def pieces(self) -> Iterable[bytes]:
        if self.left:
            piece, self.left = self.left, b""
            yield piece
        while not self.decompressor.eof:
            data = self.file.read(PIECE_BYTES) if self.decompressor.needs_input else b""
            if not data and self.decompressor.needs_input:
                return
            piece = self.decompressor.decompress(data, PIECE_BYTES)
            self.spent += len(piece)
            if self.spent > MAX_UNPACKED_BYTES:
                megabytes = MAX_UNPACKED_BYTES // 1024**2
                raise TooMuch(f"Beyond {megabytes:,} MB its inside is not looked at.")
            if piece:
                yield piece
