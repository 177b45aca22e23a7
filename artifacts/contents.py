"""What bytes are: recognised by what they hold, with the name only as a second opinion.

Nothing here knows where bytes lie. Every function takes hostile input and stays within
its limits: it reads heads, headers and small files, and never runs or unpacks anything.
"""

import codecs
import csv
import io
import itertools
import warnings
from enum import StrEnum
from typing import IO, Any, NamedTuple, cast

import yaml
from django.conf import settings
from PIL import Image, ImageOps, UnidentifiedImageError

from artifacts import archives, notebooks, parquet, signatures
from artifacts.facts import MAX_TEXT_CHARS, brief
from tracker import documents

HEAD_BYTES = 256 * 1024

MAX_JSON_BYTES = settings.MAX_JSON_BYTES  # above it JSON is shown as text
MAX_COUNTED_BYTES = settings.MAX_TABLE_BYTES  # above it rows are estimated by lines
MAX_YAML_ALIASES = settings.MAX_YAML_ALIASES
MAX_DECODED_BYTES = settings.MAX_IMAGE_BYTES  # above it no thumbnail is made
MAX_PIXELS = settings.MAX_IMAGE_PIXELS
THUMBNAIL_PIXELS = 320
SMALL_IMAGE_BYTES = 64 * 1024  # such an image is its own thumbnail
MAX_COLUMNS = 50

# These show in a page without being able to run anything.
SHOWN_IMAGES = frozenset({"image/png", "image/jpeg", "image/gif", "image/webp"})
# These it plays.
PLAYED = frozenset(
    "audio/wav audio/ogg audio/flac audio/mpeg audio/aac audio/mp4"
    " video/mp4 video/webm".split()
)


class Kind(StrEnum):
    IMAGE = "image"
    TEXT = "text"
    TABLE = "table"
    JSON = "json"
    MODEL = "model"  # an MLmodel file
    PARQUET = "parquet"
    ARCHIVE = "archive"
    AUDIO = "audio"
    VIDEO = "video"
    OTHER = "other"


class Recognised(NamedTuple):
    kind: Kind
    content_type: str
    encoding: str = ""  # of text


# Text that is more than text. Whatever is not here is text/plain.
TEXT_TYPES = {
    "csv": "text/csv",
    "tsv": "text/tab-separated-values",
    "md": "text/markdown",
    "yaml": "application/yaml",
    "yml": "application/yaml",
    "toml": "application/toml",
    "py": "text/x-python",
    "ipynb": "application/json",
    "json": "application/json",
}


def recognise(name: str, head: bytes, *, is_whole: bool) -> Recognised:
    """What a file is, from its first bytes."""
    if content_type := signatures.content_type(head):
        return Recognised(kind_of(content_type), content_type)
    encoding = encoding_of(head, is_whole=is_whole)
    if not encoding:
        return Recognised(Kind.OTHER, "application/octet-stream")
    return recognise_text(name, text(head, encoding, is_whole=is_whole), encoding)


def kind_of(content_type: str) -> Kind:
    if content_type in SHOWN_IMAGES:
        return Kind.IMAGE
    if content_type in archives.TYPES:
        return Kind.ARCHIVE
    if content_type == parquet.CONTENT_TYPE:
        return Kind.PARQUET
    family = content_type.partition("/")[0]
    return {"audio": Kind.AUDIO, "video": Kind.VIDEO}.get(family, Kind.OTHER)


def recognise_text(name: str, start: str, encoding: str) -> Recognised:
    if name == "MLmodel":
        return Recognised(Kind.MODEL, "application/yaml", encoding)
    start = start.lstrip()[:256].lower()
    if start.startswith(("<!doctype html", "<html")):
        return Recognised(Kind.TEXT, "text/html", encoding)
    if start.startswith("<svg") or (start.startswith("<?xml") and "<svg" in start):
        return Recognised(Kind.TEXT, "image/svg+xml", encoding)
    content_type = TEXT_TYPES.get(extension(name), "text/plain")
    if content_type in ("text/csv", "text/tab-separated-values"):
        return Recognised(Kind.TABLE, content_type, encoding)
    if content_type == "application/json" or start.startswith(("{", "[")):
        return Recognised(Kind.JSON, "application/json", encoding)
    return Recognised(Kind.TEXT, content_type, encoding)


def extension(name: str) -> str:
    return name.rpartition(".")[2].lower() if "." in name else ""


# ---------------------------------------------------------------- text

MARKS = [
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
]
# Tab, line feed, form feed, carriage return, and the escape of coloured logs.
CONTROLS = bytes(set(range(32)) - {9, 10, 12, 13, 27})


def encoding_of(head: bytes, *, is_whole: bool) -> str:
    """The encoding of a text, or "" where the bytes are none."""
    for mark, encoding in MARKS:
        if head.startswith(mark):
            return encoding
    if len(head.translate(None, CONTROLS)) != len(head):
        return ""
    try:
        codecs.getincrementaldecoder("utf-8")().decode(head, final=is_whole)
    except UnicodeDecodeError:
        # It is not known which; this one reads all of Western Europe's.
        return "cp1252"
    return "utf-8"


def text(head: bytes, encoding: str, *, is_whole: bool) -> str:
    """Bytes as text. What cannot be decoded becomes “�”; a character cut in two, nothing."""
    decoder = codecs.getincrementaldecoder(encoding)("replace")
    return decoder.decode(head, final=is_whole)


# ---------------------------------------------------------------- tables


class Table(NamedTuple):
    """The top left corner of a table."""

    header: list[str]
    rows: list[list[str]]
    is_cut: bool  # there is more, below or to the right


def delimiter_of(name: str, start: str) -> str:
    if extension(name) == "tsv":
        return "\t"
    line = start.partition("\n")[0]
    return max(",;\t|", key=line.count)


def table(start: str, delimiter: str, *, rows: int, is_whole: bool) -> Table | None:
    """The first rows and columns, or None where the text is no table."""
    reader = csv.reader(io.StringIO(start, newline=""), delimiter=delimiter)
    try:
        found = list(itertools.islice(reader, rows + 2))
    except csv.Error:
        return None
    if not is_whole and len(found) > 1 and len(found) < rows + 2:
        found.pop()  # the last one is likely to be cut in two
    found = [row for row in found if row]
    if not found:
        return None
    is_wide = any(len(row) > MAX_COLUMNS for row in found)
    header, *body = [row[:MAX_COLUMNS] for row in found]
    return Table(header, body[:rows], is_wide or not is_whole or len(body) > rows)


def count_rows(file: IO[bytes], encoding: str, delimiter: str) -> int | None:
    """The rows below the header, or None where the text is no table after all."""
    lines = io.TextIOWrapper(file, encoding, errors="replace", newline="")
    try:
        return max(
            0, sum(1 for row in csv.reader(lines, delimiter=delimiter) if row) - 1
        )
    except csv.Error:
        return None
    finally:
        lines.detach()


def table_facts(name: str, start: str, *, is_whole: bool) -> dict[str, Any] | None:
    delimiter = delimiter_of(name, start)
    found = table(start, delimiter, rows=1, is_whole=is_whole)
    if found is None:
        return None
    line = next(csv.reader(io.StringIO(start, newline=""), delimiter=delimiter))
    return {
        "delimiter": delimiter,
        "column_count": len(line),
        "columns": [brief(name) for name in found.header],
    }


# ---------------------------------------------------------------- JSON


def json_facts(data: str) -> dict[str, Any]:
    """The shape of a JSON text. Raises ValueError."""
    value = documents.parsed(data)
    facts: dict[str, Any] = {"shape": type(value).__name__}
    if isinstance(value, dict | list):
        facts["entries"] = len(value)
    if isinstance(value, dict):
        facts["looks_like"] = looks_like(value)
        if facts["looks_like"] == "notebook":
            facts |= notebooks.notebook_facts(value)
    return facts


def looks_like(value: dict[str, Any]) -> str:
    """Which well-known kind of document it is, if any."""
    if "vega" in str(value.get("$schema", ""))[:MAX_TEXT_CHARS]:
        return "vega"
    if isinstance(value.get("data"), list) and isinstance(value.get("layout"), dict):
        return "plotly"
    if isinstance(value.get("columns"), list) and isinstance(value.get("data"), list):
        return "table"
    if isinstance(value.get("cells"), list) and "nbformat" in value:
        return "notebook"
    return ""


# ---------------------------------------------------------------- MLmodel


class PlainLoader(yaml.SafeLoader):
    """Safe YAML with few aliases: a small text can name one part a billion times."""

    aliases = 0

    def compose_node(self, parent: Any, index: Any) -> Any:
        if self.check_event(yaml.AliasEvent):
            self.aliases += 1
            if self.aliases > MAX_YAML_ALIASES:
                raise yaml.YAMLError("too many aliases")
        return super().compose_node(parent, index)


def model_facts(data: str) -> dict[str, Any]:
    """What an MLmodel file says about its model. Raises ValueError."""
    try:
        # PlainLoader is a SafeLoader; nothing but plain values comes out of it.
        value = yaml.load(data, PlainLoader)  # noqa: S506  (a safe one)
    except (yaml.YAMLError, RecursionError, ValueError, OverflowError) as problem:
        raise ValueError(f"It cannot be read as YAML: {brief(problem)}") from None
    if not isinstance(value, dict):
        raise ValueError("It holds no list of fields.")
    flavors = value.get("flavors")
    signature = value.get("signature")
    facts: dict[str, Any] = {
        "flavors": [brief(name) for name in itertools.islice(flavors, MAX_COLUMNS)]
        if isinstance(flavors, dict)
        else []
    }
    for name in (
        "model_id",
        "model_uuid",
        "run_id",
        "mlflow_version",
        "utc_time_created",
        "model_size_bytes",
    ):
        if isinstance(value.get(name), str | int | float):
            facts[name] = brief(value[name])
    if isinstance(signature, dict):
        facts["signature"] = {
            part: brief(signature[part], 20_000)
            for part in ("inputs", "outputs", "params")
            if isinstance(signature.get(part), str)
        }
    return facts


# ---------------------------------------------------------------- images

FORMATS = ("PNG", "JPEG", "GIF", "WEBP")


class Picture(NamedTuple):
    facts: dict[str, Any]
    thumbnail: bytes | None


def picture(file: IO[bytes], size_bytes: int) -> Picture:
    """Width and height out of the header, and a thumbnail where the image is not huge."""
    try:
        with warnings.catch_warnings():
            # Between its two limits Pillow warns; ours decides before anything is decoded.
            warnings.simplefilter("ignore", Image.DecompressionBombWarning)
            image = Image.open(file, formats=FORMATS)
    except Image.DecompressionBombError:
        return Picture(
            {"unreadable": "Its header names more pixels than can be."}, None
        )
    except UnidentifiedImageError:  # whose text names where the server keeps the file
        return Picture({"unreadable": "Its bytes begin like no known format."}, None)
    except Exception as problem:  # a decoder raises anything over hostile bytes
        return Picture({"unreadable": brief(problem)}, None)
    with image:
        facts: dict[str, Any] = {"width": image.width, "height": image.height}
        if image.width * image.height > MAX_PIXELS or size_bytes > MAX_DECODED_BYTES:
            return Picture(facts | {"too_large": True}, None)
        try:
            image.load()
            if max(image.size) <= THUMBNAIL_PIXELS and size_bytes <= SMALL_IMAGE_BYTES:
                return Picture(facts, None)
            small = thumbnail(image)
        except Exception as problem:
            return Picture(facts | {"unreadable": brief(problem)}, None)
    return Picture(facts | {"thumbnail_bytes": len(small)}, small)


def thumbnail(image: Image.Image) -> bytes:
    """A small WebP, turned as the camera says."""
    if image.mode.startswith(("I", "F")):  # more than 8 bits: from darkest to brightest
        image = image.convert("F")
        low, high = cast(tuple[float, float], image.getextrema())
        scale = 255 / ((high - low) or 1)
        image = image.point(lambda value: value * scale - low * scale).convert("L")
    elif image.mode not in ("RGB", "L"):
        image = image.convert("RGBA" if image.has_transparency_data else "RGB")
    image.thumbnail((THUMBNAIL_PIXELS, THUMBNAIL_PIXELS))
    image = ImageOps.exif_transpose(image)
    made = io.BytesIO()
    image.save(made, "WEBP", quality=82)
    return made.getvalue()
