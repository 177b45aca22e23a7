"""How long a sound or a film lasts, out of its headers. Nothing is decoded."""

import math
import struct
from typing import IO, Any

from tinytag import TinyTag

from artifacts import aac
from artifacts.archives import Guarded
from artifacts.facts import brief

WEBM_HEAD_BYTES = AVI_HEAD_BYTES = 64 * 1024


def media_facts(file: IO[bytes], content_type: str) -> dict[str, Any]:
    """Seconds, and what the headers say beside. Raises nothing for any content."""
    try:
        if content_type == "video/webm":
            seconds = webm_seconds(file.read(WEBM_HEAD_BYTES))
            return {} if seconds is None else {"seconds": seconds}
        if content_type == "video/x-msvideo":
            return avi_facts(file.read(AVI_HEAD_BYTES))
        if content_type == "audio/aac":
            return aac.facts(file)
        found = TinyTag.get(
            file_obj=Guarded(file),  # type: ignore[arg-type]
            tags=False,
        )
    except Exception as problem:  # a parser raises anything over hostile bytes
        return {"unreadable": brief(problem)}
    facts: dict[str, Any] = {}
    if (seconds := plain(found.duration)) is not None:
        facts["seconds"] = seconds
    if found.samplerate and 0 < found.samplerate < 10**7:
        facts["sample_rate"] = int(found.samplerate)
    if found.channels and 0 < found.channels < 1000:
        facts["channels"] = int(found.channels)
    return facts


def plain(seconds: float | None) -> float | None:
    """None also for 0, which films say that were written while they were made."""
    if seconds is None or not math.isfinite(seconds) or not 0 < seconds < 10**8:
        return None
    return round(seconds, 3)


# ---------------------------------------------------------------- WebM and Matroska

# The elements on the way to a film's duration (RFC 9559); the first two hold others.
SEGMENT, INFO = 0x18538067, 0x1549A966
SCALE, DURATION = 0x2AD7B1, 0x4489
NANOSECONDS = 1e9


def webm_seconds(head: bytes) -> float | None:
    """The duration that the segment's information names, or None."""
    scale, duration, at = 1_000_000, None, 0
    while at < len(head):
        name, at = number(head, at, keeps_mark=True)
        size, at = number(head, at, keeps_mark=False)
        if name in (SEGMENT, INFO):
            continue  # look inside
        content = head[at : at + size]
        if name == SCALE and 0 < len(content) <= 8:
            scale = int.from_bytes(content)
        elif name == DURATION and len(content) in (4, 8):
            [duration] = struct.unpack(">f" if len(content) == 4 else ">d", content)
        if duration is not None and at + size >= len(head):
            break
        at += size
    return None if duration is None else plain(duration * scale / NANOSECONDS)


def number(head: bytes, at: int, *, keeps_mark: bool) -> tuple[int, int]:
    """A number of EBML: its first byte says, by leading zeros, how many bytes it has."""
    if at >= len(head) or head[at] == 0:
        return 0, len(head)
    length = 9 - head[at].bit_length()
    value = int.from_bytes(head[at : at + length])
    if not keeps_mark:
        value &= (1 << (7 * length)) - 1
    return value, at + length


# ---------------------------------------------------------------- AVI

# After "RIFF", "AVI ", "hdrl" and their lengths: of the main header (`avih`) the time of
# a frame, and how many there are.
AVI_HEADER = struct.Struct("<4s4xI12xI")
AVI_HEADER_AT = 24
# Beyond a gigabyte the main header counts the first part alone; this one all.
AVI_ALL_FRAMES = struct.Struct("<4s4xI")


def avi_facts(head: bytes) -> dict[str, Any]:
    name, microseconds, frames = AVI_HEADER.unpack_from(head, AVI_HEADER_AT)
    if name != b"avih":
        return {}
    if (at := head.find(b"dmlh")) >= 0:
        _, frames = AVI_ALL_FRAMES.unpack_from(head, at)
    seconds = plain(microseconds * frames / 1e6)
    return {} if seconds is None else {"seconds": seconds}
