"""Where a candidate came from: CI, code, data, machine, family."""

import json

import pytest

from tests import make
from tests.dashboard.candidate_page import curve, facts, url
from tests.dashboard.reading import HOSTILE, Page, is_harmless


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
    source = '{"url": "https://data.example.com/labels-v3"}'
    make.reads(candidate, context="train", source=source)

    page = Page(browser.get(url(candidate)))

    assert facts(page)["Data"] == "labels-v3 91ac07d train"
    assert page.link("labels-v3") == url(candidate, "data/1/")


class TestADataset:
    def look(self, browser, candidate, number=1):
        answer = browser.get(url(candidate, f"data/{number}/"))
        assert answer.status_code == 200
        return Page(answer)

    def test_shows_its_columns_and_its_size(self, browser, sweep):
        candidate, other = make.candidates(sweep, 2)
        columns = [
            {"type": "double", "name": HOSTILE, "required": True},
            {"type": "string", "name": "species", "required": False},
        ]
        described = {
            "digest": "12345678",
            "source": '{"uri": "https://data.example.com/iris.csv"}',
            "schema": json.dumps({"mlflow_colspec": columns}),
            "profile": '{"num_rows": 15000, "num_elements": 90000}',
        }
        make.reads(candidate, **described)
        make.reads(other, **described)

        page = self.look(browser, candidate)

        rows = [row.text for row in page.main.one("tbody").all("tr")]
        assert rows == [f"{HOSTILE} double", "species string may be missing"]
        assert facts(page)["Rows"] == "15 000"
        source = "https://data.example.com/iris.csv"
        assert page.link(source) == source
        table = Page(browser.get(page.link("2 candidates")))
        assert "2 candidates" in table.main.text
        assert not table.root.all("p", class_="problem")
        is_harmless(page)

    def test_shows_tensors_and_what_is_said_of_each_column(self, browser, sweep):
        candidate = make.candidate(sweep)
        spec = [{"type": "tensor", "tensor-spec": {"dtype": "uint8", "shape": [-1, 8]}}]
        parts = {"features": json.dumps(spec), "targets": None}
        profile = {
            "features_shape": [3, 8],
            "features_size": {"x": 24},
            "columns": {"a": {"mean": 1.5}, "b": {"mean": 2, "missing": 7}},
        }
        make.reads(candidate, name="first")
        make.reads(
            candidate,
            schema=json.dumps({"mlflow_tensorspec": parts}),
            profile=json.dumps(profile),
        )

        page = self.look(browser, candidate, 2)

        first, second = page.main.all("tbody")
        assert first.one("tr").text == "feature unnamed uint8 [-1, 8]"
        assert facts(page)["Features shape"] == "3 × 8"
        assert facts(page)["Features size, x"] == "24"
        assert [row.text for row in second.all("tr")] == ["a 1.5", "b 2 7"]

    @pytest.mark.parametrize(
        "text", ["{", "[" * 100_000, "[]", '{"mlflow_colspec": [1, {}]}', '"x"', "7"]
    )
    def test_bears_what_is_no_schema(self, browser, sweep, text):
        candidate = make.candidate(sweep)
        make.reads(candidate, schema=text, profile=text)

        assert "labels-v3" in self.look(browser, candidate).main.text

    def test_says_when_it_is_too_long(self, browser, sweep):
        candidate = make.candidate(sweep)
        make.reads(candidate, schema="x" * 300_000)

        assert "schema is too long" in self.look(browser, candidate).main.text

    @pytest.mark.parametrize("number", ["0", "2", "9" * 30])
    def test_is_not_there_for_another_number(self, browser, sweep, number):
        candidate = make.candidate(sweep)
        make.reads(candidate)

        answer = browser.get(url(candidate, f"data/{number}/"))

        assert answer.status_code == 404


def test_shows_the_family(browser, sweep):
    parent = make.candidate(sweep, name="search")
    children = make.candidates(sweep, 2, tags={"mlflow.parentRunId": parent.eid})

    above = Page(browser.get(url(parent)))
    below = Page(browser.get(url(children[0])))

    assert "2 children" in above.main.text
    assert below.link(f"#{parent.iid} search") == url(parent)


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

    with django_assert_max_num_queries(17):
        browser.get(url(few, "system/"))
    with django_assert_max_num_queries(17):
        browser.get(url(many, "system/"))
