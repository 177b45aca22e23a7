"""Finding experiments."""

import pytest

from tests import make
from tracker import lifecycle
from tracker.models import Experiment
from tracker.search import experiments
from tracker.search.grammar import BadFilter
from tracker.search.paging import View


@pytest.fixture
def project(vision):
    """Experiment 0 is there from birth."""
    for name, team in (("beta", "red"), ("Alpha", "blue"), ("gamma_1", "")):
        make.experiment(vision, name, tags={"team": team} if team else {})
    for experiment in vision.experiments.all():
        experiment.created_ms = experiment.updated_ms = 1000 + experiment.iid // 2
        experiment.save()
    return vision


def names(project, text="", **options):
    return [row.name for row in experiments.find(project, text=text, **options).rows]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", ["beta", "Alpha", "gamma_1", "Default"]),
        ("name = 'beta'", ["beta"]),
        ("name != 'beta' AND attribute.name != 'Default'", ["Alpha", "gamma_1"]),
        ("name LIKE 'a%'", []),
        ("attributes.name ILIKE 'a%'", ["Alpha"]),
        ("name LIKE '%_1'", ["gamma_1"]),
        ("experiment_id = '0'", ["Default"]),
        ("experiment_id IN ('1', '3', '99')", ["beta", "gamma_1"]),
        ("experiment_id NOT IN ('0')", ["beta", "Alpha", "gamma_1"]),
        ("creation_time > 1000", ["beta", "Alpha", "gamma_1"][1:]),
        ("last_update_time <= 1000", ["Default", "beta"]),
        ("tags.team = 'red'", ["beta"]),
        ("tag.team != 'red'", ["Alpha"]),
        ("tags.team IS NULL", ["gamma_1", "Default"]),
        ("tags.team IS NOT NULL", ["beta", "Alpha"]),
    ],
)
def test_finds(project, text, expected):
    assert sorted(names(project, text)) == sorted(expected)


@pytest.mark.parametrize(
    "text",
    [
        "name IN ('beta')",
        "experiment_id = 1",
        "experiment_id LIKE '1'",
        "creation_time > 1.5",
        "creation_time > '1'",
        "params.a = 'x'",
        "metrics.a = 1",
        "attr.name = 'x'",
        "lifecycle_stage = 'active'",
        "name = 'x' OR 1=1",
    ],
)
def test_refuses(project, text):
    with pytest.raises(BadFilter):
        experiments.find(project, text=text)


@pytest.mark.parametrize(
    ("order_by", "expected"),
    [
        ([], ["Alpha", "gamma_1", "Default", "beta"]),
        (["name"], ["Alpha", "Default", "beta", "gamma_1"]),
        (["name DESC"], ["gamma_1", "beta", "Default", "Alpha"]),
        (["experiment_id"], ["Default", "beta", "Alpha", "gamma_1"]),
        (["creation_time ASC"], ["beta", "Default", "gamma_1", "Alpha"]),
        (["last_update_time DESC", "name"], ["Alpha", "gamma_1", "Default", "beta"]),
    ],
)
def test_orders(project, order_by, expected):
    found, token = [], ""
    while token is not None:
        page = experiments.find(project, order_by=order_by, limit=1, token=token)
        found += [row.name for row in page.rows]
        token = page.next_token

    assert found == names(project, order_by=order_by) == expected


@pytest.mark.parametrize(
    "order_by",
    [["tags.team"], ["nothing"], ["name", "name DESC"], ["name; DROP"], ["name NULLS"]],
)
def test_refuses_an_order(project, order_by):
    with pytest.raises(BadFilter):
        experiments.find(project, order_by=order_by)


def test_shows_what_the_view_names(project):
    Experiment.objects.filter(name="beta").update(deleted_at="2026-01-01T00:00:00Z")

    assert "beta" not in names(project)
    assert names(project, view=View.DELETED_ONLY) == ["beta"]
    assert len(names(project, view=View.ALL)) == 4


def test_stays_in_its_project(project):
    make.experiment(lifecycle.default_project(), "elsewhere")

    assert "elsewhere" not in names(project)
