"""A candidate's page: what it reached, what it was made with, where it came from."""

import re

import pytest
from django.utils import timezone

from artifacts.models import Artifact
from tests import make
from tests.dashboard.reading import HOSTILE, Page, is_harmless
from tracker import lifecycle, recording
from tracker.models import Candidate, Dataset, DatasetUse, DatasetUseTag, Status

START = 1_700_000_000_000


@pytest.fixture
def sweep(vision):
    return make.experiment(vision, "sweep")


def curve(key, values, *, every=10):
    return [
        recording.Point(key, value, START + 1000 * n, n * every)
        for n, value in enumerate(values)
    ]


def url(candidate, part=""):
    return f"/p/{candidate.project.slug}/c/{candidate.iid}/{part}"


def facts(page):
    """The lines of the lists beside the page, by their label."""
    return {
        line.one("dt").text: line.one("dd").text
        for listed in page.root.all("dl")
        for line in listed.all("div")
    }


def test_says_who_where_and_how_long(browser, sweep):
    candidate = make.candidate(
        sweep, name="r101", user_id="ada", started_ms=START, points=curve("acc", [0.9])
    )
    lifecycle.update_candidate(
        candidate, status=Status.FINISHED, ended_ms=START + 3_300_000
    )

    page = Page(browser.get(url(candidate)))

    assert page.title == f"#{candidate.iid} r101 · sweep · vision"
    assert page.root.one("h1").text == f"#{candidate.iid} r101"
    head = page.main.all("header", class_="head")[0].text
    assert "Finished" in head
    assert "ada" in head
    assert "ran 55 min" in head
    assert page.link("sweep") == f"/p/vision/experiments/{sweep.iid}/"


def test_puts_the_primary_metric_first_with_its_rank(browser, sweep):
    for best in (0.7, 0.95, 0.8):
        make.candidate(sweep, points=curve("val/acc", [0.1, best]))
    candidate = make.candidate(
        sweep, points=curve("val/acc", [0.5, 0.9, 0.85]) + curve("lr", [0.1, 0.2])
    )

    page = Page(browser.get(url(candidate)))

    first = page.root.one("section", aria_label="Key results").all("div")[0]
    assert first.one("h2").text == "val/acc max at step 10"
    assert "0.9000" in first.text
    assert "rank 2 of 4" in first.text
    rug = first.all("svg", role="img")[0]
    assert "this one has 0.9000" in rug.attributes["aria-label"]


def test_ranks_a_loss_from_below(browser, sweep):
    make.candidate(sweep, points=curve("loss", [3.0, 0.1]))
    candidate = make.candidate(sweep, points=curve("loss", [3.0, 0.2]))

    text = Page(browser.get(url(candidate))).main.text

    assert "loss min at step 10" in text
    assert "rank 2 of 2" in text


def test_ranks_nothing_where_better_is_not_known(browser, sweep):
    make.candidates(sweep, 2, metrics={"weight": 1.0})
    candidate = make.candidate(sweep, name="plain", metrics={"weight": 2.0})

    assert "rank" not in Page(browser.get(url(candidate))).main.text


def test_shows_the_curve_before_any_script(browser, sweep):
    candidate = make.candidate(sweep, points=curve("val/acc", [0.5, 0.9, 0.8]))

    response = browser.get(url(candidate))

    page = Page(response)
    frame = page.root.one("figure")
    assert frame.one("svg", class_="still").all("path")
    assert frame.attributes["data-chart"].startswith(url(candidate, "chart.json?m="))
    assert "'unsafe-inline'" in response["Content-Security-Policy"]
    scripts = [s.attributes.get("src", "") for s in page.root.all("script")]
    assert any("plotly.min" in source for source in scripts)


def test_loads_no_plotly_without_a_chart(browser, sweep):
    page = Page(browser.get(url(make.candidate(sweep))))

    scripts = [s.attributes.get("src", "") for s in page.root.all("script")]
    assert not any("plotly" in source for source in scripts)
    assert "Waiting for data." in page.main.text


def test_filters_parameters_by_name_and_value(browser, sweep):
    candidate = make.candidate(
        sweep, params={f"p{n}": "a" for n in range(9)} | {"lr": "0.1", "opt": "Lion"}
    )

    page = Page(browser.get(url(candidate), {"f": "li"}))

    assert "Lion" in page.main.text
    assert "p0" not in facts(page)
    assert page.values("f") == ["li"]


def test_folds_long_values(browser, sweep):
    candidate = make.candidate(sweep, params={"prompt": "word " * 200})

    page = Page(browser.get(url(candidate)))

    fold = page.root.one("details", class_="long")
    assert len(fold.one("summary").text) < 200
    assert fold.one("pre").exact == "word " * 200


def test_shows_notes_as_markdown_without_scripts(browser, sweep):
    note = "Two are **over**.\n\n<script>alert(1)</script> [x](javascript:alert(1))"
    candidate = make.candidate(sweep, tags={"mlflow.note.content": note})

    page = Page(browser.get(url(candidate)))

    prose = page.root.one("div", class_="prose")
    assert prose.one("strong").text == "over"
    assert not prose.all("script")
    assert not [
        a for a in prose.all("a") if "javascript" in a.attributes.get("href", "")
    ]


def test_links_the_job_the_commit_and_the_person(browser, sweep):
    candidate = make.candidate(
        sweep,
        tags={
            "mlflow.source.git.commit": "4f1c2ab9" * 5,
            "gitlab.CI_JOB_ID": "881",
            "gitlab.CI_JOB_NAME": "train:gpu",
            "gitlab.CI_JOB_URL": "https://gitlab.example.com/vision/train/-/jobs/881",
            "gitlab.CI_PIPELINE_ID": "5512",
            "gitlab.CI_PIPELINE_URL": "https://gitlab.example.com/vision/train/-/pipelines/5512",
            "gitlab.CI_MERGE_REQUEST_IID": "88",
            "gitlab.CI_MERGE_REQUEST_PROJECT_URL": "https://gitlab.example.com/vision/train",
            "gitlab.CI_PROJECT_URL": "https://gitlab.example.com/vision/train",
            "gitlab.CI_COMMIT_SHA": "4f1c2ab9" * 5,
            "gitlab.GITLAB_USER_LOGIN": "ada",
        },
    )
    build = candidate.ci_build

    page = Page(browser.get(url(candidate)))

    assert build.job_url in [a.attributes["href"] for a in page.root.all("a")]
    assert build.commit_url in [a.attributes["href"] for a in page.root.all("a")]
    assert facts(page)["Pipeline"] == "5512"
    assert facts(page)["Request"].startswith("!88")
    assert "unverified" in page.main.text


@pytest.mark.parametrize("address", ["javascript:alert(1)", "data:text/html,x", "//["])
def test_makes_no_link_of_what_is_no_web_address(browser, sweep, address):
    candidate = make.candidate(
        sweep,
        tags={
            "mlflow.source.git.commit": "4f1c2ab9" * 5,
            "mlflow.source.git.repoURL": address,
            "gitlab.CI_JOB_ID": "1",
            "gitlab.CI_JOB_URL": address,
            "CI_JOB_URL": address,
        },
    )

    page = Page(browser.get(url(candidate)))

    assert address not in [a.attributes.get("href") for a in page.root.all("a")]


def test_leaves_out_what_is_not_known(browser, sweep):
    page = Page(browser.get(url(make.candidate(sweep))))

    assert "CI" not in [h.text for h in page.root.all("h2")]
    assert "Commit" not in facts(page)
    assert "Host" not in facts(page)


def test_names_the_data_it_read(browser, sweep):
    candidate = make.candidate(sweep)
    dataset = Dataset.objects.create(
        experiment=sweep,
        name="labels-v3",
        digest="91ac07d",
        source_type="http",
        source='{"url": "https://data.example.com/labels-v3"}',
    )
    use = DatasetUse.objects.create(candidate=candidate, dataset=dataset)
    DatasetUseTag.objects.create(use=use, key="mlflow.data.context", value="train")

    page = Page(browser.get(url(candidate)))

    assert facts(page)["Data"] == "labels-v3 91ac07d train"
    assert page.link("labels-v3") == "https://data.example.com/labels-v3"


def test_shows_a_few_pictures(browser, sweep):
    candidate = make.candidate(sweep)
    for number in range(8):
        Artifact.objects.create(
            project=candidate.project,
            candidate=candidate,
            folder="plots",
            name=f"{number}.png",
            blob=f"b{number}",
            size_bytes=1,
            sha256="0" * 64,
            uploaded_at=timezone.now(),
            state="ready" if number else "pending",
            content_type="image/png",
            facts={"width": 4, "height": 3},
        )

    page = Page(browser.get(url(candidate)))

    pictures = page.root.one("div", class_="thumbs").all("a")
    assert [a.text for a in pictures] == [f"{n}.png" for n in range(1, 7)]
    assert page.link("Browse") == url(candidate, "artifacts/")


def test_shows_the_family(browser, sweep):
    parent = make.candidate(sweep, name="search")
    children = make.candidates(sweep, 2, tags={"mlflow.parentRunId": parent.eid})

    above = Page(browser.get(url(parent)))
    below = Page(browser.get(url(children[0])))

    assert "2 children" in above.main.text
    assert below.link(f"#{parent.iid} search") == url(parent)


def test_gives_python_to_load_it(browser, sweep):
    candidate = make.candidate(sweep)

    code = Page(browser.get(url(candidate))).root.one("pre").exact

    compile(code, "snippet", "exec")
    assert candidate.eid in code
    assert "/p/vision" in code


def test_hostile_names_stay_text(browser, vision):
    sweep = make.experiment(vision, HOSTILE)
    candidate = make.candidate(
        sweep,
        name=HOSTILE,
        user_id=HOSTILE,
        params={"<b>p</b>": HOSTILE},
        points=curve("loss", [1.0, 2.0]) + curve("a b/c", [1.0, 0.5]),
        tags={HOSTILE: HOSTILE, "mlflow.note.content": HOSTILE},
    )
    Candidate.objects.filter(pk=candidate.pk).update(name=HOSTILE)

    page = Page(browser.get(url(candidate)))

    assert is_harmless(page)
    assert HOSTILE in page.root.one("h1").text


@pytest.mark.parametrize("query", ["m=%00", "x=q&y=q&sm=q&x0=q", "f=%00", "m=nothing"])
def test_bad_queries_do_not_break_it(browser, sweep, query):
    candidate = make.candidate(sweep, points=curve("loss", [1.0, 2.0]))

    for part in ("", "metrics/"):
        assert browser.get(f"{url(candidate, part)}?{query}").status_code == 200


def test_a_deleted_one_is_gone_and_can_be_restored(browser, sweep):
    candidate = make.candidate(sweep)

    browser.post(url(candidate, "delete/"))
    gone = browser.get(url(candidate))
    page = Page(gone)
    [restore] = [
        f for f in page.root.all("form") if "restore" in f.attributes["action"]
    ]
    browser.post(restore.attributes["action"])

    assert gone.status_code == 410
    assert browser.get(url(candidate)).status_code == 200


@pytest.mark.parametrize(
    "part", ["metrics/", "chart.json?m=loss", "metrics.csv", "artifacts/", "raw/x"]
)
def test_every_part_of_a_deleted_one_is_gone(browser, sweep, part):
    candidate = make.candidate(sweep, metrics={"loss": 1.0})
    lifecycle.delete_candidate(candidate)

    assert browser.get(url(candidate, part)).status_code == 410


@pytest.mark.parametrize("part", ["", "metrics/", "chart.json?m=loss", "artifacts/"])
def test_one_of_another_project_is_not_there(browser, sweep, part):
    other = make.project("other")
    candidate = make.candidate(sweep, metrics={"loss": 1.0})

    path = url(candidate, part).replace("/p/vision/", f"/p/{other.slug}/")

    assert browser.get(path).status_code == 404


def test_costs_the_same_whatever_it_holds(
    browser, sweep, django_assert_max_num_queries
):
    def busy(size):
        parent = make.candidate(sweep)
        return make.candidate(
            sweep,
            params={f"p{n}": str(n) for n in range(size)},
            tags={f"t{n}": str(n) for n in range(size)}
            | {"mlflow.parentRunId": parent.eid},
            points=[
                point for n in range(size) for point in curve(f"m{n}/acc", [0.1, 0.2])
            ],
        )

    small, large = busy(2), busy(40)
    browser.get(url(small))

    # project, candidate, metrics, tags, params, judged by, CI, family, the one before,
    # baseline, files, role, others, counted keys, three ranks, its models and their
    # files, data, data's tags, models, sketch, pictures
    with django_assert_max_num_queries(26):
        browser.get(url(small))
    with django_assert_max_num_queries(26):
        browser.get(url(large))


class TestBaseline:
    @pytest.fixture
    def base(self, sweep):
        return make.candidate(
            sweep,
            params={"lr": "0.1", "depth": "50"},
            points=curve("val/acc", [0.5, 0.8]),
        )

    def test_measures_results_and_parameters_against_it(self, browser, sweep, base):
        better = make.candidate(
            sweep,
            params={"lr": "0.2", "depth": "50", "mixup": "1"},
            points=curve("val/acc", [0.5, 0.9]),
        )
        browser.post(url(base, "baseline/"))

        page = Page(browser.get(url(better)))

        first = page.root.one("section", aria_label="Key results").all("div")[0]
        assert "+0.1000 better than the baseline" in first.text
        assert first.all("line", class_="b")
        assert facts(page)["lr"] == "0.2 baseline: 0.1"
        assert facts(page)["mixup"] == "1 not in the baseline"
        assert facts(page)["depth"] == "50"

    def test_shows_only_what_differs(self, browser, sweep, base):
        other = make.candidate(sweep, params={"lr": "0.2", "depth": "50"})
        browser.post(url(base, "baseline/"))

        page = Page(browser.get(url(other), {"diff": "1"}))

        assert "lr" in facts(page)
        assert "depth" not in facts(page)

    def test_draws_its_curve_in_grey_behind(self, browser, sweep, base):
        other = make.candidate(sweep, points=curve("val/acc", [0.5, 0.9]))
        browser.post(url(base, "baseline/"))

        figure = browser.get(url(other, "chart.json"), {"m": "val/acc"}).json()

        assert [entry["is_baseline"] for entry in figure["legend"]] == [False, True]
        colours = [t["line"]["color"] for t in figure["figure"]["data"] if "line" in t]
        assert "--line-strong" in colours

    def test_is_given_up_again(self, browser, sweep, base):
        browser.post(url(base, "baseline/"))
        assert "No longer the baseline" in browser.get(url(base)).content.decode()

        browser.post(url(base, "baseline/"), {"none": "1"})

        assert not sweep.tags.filter(key="tracker.baseline").exists()

    @pytest.mark.parametrize("text", ["", "x", "0", "99", "9" * 30, "#", "-1", "١"])
    def test_a_tag_that_names_nobody_is_no_baseline(self, browser, sweep, base, text):
        lifecycle.set_experiment_tag(sweep, "tracker.baseline", text)

        assert browser.get(url(base)).status_code == 200

    def test_a_deleted_one_is_none(self, browser, sweep, base):
        other = make.candidate(sweep, params={"lr": "0.2"})
        browser.post(url(base, "baseline/"))
        lifecycle.delete_candidate(base)

        assert facts(Page(browser.get(url(other))))["lr"] == "0.2"


def test_ranks_among_all_not_only_the_newest(browser, sweep, monkeypatch):
    monkeypatch.setattr("dashboard.results.MAX_COMPARED", 2)
    first = make.candidate(sweep, metrics={"acc": 0.5})
    for value in (0.6, 0.7, 0.4, 0.3):
        make.candidate(sweep, metrics={"acc": value})

    assert "rank 3 of 5" in Page(browser.get(url(first))).main.text


def test_ranks_among_the_newest_where_counting_would_take_long(
    browser, sweep, monkeypatch
):
    monkeypatch.setattr("dashboard.results.MAX_COMPARED", 3)
    monkeypatch.setattr("dashboard.results.MAX_RANKED", -1)
    make.candidate(sweep, metrics={"acc": 0.9}, started_ms=START - 5)
    first = make.candidate(sweep, metrics={"acc": 0.5}, started_ms=START)
    for n, value in enumerate((0.6, 0.4)):
        make.candidate(sweep, metrics={"acc": value}, started_ms=START + n)

    text = Page(browser.get(url(first))).main.text

    assert "rank 2 of the newest 3" in text


class TestProgress:
    def test_says_how_far_it_is(self, browser, sweep):
        running = make.candidate(
            sweep, params={"total_steps": "400"}, points=curve("loss", [2.0] * 11)
        )

        page = Page(browser.get(url(running)))

        assert "at step 100 of 400" in page.main.text
        assert page.root.one("progress").attributes["value"] == "25"

    def test_offers_to_log_a_total(self, browser, sweep):
        running = make.candidate(sweep, points=curve("loss", [2.0, 1.0]))

        page = Page(browser.get(url(running)))

        assert "at step 10." in page.main.text
        assert page.link("Log a total") == "/p/vision/recipe/#progress"

    @pytest.mark.parametrize("total", ["5", "-1", "many", "1e9", "9" * 40, ""])
    def test_believes_no_total_that_the_steps_contradict(self, browser, sweep, total):
        running = make.candidate(
            sweep, params={"epochs": total}, points=curve("loss", [2.0, 1.0])
        )

        assert not Page(browser.get(url(running))).root.all("progress")


def test_says_everything_as_json(browser, sweep):
    candidate = make.candidate(
        sweep,
        name="r101",
        params={"lr": "0.1"},
        tags={"team": "vision"},
        points=curve("acc", [0.5, float("nan")]),
    )

    said = browser.get(f"/p/vision/c/{candidate.iid}.json").json()

    assert said["number"] == candidate.iid
    assert said["params"] == {"lr": "0.1"}
    assert said["tags"]["team"] == "vision"
    assert said["metrics"]["acc"]["max"] == 0.5
    assert said["metrics"]["acc"]["last"] == "NaN"


def test_the_code_tab_says_where_it_came_from(browser, sweep):
    candidate = make.candidate(
        sweep,
        tags={
            "mlflow.source.git.commit": "4f1c2ab7d9",
            "mlflow.source.git.diff": "--- a\n+++ b\n+<script>alert(1)</script>",
            "host": "gpu-07",
        },
        points=[*curve("system/gpu_0_x", [1.0]), *curve("system/gpu_1_x", [1.0])],
        params={"seed": "7"},
    )

    page = Page(browser.get(url(candidate, "code/")))

    said = facts(page)
    assert said["Commit"].startswith("4f1c2ab7")
    assert said["host"] == "gpu-07"
    assert said["GPUs"] == "2 seen by the system metrics"
    assert "alert(1)" in page.main.text
    assert not page.main.all("script")
    checks = page.root.one("ul", class_="checks").text
    assert "Seed 7" in checks
    assert "No list of packages How to log it" in checks


def test_the_system_tab_draws_what_the_machine_did(browser, sweep):
    candidate = make.candidate(
        sweep,
        points=[
            *curve("system/gpu_0_utilization_percentage", [10.0, 20.0]),
            *curve("system/gpu_1_utilization_percentage", [0.0, 0.0]),
        ],
    )

    page = Page(browser.get(url(candidate, "system/")))

    assert len(page.root.all("figure")) == 2
    assert "1 of 2 GPUs did nothing" in page.main.text
    assert "The GPU was used 15 % on average" in page.main.text


def test_the_system_tab_of_none_tells_how_to_measure(browser, sweep):
    page = Page(browser.get(url(make.candidate(sweep), "system/")))

    assert "enable_system_metrics_logging" in page.main.text


def test_the_system_tab_costs_the_same_for_many(
    browser, sweep, django_assert_max_num_queries
):
    few, many = (
        make.candidate(
            sweep, points=[p for n in range(size) for p in curve(f"system/{n}", [1, 2])]
        )
        for size in (2, 30)
    )

    with django_assert_max_num_queries(16):
        browser.get(url(few, "system/"))
    with django_assert_max_num_queries(16):
        browser.get(url(many, "system/"))


class TestChanges:
    def test_marks_what_a_script_could_not(self, browser, sweep):
        candidate = make.candidate(sweep, points=curve("loss", [1.0]))

        browser.post(url(candidate, "status/"), {"status": "FAILED"})

        candidate.refresh_from_db()
        assert candidate.status == Status.FAILED
        # When it last wrote, not when somebody looked.
        assert candidate.ended_ms == candidate.metrics.get().logged_ms

    def test_says_that_it_still_runs(self, browser, sweep):
        candidate = make.candidate(sweep)
        lifecycle.update_candidate(candidate, status=Status.FAILED, ended_ms=START)

        browser.post(url(candidate, "status/"), {"status": "RUNNING"})

        candidate.refresh_from_db()
        assert (candidate.status, candidate.ended_ms) == (Status.RUNNING, None)

    def test_refuses_a_status_that_is_none(self, browser, sweep):
        candidate = make.candidate(sweep)

        page = Page(
            browser.post(url(candidate, "status/"), {"status": "GONE"}, follow=True)
        )

        assert "Status: Select a valid choice." in page.main.text

    def test_renames(self, browser, sweep):
        candidate = make.candidate(sweep)

        browser.post(url(candidate, "rename/"), {"name": "better"})

        candidate.refresh_from_db()
        assert candidate.name == "better"
        assert candidate.tags.get(key="mlflow.runName").value == "better"

    def test_refuses_an_empty_name(self, browser, sweep):
        candidate = make.candidate(sweep, name="kept")

        page = Page(browser.post(url(candidate, "rename/"), {"name": " "}, follow=True))

        assert "Name: This field is required." in page.main.text
        assert page.root.one("h1").text.endswith("kept")

    def test_describes(self, browser, sweep):
        candidate = make.candidate(sweep)

        page = Page(
            browser.post(
                url(candidate, "describe/"), {"note": "# Good\nrun"}, follow=True
            )
        )

        assert page.root.one("div", class_="prose").text == "Good run"

    def test_tags_and_untags(self, browser, sweep):
        candidate = make.candidate(sweep)

        browser.post(url(candidate, "tag/"), {"key": "team", "value": "vision"})
        tagged = dict(candidate.tags.values_list("key", "value"))
        browser.post(url(candidate, "untag/"), {"key": "team"})

        assert tagged["team"] == "vision"
        assert not candidate.tags.filter(key="team").exists()

    @pytest.mark.parametrize("key", ["mlflow.parentRunId", "", "x" * 251, "a\0b"])
    def test_refuses_tags_that_are_none_or_not_ours(self, browser, sweep, key):
        candidate = make.candidate(sweep)
        before = set(candidate.tags.values_list("key", flat=True))

        response = browser.post(url(candidate, "tag/"), {"key": key, "value": "1"})

        assert response.status_code == 302
        assert set(candidate.tags.values_list("key", flat=True)) == before

    def test_removing_a_tag_that_is_gone_says_so(self, browser, sweep):
        candidate = make.candidate(sweep)

        response = browser.post(url(candidate, "untag/"), {"key": "x"}, follow=True)

        assert "No tag" in Page(response).main.text

    @pytest.mark.parametrize(
        "action", "rename describe tag untag delete restore".split()
    )
    def test_need_a_post(self, browser, sweep, action):
        candidate = make.candidate(sweep)

        assert browser.get(url(candidate, f"{action}/")).status_code == 405

    def test_forms_carry_a_token(self, browser, sweep):
        page = Page(browser.get(url(make.candidate(sweep))))

        for form in page.main.all("form", method="post"):
            assert form.all("input", name="csrfmiddlewaretoken")


def test_ids_are_used_once(browser, sweep):
    candidate = make.candidate(sweep, points=curve("loss", [1.0, 2.0]))

    for part in ("", "metrics/", "?table=1"):
        text = browser.get(url(candidate, part)).content.decode()
        ids = re.findall(r' id="([^"]*)"', text)
        assert len(ids) == len(set(ids))
