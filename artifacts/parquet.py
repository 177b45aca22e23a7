"""Parquet files: rows and columns from the footer, and the first rows of the table.

A footer can claim anything, and a page of it may unpack to a thousand times its size: so
only the columns that are shown are decoded, a few rows of them, and only where the footer
says that they stay within the limit.
"""

from typing import IO, Any

from django.conf import settings

from artifacts.archives import PIECE_BYTES, Guarded
from artifacts.facts import brief

CONTENT_TYPE = "application/vnd.apache.parquet"

MAX_COLUMNS = 50
HEAD_ROWS = 20
MAX_CELL_CHARS = 100
# What the footer may need in memory; a longer one is refused unread.
MAX_FOOTER_BYTES = 16 * 1024**2


def parquet_facts(file: IO[bytes]) -> dict[str, Any]:
    """Rows, columns with their types, and the first rows. Raises nothing for any content.

    The head is left out, and `limit` says why, where its columns would unpack to more than
    TRACKER_MAX_UNPACKED_BYTES.
    """
    # Here, so that only a worker which meets such a file loads the library.
    from pyarrow import parquet

    try:
        found = parquet.ParquetFile(
            Guarded(file, MAX_FOOTER_BYTES),
            buffer_size=PIECE_BYTES,  # not a whole column at once
            pre_buffer=False,
            thrift_string_size_limit=MAX_FOOTER_BYTES,
            thrift_container_size_limit=MAX_FOOTER_BYTES // 16,
        )
        names = found.schema_arrow.names
        facts: dict[str, Any] = {
            "rows": found.metadata.num_rows,
            "rows_are_exact": True,
            "column_count": len(names),
            "columns": [brief(name) for name in names[:MAX_COLUMNS]],
            "types": [
                brief(field.type, MAX_CELL_CHARS)
                for field in list(found.schema_arrow)[:MAX_COLUMNS]
            ],
        }
        return facts | head(found, names[:MAX_COLUMNS])
    except Exception as problem:  # a parser raises anything over hostile bytes
        return {"unreadable": brief(problem)}


def head(found: Any, columns: list[str]) -> dict[str, Any]:
    """The first rows as texts, or why there are none."""
    if not found.num_row_groups or not columns:
        return {"head": []}
    if (
        unpacked_bytes(found.metadata.row_group(0), columns)
        > settings.MAX_UNPACKED_BYTES
    ):
        return {"limit": "its rows are too large to show here"}
    batches = found.iter_batches(
        batch_size=HEAD_ROWS, row_groups=[0], columns=columns, use_threads=False
    )
    batch = next(batches, None)
    if batch is None:
        return {"head": []}
    cells = [[cell(value) for value in column] for column in batch.columns]
    return {"head": [list(row) for row in zip(*cells, strict=True)][:HEAD_ROWS]}


def unpacked_bytes(group: Any, columns: list[str]) -> int:
    """What the footer says of the columns' pages, nested ones with all they hold."""
    shown = set(columns)
    chunks = (group.column(index) for index in range(group.num_columns))
    return sum(
        max(0, chunk.total_uncompressed_size)
        for chunk in chunks
        if chunk.path_in_schema.partition(".")[0] in shown
    )


def cell(value: Any) -> str:
    """A value as a short text: nothing for null, the length for bytes."""
    if not value.is_valid:
        return ""
    plain = value.as_py()
    if isinstance(plain, bytes):
        return f"{len(plain):,} bytes"
    return brief(plain, MAX_CELL_CHARS)
