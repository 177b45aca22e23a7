"""The comparison's tabs of files, code, environment, data and system; and what changed."""

import io

import pytest
from PIL import Image

from artifacts import ingest, inspection, paths
from dashboard.compare import side_by_side
from tests import make
from tests.dashboard.figures import valid
from tests.dashboard.reading import HOSTILE, Page
from tracker import lifecycle, recording

START = 1_700_000_000_000
PATH = "/p/vision/compare/"
MATRIX = "true,cat,dog\ncat,{},{}\ndog,2,8\n"
ROC = "fpr,tpr\n0,0\n0.1,{}\n1,1\n"


pytestmark = pytest.mark.usefixtures("storage")


def put(candidate, path, content):
    data = content.encode() if isinstance(content, str) else content
    kept = ingest.receive(paths.Place(candidate, path), [data], size_bytes=len(data))
    inspection.inspect(inspection.claim(kept.pk))


def png(colour):
    file = io.BytesIO()
    Image.new("RGB", (8, 8), colour).save(file, "PNG")
    return file.getvalue()


@pytest.fixture
def three(sweep):
    return [make.candidate(sweep, name=name) for name in ("one", "two", "three")]


def open_tab(browser, candidates, tab, **query):
    numbers = ",".join(str(candidate.iid) for candidate in candidates)
    return Page(browser.get(PATH, {"c": numbers, "tab": tab, **query}))


class TestArtifacts:
    def open(self, browser, candidates, path="", **query):
        return open_tab(browser, candidates, "artifacts", path=path, **query)

    def test_lists_the_union_with_what_differs_first(self, browser, three):
        for candidate in three:
            put(candidate, "same.txt", "a")
            put(candidate, "unlike.txt", candidate.name)
        put(three[0], "alone.txt", "a")

        page = self.open(browser, three)

        files = page.root.one("nav", aria_label="Files").one("ul").all("a")
        assert [one.text for one in files] == [
            "unlike.txt", "same.txt same", "alone.txt 1 of 3",
        ]  # fmt: skip
        assert "#1 one" in page.root.one("section", aria_label="unlike.txt").text

    def test_shows_pictures_in_a_grid_with_slider_and_difference(self, browser, three):
        for candidate, colour in zip(three, ("red", "green", "blue"), strict=True):
            put(candidate, "a.png", png(colour))

        grid = self.open(browser, three, "a.png")
        assert len(grid.main.all("img")) == 3

        slider = self.open(browser, three, "a.png", view="slide", r=three[2].iid)
        images = [img.attributes["src"] for img in slider.main.all("img")]
        assert images == [
            f"/p/vision/c/{c.iid}/raw/a.png?as=image" for c in (three[0], three[2])
        ]
        assert slider.main.all("input", type="range")

        apart = self.open(browser, three, "a.png", view="diff")
        assert apart.main.all("div", class_="swipe difference mt3")

    def test_shows_matrices_and_their_difference(self, browser, three):
        put(three[0], "cm.csv", MATRIX.format(9, 1))
        put(three[1], "cm.csv", MATRIX.format(5, 5))

        page = self.open(browser, three, "cm.csv")

        tables = page.main.all("table")
        assert [t.one("caption").text.split()[0] for t in tables] == ["#1", "#2", "#2"]
        cells = [td.text for td in tables[0].one("tbody").all("td")]
        assert cells == ["90.0", "10.0", "20.0", "80.0"]
        apart = [td.text for td in tables[2].one("tbody").all("td")]
        assert apart == ["−40.0", "+40.0", "", ""]
        assert "1 without this file: #3" in page.main.text

        counts = self.open(browser, three, "cm.csv", unit="counts")
        assert counts.main.all("table")[0].one("tbody").all("td")[0].text == "9"

    def test_other_labels_are_left_out_and_said(self, browser, three):
        put(three[0], "cm.csv", MATRIX.format(9, 1))
        put(three[1], "cm.csv", "true,a,b\na,1,2\nb,3,4\n")

        page = self.open(browser, three, "cm.csv")

        assert "1 have other labels and are left out." in page.main.text
        assert len(page.main.all("table")) == 1

    def test_lays_curves_over_each_other_the_best_first(self, browser, three):
        for candidate, height in zip(three, (0.5, 0.9, 0.7), strict=True):
            put(candidate, "roc.csv", ROC.format(height))

        page = self.open(browser, three, "roc.csv")
        url = page.root.one("figure").attributes["data-chart"]
        answer = browser.get(f"{url}&c=1-3").json()

        valid(answer["figure"])
        assert [entry["id"] for entry in answer["legend"]] == ["2", "3", "1"]
        svg = browser.get(
            "/p/vision/compare/chart.svg",
            {"c": "1-3", "chart": "file", "path": "roc.csv"},
        )
        assert svg["Content-Type"].startswith("image/svg+xml")

    def test_pairs_importances(self, browser, three):
        put(three[0], "w.csv", "feature,importance\nage,0.7\nsize,0.2\n")
        put(three[1], "w.csv", "feature,importance\nage,0.6\nsize,0.8\n")

        page = self.open(browser, three, "w.csv")

        rows = [tr.text for tr in page.main.one("table").one("tbody").all("tr")]
        assert rows == ["size 0.2000 0.8000 +0.6000", "age 0.7000 0.6000 −0.1000"]

    def test_joins_tables_with_the_worst_row_first(self, browser, three):
        put(three[0], "t.csv", "class,score\na,0.9\nb,0.8\nc,0.5\n")
        put(three[1], "t.csv", "class,score\nb,0.7\na,0.2\nc,0.5\n")

        page = self.open(browser, three, "t.csv")

        rows = [
            tr.all("th")[0].text for tr in page.main.one("table").one("tbody").all("tr")
        ]
        assert rows == ["a", "b"]
        assert "2 rows changed, 1 equal and folded" in page.main.text

    @pytest.mark.parametrize("view", ["", "split"])
    def test_shows_texts_line_by_line(self, browser, three, view):
        put(three[0], "train.py", "import os\nlr = 0.1\n")
        put(three[1], "train.py", "import os\nlr = 0.2\n")

        page = self.open(browser, three, "train.py", view=view)

        text = page.main.one("table").text
        assert "0.1" in text
        assert "0.2" in text

    def test_says_what_is_the_same_or_alone(self, browser, three):
        for candidate in three:
            put(candidate, "same.txt", "a")
        put(three[0], "alone.txt", "a")

        assert (
            "The same bytes in all 3."
            in self.open(browser, three, "same.txt").main.text
        )
        assert (
            "Only #1 has this file" in self.open(browser, three, "alone.txt").main.text
        )
        assert (
            "has a file called no.txt" in self.open(browser, three, "no.txt").main.text
        )

    def test_bears_bytes_that_it_cannot_show(self, browser, three):
        for n, candidate in enumerate(three):
            put(candidate, "model.bin", bytes([0, 255, n]) * 100)

        assert "cannot be compared" in self.open(browser, three, "model.bin").main.text

    def test_of_nobody_says_how_to_begin(self, browser, three):
        assert "No artifacts yet" in self.open(browser, three).main.text

    def test_hostile_files_stay_text(self, browser, three):
        for n, candidate in enumerate(three):
            put(candidate, "a.csv", f"id,{HOSTILE}\n{HOSTILE},{n}\n")
            put(candidate, "b.txt", f"{HOSTILE} {n}")
            put(candidate, "=cmd().csv", f"true,{HOSTILE}\n{HOSTILE},{n}\n")

        for path in ("a.csv", "b.txt", "=cmd().csv", HOSTILE, "../../etc/passwd", "\0"):
            answer = browser.get(PATH, {"c": "1-3", "tab": "artifacts", "path": path})
            assert answer.status_code == 200
            assert "<img src=x" not in answer.content.decode()

    @pytest.mark.parametrize("path", ["cm.csv", "t.csv", "roc.csv", "a.txt"])
    def test_costs_the_same_for_many(
        self, browser, sweep, django_assert_max_num_queries, path
    ):
        made = make.candidates(sweep, 12)
        for n, candidate in enumerate(made):
            put(candidate, "cm.csv", MATRIX.format(n, 1))
            put(candidate, "t.csv", f"class,score\na,{n}\nb,1\n")
            put(candidate, "roc.csv", ROC.format(n / 12))
            put(candidate, "a.txt", str(n))

        for some in (made[:3], made):
            with django_assert_max_num_queries(11):
                self.open(browser, some, path)

    def test_reads_a_bounded_number_of_files(self, browser, sweep, monkeypatch):
        made = make.candidates(sweep, 20)
        for n, candidate in enumerate(made):
            put(candidate, "cm.csv", MATRIX.format(n, 1))
        reads = []
        read = side_by_side.readings.read
        monkeypatch.setattr(
            side_by_side.readings, "read", lambda one: reads.append(1) or read(one)
        )

        self.open(browser, made, "cm.csv")

        assert len(reads) <= side_by_side.MAX_READ + 1


class TestCode:
    def test_links_to_what_lies_between_commits(self, browser, sweep):
        tags = {"mlflow.source.git.repoURL": "https://gitlab.example.com/a/b.git"}
        made = [
            make.candidate(
                sweep, tags={**tags, "mlflow.source.git.commit": commit * 10}
            )
            for commit in ("aaaa", "bbbb", "aaaa")
        ]

        page = open_tab(browser, made, "code")

        assert page.link("What changed since the baseline").endswith(
            f"/compare/{'aaaa' * 10}...{'bbbb' * 10}"
        )
        assert "same as the baseline" in page.main.text

    def test_compares_scripts_and_uncommitted_changes(self, browser, sweep):
        made = [
            make.candidate(sweep, tags={"mlflow.source.git.diff": f"+lr = {n}"})
            for n in range(2)
        ]
        for n, candidate in enumerate(made):
            put(candidate, "code/train.py", f"lr = {n}\n")

        text = open_tab(browser, made, "code").main.text

        assert "+lr = 0" in text
        assert "+lr = 1" in text
        assert "code/train.py" in text

    def test_says_how_to_log_a_script(self, browser, three):
        assert (
            "No script has been logged." in open_tab(browser, three, "code").main.text
        )


def rows(page):
    return {
        tr.all("th")[0].text: [td.text for td in tr.all("td")]
        for tr in page.main.all("tr")
        if tr.all("th", scope="row")
    }


def test_the_environment_tab_compares_packages(browser, three):
    for n, candidate in enumerate(three[:2]):
        put(candidate, "requirements.txt", f"torch==2.{n}\nnumpy==2.0\n")

    page = open_tab(browser, three, "environment")

    assert rows(page)["torch"][:3] == ["2.0", "2.1", "– not logged"]
    assert "#3 has no list of packages" in page.main.text


def test_the_system_tab_compares_machines(browser, sweep):
    made = [
        make.candidate(
            sweep,
            points=[
                recording.Point("system/cpu", value, START + n, n)
                for n, value in enumerate((10.0, height))
            ],
        )
        for height in (20.0, 40.0)
    ]

    page = open_tab(browser, made, "system")

    assert rows(page)["cpu"][:2] == ["15", "25 +10"]
    assert len(page.root.all("figure")) == 1


@pytest.mark.parametrize(
    "tab", ["params", "metrics", "artifacts", "code", "environment", "data", "system"]
)
def test_every_tab_bears_candidates_without_anything(browser, three, tab):
    answer = browser.get(PATH, {"c": "1-3", "tab": tab})

    assert answer.status_code == 200


def test_long_values_are_compared_line_by_line(browser, sweep):
    prompts = ["\n".join(["You are kind."] * 20 + [end]) for end in ("Yes.", "No.")]
    made = [make.candidate(sweep, params={"prompt": prompt}) for prompt in prompts]

    page = open_tab(browser, made, "params")

    lines = page.main.one("table", class_="lines")
    assert "taken out: Yes." in lines.text
    assert "put in: No." in lines.text


def test_two_hundred_cost_as_many_queries_as_three(
    browser, sweep, django_assert_max_num_queries
):
    made = make.candidates(sweep, 200, params={"lr": "1"}, metrics={"acc": 0.5})

    for some in (made[:3], made):
        with django_assert_max_num_queries(16):
            open_tab(browser, some, "")


class TestFiles:
    def test_csv_holds_what_differs(self, browser, sweep):
        a = make.candidate(sweep, params={"lr": "0.1", "same": "1"}, name="=cmd()")
        b = make.candidate(sweep, params={"lr": "0.2", "same": "1"})

        answer = browser.get("/p/vision/compare.csv", {"c": f"{a.iid},{b.iid}"})

        lines = answer.content.decode().splitlines()
        assert lines[1:] == ["Parameters,lr,0.1,0.2"]

    def test_json_holds_everything(self, browser, sweep):
        a, b = make.candidates(
            sweep, 2, params={"lr": "1"}, metrics={"acc": float("nan")}
        )

        said = browser.get("/p/vision/compare.json", {"c": f"{a.iid},{b.iid}"}).json()

        assert [one["number"] for one in said] == [a.iid, b.iid]
        assert said[0]["metrics"]["acc"] == {"last": "NaN", "min": None, "max": None}


class TestExplain:
    def open(self, browser, a, b):
        return Page(browser.get("/p/vision/explain/", {"a": a.iid, "b": b.iid}))

    def test_says_what_changed_by_kind(self, browser, sweep):
        a = make.candidate(
            sweep,
            params={"lr": "0.1", "model": "r50"},
            tags={"mlflow.source.git.commit": "a" * 40},
            metrics={"val/acc": 0.921},
        )
        b = make.candidate(
            sweep,
            params={"lr": "0.2", "model": "r50"},
            tags={"mlflow.source.git.commit": "b" * 40},
            metrics={"val/acc": 0.931},
        )
        make.candidate(sweep, params={"lr": "0.2"})

        page = self.open(browser, a, b)

        text = page.main.text
        assert "+0.0100 better" in text
        assert "before: 0.1 → 0.2 2 candidates have this value" in text
        assert "aaaaaaaa → bbbbbbbb" in text
        assert "not proof of cause" in text
        assert "model" not in [dt.text for dt in page.main.all("dt")]

    def test_keeps_the_order_asked_for(self, browser, sweep):
        a, b = make.candidates(sweep, 2)

        assert self.open(browser, b, a).root.one("h1").text == (
            f"What changed from #{b.iid} to #{a.iid}"
        )

    def test_knows_repeats(self, browser, sweep):
        a = make.candidate(sweep, params={"lr": "1", "seed": "1"})
        b = make.candidate(sweep, params={"lr": "1", "seed": "2"})

        assert (
            "These are repeats: only the seed differs."
            in self.open(browser, a, b).main.text
        )

    def test_says_how_much_repeats_vary(self, browser, sweep):
        made = [
            make.candidate(
                sweep, params={"lr": "1", "seed": str(n)}, metrics={"acc": v}
            )
            for n, v in enumerate((0.90, 0.92, 0.94))
        ]
        other = make.candidate(sweep, params={"lr": "2"}, metrics={"acc": 0.93})

        text = self.open(browser, made[0], other).main.text

        assert "±0.020" in text  # the sample's standard deviation
        assert "the change may be chance" in text

    @pytest.mark.parametrize(
        "query", [{}, {"a": "1"}, {"a": "1", "b": "1"}, {"a": "x", "b": "9"}]
    )
    def test_leads_to_choosing_without_two(self, browser, sweep, query):
        make.candidate(sweep)

        answer = browser.get("/p/vision/explain/", query, follow=True)

        assert "Compare candidates" in answer.content.decode()

    def test_a_deleted_one_is_not_explained(self, browser, sweep):
        a, b = make.candidates(sweep, 2)
        lifecycle.delete_candidate(b)

        assert (
            browser.get("/p/vision/explain/", {"a": a.iid, "b": b.iid}).status_code
            == 302
        )

    def test_costs_the_same_whatever_they_hold(
        self, browser, sweep, django_assert_max_num_queries
    ):
        for size in (2, 60):
            a, b = (
                make.candidate(
                    sweep,
                    params={f"p{n}": f"{n}{side}" for n in range(size)},
                    metrics={f"m{n}/acc": n for n in range(size)},
                )
                for side in "ab"
            )
            with django_assert_max_num_queries(15):
                self.open(browser, a, b)
