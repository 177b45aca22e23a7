"""What makes two candidates repeats of one configuration: all params alike but the seeds.

A configuration is a number: the sum of the hashes of its params. A sum does not mind in
which order params are logged, so each batch adds its own and none is ever read again.
"""

import hashlib
from collections.abc import Iterable, Mapping

SEEDS = frozenset(["seed", "random_seed", "random_state"])
MODULUS = 2**62  # sums of two fit into a column of 64 bits


def is_seed(key: str) -> bool:
    return key in SEEDS or key.endswith(("_seed", "/seed"))


def config(params: Mapping[str, str] | Iterable[tuple[str, str]]) -> int:
    """The number that params add to their candidate's configuration; seeds add nothing."""
    pairs = params.items() if isinstance(params, Mapping) else params
    total = 0
    for key, value in pairs:
        if not is_seed(key):
            total += hashed(key, value)
    return total % MODULUS


def hashed(key: str, value: str) -> int:
    text = f"{key}\0{value}".encode(errors="surrogatepass")
    digest = hashlib.blake2b(text, digest_size=8).digest()
    return int.from_bytes(digest, "big") % MODULUS


def joined(one: int, other: int) -> int:
    return (one + other) % MODULUS
