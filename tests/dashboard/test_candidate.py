"""A candidate's page: what it shows, whom it shows it, what it costs."""

import re

import pytest
from django.utils import timezone

from artifacts.models import Artifact
from tests import make
from tests.dashboard.candidate_page import START, curve, facts, url
from tests.dashboard.reading import HOSTILE, Page, is_harmless
from tracker import lifecycle
from tracker.models import Candidate, Status


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
    # baseline, repeats, its version (3), role, others, counted keys, three ranks, its
    # models and their files, data, data's tags, models, sketch, pictures
    with django_assert_max_num_queries(28):
        browser.get(url(small))
    with django_assert_max_num_queries(28):
        browser.get(url(large))


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


def test_ids_are_used_once(browser, sweep):
    candidate = make.candidate(sweep, points=curve("loss", [1.0, 2.0]))

    for part in ("", "metrics/", "?table=1"):
        text = browser.get(url(candidate, part)).content.decode()
        ids = re.findall(r' id="([^"]*)"', text)
        assert len(ids) == len(set(ids))
