"""What files hold is recognised by content, and set against each other."""

import json

import pytest

from artifacts.contents import Kind, Table
from dashboard.compare import linewise, readings
from dashboard.compare.joined import joined

MATRIX = "true,cat,dog\ncat,9,1\ndog,2,8\n"
ROC = "fpr,tpr\n0,0\n0,0.5\n0.5,1\n1,1\n"
WEIGHTS = "feature,importance\nage,0.7\nsize,0.2\n"


def read(text, name="a.csv", kind=Kind.TABLE):
    return readings.of_text(name, text, kind, is_whole=True)


def of_json(value):
    return read(json.dumps(value), "a.json", Kind.JSON)


@pytest.mark.parametrize(
    ("reading", "kind"),
    [
        (read(MATRIX), "matrix"),
        (of_json([[1, 2], [3, 4]]), "matrix"),
        (of_json({"matrix": [[1, 2], [3, 4]], "labels": ["a", "b"]}), "matrix"),
        (of_json({"fpr": [0, 0.2, 1], "tpr": [0, 0.8, 1]}), "curve"),
        (read(ROC), "curve"),
        (read("recall,precision\n0,1\n0.5,0.9\n1,0.2\n"), "curve"),
        (read(WEIGHTS), "importance"),
        (of_json([{"feature": "a", "gain": 2}, {"feature": "b", "gain": 1}]),
         "importance"),
        (read("class,precision,recall\na,1,0.5\nb,1,0.6\nc,0.4,0.3\n"), "table"),
        (of_json({"columns": ["a"], "data": [[1], [2]]}), "table"),
        (of_json({"acc": 0.9, "loss": 0.1}), "table"),
        (of_json({"lr": 0.1, "model": {"depth": 50}}), "text"),
        (of_json([1, "a", None]), "text"),
        (of_json([[1, 2], [3]]), "text"),
        (of_json({"columns": 1, "data": 2}), "text"),
        (of_json({"matrix": [1, 2]}), "text"),
        (read("[" * 5000, "a.json", Kind.JSON), "text"),
        (read("a,b\n1,2\n3,4\n"), "table"),
        (read("x,a,b\nx,nan,1\ny,2,3\n"), "table"),
        (read("hello", "a.txt", Kind.TEXT), "text"),
    ],
)  # fmt: skip
def test_recognises(reading, kind):
    assert reading.kind == kind


def test_a_matrix_keeps_its_labels():
    matrix = read(MATRIX).matrix

    assert matrix.labels == ["cat", "dog"]
    assert matrix.values == [[9.0, 1.0], [2.0, 8.0]]


def test_the_area_below_a_curve_is_by_trapezoids():
    # 0.5 * (0.5 + 1) / 2 + 0.5 * 1
    assert read(ROC).curve.area == pytest.approx(0.875)


class TestJoined:
    LEFT = Table(["id", "score", "label"], [["a", "1", "x"], ["b", "2", "y"], ["c", "3", "z"]],
                 False)  # fmt: skip

    def test_by_the_column_that_names_rows(self):
        right = Table(["id", "score"], [["b", "1.5"], ["a", "1"], ["d", "9"]], False)

        found = joined(self.LEFT, right)

        assert found.key == "id"
        assert [
            (r.key, [(c.left, c.right, c.delta) for c in r.cells]) for r in found.rows
        ] == [("b", [("2", "1.5", "−0.500")])]
        assert (found.equal, found.only_left, found.only_right) == (1, ["c"], ["d"])

    @pytest.mark.parametrize(
        ("worst", "order"), [(True, ["c", "a"]), (False, ["a", "c"])]
    )
    def test_the_worst_first(self, worst, order):
        right = Table(["id", "score"], [["a", "5"], ["b", "2"], ["c", "-3"]], False)

        found = joined(self.LEFT, right, by="score", worst=worst)

        assert [row.key for row in found.rows] == order

    def test_by_place_where_nothing_names_rows(self):
        left = Table(["v"], [["1"], ["1"]], False)
        right = Table(["v"], [["1"], ["2"]], False)

        found = joined(left, right)

        assert (found.key, [row.key for row in found.rows]) == ("row", ["2"])

    def test_of_nothing_in_common_is_empty(self):
        found = joined(Table(["a"], [["1"]], False), Table(["b"], [["1"]], False))

        assert found.rows == []

    def test_short_rows_do_not_break_it(self):
        found = joined(Table(["id", "v"], [["a"], []], False),
                       Table(["id", "v"], [["a", "2"]], False))  # fmt: skip

        assert found.changed <= 1


class TestLines:
    def test_fold_what_is_equal(self):
        old = "\n".join(f"line {n}" for n in range(50))
        new = old.replace("line 20", "LINE 20").replace("line 40", "")

        found = linewise.diff(old, new)

        assert (found.added, found.removed) == (2, 2)
        assert len(found.lines) < 25
        assert [line.kind for line in found.lines].count("gap") == 2

    def test_split_puts_what_replaced_beside_what_was(self):
        found = linewise.diff("a\nb\nc", "a\nB\nextra\nc")

        rows = [(p.left and str(p.left.html), p.right and str(p.right.html))
                for p in linewise.split(found)]  # fmt: skip
        assert rows == [("a", "a"), ("b", "B"), (None, "extra"), ("c", "c")]

    def test_equal_texts_are_equal(self):
        assert linewise.diff("a\nb", "a\nb").is_equal

    def test_text_stays_text(self):
        found = linewise.diff("<b>", "<script>alert(1)</script>")

        assert "<script>" not in "".join(line.html for line in found.lines)

    def test_is_bounded(self):
        found = linewise.diff("\n".join(map(str, range(9000))), "\n".join("x" * 9000))

        assert len(found.lines) <= linewise.MAX_SHOWN
        assert found.is_cut
