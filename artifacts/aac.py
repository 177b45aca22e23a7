"""AAC as it comes out of an encoder: frames one after another, without a file around them.

Twelve bits begin each, which other files may begin with as well; so two frames must
follow each other before anything is believed.
"""

from collections.abc import Iterator
from typing import IO, NamedTuple

HEADER_BYTES = 7
SAMPLES = 1024  # of a block; a frame has one to four
RATES = [
    *(96000, 88200, 64000, 48000, 44100, 32000, 24000, 22050, 16000, 12000, 11025),
    *(8000, 7350),
]
# Of a longer file the rest is taken to be as what was read.
READ_BYTES = 4 * 1024**2


class Frame(NamedTuple):
    size_bytes: int
    samples: int
    rate: int
    channels: int  # 0: it says so elsewhere

    @property
    def seconds(self) -> float:
        return self.samples / self.rate


def begins(head: bytes) -> bool:
    """Whether a file begins with two frames, or is a single one."""
    first = frame(head, 0)
    if first is None:
        return False
    return first.size_bytes == len(head) or frame(head, first.size_bytes) is not None


def facts(file: IO[bytes]) -> dict[str, float | int]:
    data = file.read(READ_BYTES)
    found = list(frames(data))
    read = sum(one.size_bytes for one in found)
    seconds = sum(one.seconds for one in found)
    if not found:
        return {}
    if len(data) == READ_BYTES:
        seconds *= file.seek(0, 2) / read
    channels = {"channels": found[0].channels} if found[0].channels else {}
    return {
        "seconds": round(seconds, 3),
        "sample_rate": found[0].rate,
        **channels,
    }


def frames(data: bytes) -> Iterator[Frame]:
    at = 0
    while (one := frame(data, at)) is not None:
        yield one
        at += one.size_bytes


def frame(data: bytes, at: int) -> Frame | None:
    """What the header at this place says, or None where there is none (ISO 13818-7)."""
    header = data[at : at + HEADER_BYTES]
    if len(header) < HEADER_BYTES:
        return None
    bits = int.from_bytes(header)
    # Counted from the end of the header's 56 bits.
    sync, layer, rate = bits >> 44, bits >> 41 & 3, bits >> 34 & 15
    size, blocks = bits >> 13 & 0x1FFF, bits & 3
    if sync != 0xFFF or layer or rate >= len(RATES) or size < HEADER_BYTES:
        return None
    channels = bits >> 30 & 7
    return Frame(size, SAMPLES * (blocks + 1), RATES[rate], channels)
