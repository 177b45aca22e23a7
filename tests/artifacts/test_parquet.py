"""Parquet files: what the footer says, the first rows, and files that mean harm."""

import datetime
import io

import pytest

from artifacts import inspection, parquet, previews
from artifacts.models import Artifact
from tests.artifacts.conftest import root

pa = pytest.importorskip("pyarrow")
writer = pytest.importorskip("pyarrow.parquet")


def stored(columns, **options):
    file = io.BytesIO()
    writer.write_table(pa.table(columns), file, **options)
    return file.getvalue()


def facts(data):
    return parquet.parquet_facts(io.BytesIO(data))


def test_reads_rows_columns_types_and_a_head():
    found = facts(
        stored(
            {
                "step": list(range(100)),
                "label": [None, "ä"] * 50,
                "when": [datetime.datetime(2026, 1, 1)] * 100,
                "raw": [b"\x00\xff"] * 100,
                "parts": [[1, 2]] * 100,
            }
        )
    )

    assert (found["rows"], found["column_count"]) == (100, 5)
    assert found["columns"] == ["step", "label", "when", "raw", "parts"]
    assert found["types"][:3] == ["int64", "string", "timestamp[us]"]
    assert len(found["head"]) == parquet.HEAD_ROWS
    assert found["head"][0] == ["0", "", "2026-01-01 00:00:00", "2 bytes", "[1, 2]"]
    assert found["head"][1][1] == "ä"


def test_counts_rows_over_all_groups():
    found = facts(stored({"a": list(range(1000))}, row_group_size=10))

    assert found["rows"] == 1000
    assert found["head"] == [[str(value)] for value in range(10)]


@pytest.mark.parametrize(
    "columns",
    [{"a": pa.array([], pa.int32())}, {}],
    ids=["no rows", "no columns"],
)
def test_takes_an_empty_table(columns):
    assert facts(stored(columns))["head"] == []


def test_keeps_the_left_of_a_wide_table():
    found = facts(stored({f"c{index}": ["z" * 1000] for index in range(2000)}))

    assert found["column_count"] == 2000
    assert len(found["columns"]) == len(found["head"][0]) == parquet.MAX_COLUMNS
    assert found["head"][0][0] == "z" * parquet.MAX_CELL_CHARS


def test_unpacks_no_bomb():
    """Thirty rows of ten million equal characters are ten kilobytes."""
    data = stored({"z": ["a" * 10_000_000] * 30}, compression="zstd")
    bomb = stored(
        {"z": ["a" * 10_000_000] * 30}, compression="zstd", use_dictionary=False
    )

    assert len(bomb) < 100_000
    assert facts(bomb)["limit"] == "its rows are too large to show here"
    assert facts(data)["rows"] == 30


INTACT = stored({"a": [1, 2], "b": ["x", "y"]})


@pytest.mark.parametrize(
    "data",
    [
        b"PAR1\x15",
        b"PAR1\x15" + b"\xff" * 1000 + b"PAR1",
        INTACT[:-8],
        INTACT[:-20] + b"\xff" * 12 + INTACT[-8:],
        INTACT[:-8] + b"\xff\xff\xff\x7fPAR1",
        INTACT.replace(b"PAR1", b"PARE"),
    ],
)
def test_says_of_a_broken_one_that_it_cannot_be_read(data):
    assert facts(data)["unreadable"]


def test_survives_any_change_of_one_byte():
    for at in range(len(INTACT)):
        changed = bytearray(INTACT)
        changed[at] ^= 0xFF
        assert facts(bytes(changed))


class TestUploaded:
    @pytest.fixture
    def artifact(self, door, candidate):
        def artifact(data):
            door.put(f"{root(candidate)}/eval.parquet", data)
            found = Artifact.objects.get(folder="", name="eval.parquet")
            inspection.inspect(inspection.claim(found.pk))
            found.refresh_from_db()
            return found

        return artifact

    def test_shows_its_first_rows(self, artifact):
        found = artifact(INTACT)

        shown = previews.preview(found)
        assert found.content_type == parquet.CONTENT_TYPE
        assert shown.content.header == ["a (int64)", "b (string)"]
        assert shown.content.rows == [["1", "x"], ["2", "y"]]
        assert not shown.truncated

    def test_says_why_there_is_nothing_to_show(self, artifact):
        found = artifact(INTACT[:-8])

        assert found.state == Artifact.State.READY
        assert "cannot be read" in previews.preview(found).reason
