"""What the page that people live in may cost: statements and bytes, not times."""

import gzip
from pathlib import Path

import django_htmx
import pytest
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext

from tests import make
from tracker import catalogue, lifecycle, statics
from tracker.models import Key, Kind, SavedView

STATIC = Path(__file__).parent.parent.parent / "static"
HTMX = Path(django_htmx.__file__).parent / "static" / "django_htmx" / "htmx-4.min.js"


@pytest.fixture(scope="module")
def big(django_db_setup, django_db_blocker):
    """110 candidates with 3,000 more keys in the catalogue; repeats, children, CI, a baseline."""
    with django_db_blocker.unblock(), transaction.atomic():
        project = lifecycle.create_project("budget")
        sweep = make.experiment(project, "sweep")
        parent = make.candidate(sweep, name="parent")
        for n in range(110):
            make.candidate(
                sweep,
                name=f"candidate-{n}",
                user_id=f"user-{n % 3}",
                metrics={f"val/m{k}": n / (k + 1) for k in range(6)},
                params={
                    **{f"p{k}": str(n // 5 * k) for k in range(5)},
                    "seed": str(n % 5),
                },
                tags={"mlflow.source.git.commit": "c" * 40}
                | ({"mlflow.parentRunId": parent.eid} if n % 9 == 0 else {}),
            )
        Key.objects.bulk_create(
            Key(experiment=sweep, kind=kind, key=f"{folder}/key-{n}")
            for kind in (Kind.METRIC, Kind.PARAM)
            for folder in ("train", "system", "layers")
            for n in range(500)
        )
        catalogue.count(sweep)
        lifecycle.set_experiment_tag(sweep, "tracker.baseline", "3")
        SavedView.objects.create(experiment=sweep, slug="v", name="V", scope="team")
        yield f"/p/budget/experiments/{sweep.iid}/"
        transaction.set_rollback(True)


STATES = {
    "plain": {},
    "flat": {"flat": "1", "n": "100"},
    "open": {"open": "1"},
    "by a metric": {"sort": "-m:val/m0.max"},
    "by three columns": {"sort": "-m:val/m0.max,p:p1,a:name"},
    "two conditions": {"q": "val/m0 > 3 and p1 < 9", "sort": "-m:val/m0.max"},
    "words": {"q": "candidate-1"},
    "only differences": {"diff": "1"},
    "groups": {"group": "~seed", "sort": "-m:val/m0.max"},
    "groups with one open": {"group": "p:p1", "q": "val/m0 > 3"},
    "a view": {"view": "v", "q": "val/m0 > 3"},
    "no baseline": {"b": "0", "n": "100"},
}


@pytest.mark.django_db
@pytest.mark.parametrize("name", STATES)
def test_the_first_page_costs_at_most_twelve_statements(browser, big, name):
    browser.get(big, STATES[name])

    with CaptureQueriesContext(
        connection,
    ) as captured:
        answer = browser.get(big, STATES[name])

    assert answer.status_code == 200
    assert len(captured) <= 12, "\n".join(q["sql"][:150] for q in captured)


@pytest.mark.django_db
@pytest.mark.parametrize("name", ["flat", "groups", "no baseline"])
def test_the_page_is_small_on_the_wire(browser, big, name):
    query = STATES[name] | {"n": "100"}
    answer = browser.get(big, query, headers={"Accept-Encoding": "br, gzip"})

    assert answer["Content-Encoding"] == "gzip"
    assert "Accept-Encoding" in answer["Vary"]
    assert len(answer.content) < 60_000


@pytest.mark.django_db
def test_indentation_stays_with_the_readers_of_templates(browser, big):
    page = browser.get(big).text

    assert "\n<tr" in page and "\n  <tr" not in page


def test_what_is_no_page_is_left_alone(browser, big):
    for address in (f"{big[:-1]}.csv", f"{big[:-1]}.json"):
        answer = browser.get(address, headers={"Accept-Encoding": "gzip"})

        assert answer.status_code == 200
        assert "Content-Encoding" not in answer


def test_styles_and_scripts_are_small_on_the_wire():
    styles = STATIC / "css" / "tracker.css"
    style = statics.whole(styles.read_text(), styles)
    own = [
        STATIC / "js" / "tracker.js",
        STATIC / "js" / "experiment.js",
    ]

    sizes = {p.name: len(gzip.compress(p.read_bytes())) for p in [*own, HTMX]}
    sizes["tracker.css"] = len(gzip.compress(style.encode()))

    assert sum(sizes.values()) < 45_000, sizes
    assert "@import" not in style
    assert sizes["tracker.css"] < 18_000
    assert sizes["tracker.js"] + sizes["experiment.js"] < 12_000
