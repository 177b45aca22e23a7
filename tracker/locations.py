"""Where clients may say that files live: an object store, or Tracker itself.

Tracker never opens such an address; it hands it back, and clients go there by themselves.
Anything that could name a file of this machine, or of the client's, is refused.
"""

import re
from urllib.parse import SplitResult, unquote, urlsplit

from tracker.errors import Invalid
from tracker.keys import echoed

MAX_CHARS = 2048
# Paths in Tracker's own storage are short, and the run's and the file's follow.
MAX_OWN_CHARS = 500
OWN_SCHEME = "mlflow-artifacts"
# Stores that a bucket, a container or a file system is named in, and those that may go without.
NAMED_STORES = frozenset({"s3", "gs", "wasbs", "abfss"})
STORES = NAMED_STORES | {"hdfs", "dbfs"}

# Backslash and semicolon are separators to somebody; the others end a path.
FORBIDDEN = re.compile(r"[\x00-\x20\x7f\\;?#]")


def check(location: str, parameter: str) -> str:
    """The location as it is kept: empty for Tracker's own storage. Raises Invalid."""
    if not location:
        return ""
    if len(location) > MAX_CHARS:
        raise Invalid(
            f"'{parameter}' exceeds the maximum length of {MAX_CHARS} characters."
        )
    if reason := problem(location):
        raise Invalid(
            f"Invalid value {echoed(location)} for parameter '{parameter}' supplied: {reason}"
        )
    # Below the bare root, clients lose the prefix of the tracking URI.
    return "" if is_own_root(location) else location


def problem(location: str) -> str:
    """What is wrong with a location, as a sentence; empty where nothing is."""
    if FORBIDDEN.search(fully_decoded(location)):
        return "it holds a character that an address may not hold."
    try:
        address = urlsplit(location)
    except ValueError:
        return "it is not an address."
    if address.scheme not in STORES | {OWN_SCHEME}:
        return (
            "it must be an address in an object store, such as s3://bucket/path; leave it"
            " out and this server keeps the files."
        )
    if address.scheme in NAMED_STORES and not address.netloc:
        return f"a {address.scheme} address names its bucket or container."
    if address.scheme == OWN_SCHEME and address.netloc:
        return "an mlflow-artifacts address names no host."
    if address.scheme == OWN_SCHEME and len(location) > MAX_OWN_CHARS:
        return f"an mlflow-artifacts address has at most {MAX_OWN_CHARS} characters."
    if not (address.netloc or address.path.startswith("/")):
        return "its path must begin with a slash."
    if {".", ".."} & set(fully_decoded(address.path).split("/")):
        return "its path may not climb."
    return ""


def is_own_root(location: str) -> bool:
    return location.startswith(OWN_SCHEME) and not urlsplit(location).path.strip("/")


def parts(address: str) -> SplitResult:
    """An address taken apart; what is none has no parts, and no host above all."""
    try:
        return urlsplit(address)
    except ValueError:
        return urlsplit("")


def fully_decoded(text: str) -> str:
    """Percent-decoded until nothing changes: what the most eager reader would see."""
    while (decoded := unquote(text)) != text:
        text = decoded
    return text
