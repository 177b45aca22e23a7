"""Every page, in both themes and at three widths: accessible, and nothing sideways."""

import pytest
from django.utils import timezone

from tests import make
from tests.browser.conftest import overflow
from tracker import invitations, registry, tokens
from tracker.models import Candidate, CIBuild, Role, Status, User

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

LONG = "a-rather-long-name-" * 12


@pytest.fixture
def world(vision):
    """A sweep with every state, a child, a CI job, long names; and a folder of others."""
    vision.description = "# Goal\n\nFind *cats*.\n\n| a | b |\n|-|-|\n| 1 | 2 |"
    vision.save()
    sweep = make.experiment(
        vision,
        "classification/resnet-sweep",
        tags={"mlflow.note.content": "Goal above 0.93. " * 20},
    )
    parent = make.candidate(sweep, name="search")
    for n, status in enumerate([*Status.values, "FINISHED", "FINISHED"]):
        candidate = make.candidate(
            sweep,
            name=LONG if n == 0 else f"r50-{n}",
            user_id=f"user-{n % 2}",
            metrics={"val/acc": 0.9 + n / 100, "val/loss": 1 / (n + 1), "lr": 0.1},
            params={"lr": f"0.{n}", "model": f"m{n % 2}", "note": LONG * (n % 2)},
            tags={"mlflow.parentRunId": parent.eid} if n == 2 else {},
        )
        Candidate.objects.filter(pk=candidate.pk).update(
            status=status,
            ended_ms=None if status == "RUNNING" else candidate.started_ms + 90_000,
        )
    CIBuild.objects.create(
        candidate=candidate, provider="gitlab", job_name="train", job_url="https://x/1"
    )
    make.candidate(make.experiment(vision, f"classification/{LONG}"))
    make.experiment(vision, "detection/empty")
    for name in ("ada", LONG[:150]):
        make.member(vision, name, Role.WRITER)
    ada = User.objects.get(username="ada")
    invitations.invite(vision, Role.READER, by=ada, note=LONG[:100])
    tokens.issue_for_project(vision, name=LONG[:100])
    for name in ("detector", LONG[:200]):
        model = make.registered_model(vision, name, description="# Card\n\nFinds cats.")
        source = f"runs:/{candidate.eid}/model"
        made = make.version(model, source, run_id=candidate.eid, description=LONG)
        registry.set_alias(made, LONG[:200])
        registry.set_alias(made, "champion")
        registry.set_alias(make.version(model, tags={"team": LONG}), "challenger")
    deleted = make.experiment(vision, "deleted")
    deleted.deleted_at = timezone.now()
    deleted.save()
    return sweep


PAGES = {
    "home": "/",
    "projects": "/projects/",
    "project": "/p/vision/",
    "general": "/p/vision/settings/",
    "members": "/p/vision/settings/members/",
    "tokens": "/p/vision/settings/tokens/",
    "history": "/p/vision/settings/history/?since=x",
    "server history": "/admin/history/",
    "administration": "/admin/",
    "its lists": "/admin/tracker/candidate/",
    "access": "/p/vision/access/?who=local",
    "experiments": "/p/vision/experiments/",
    "deleted": "/p/vision/experiments/?view=deleted",
    "new": "/p/vision/experiments/new/",
    "table": "/p/vision/experiments/1/",
    "columns": "/p/vision/experiments/1/?find=a&diff=1&n=25",
    "empty": "/p/vision/experiments/3/",
    "groups": "/p/vision/experiments/1/?group=p:model&b=2&agg=max",
    "tree": "/p/vision/experiments/1/?open=1&q=r50",
    "act": "/p/vision/experiments/1/act/?verb=tag&c=1-3",
    "baseline": "/p/vision/experiments/1/act/?verb=baseline&c=1",
    "trash": "/p/vision/trash/",
    "purge": "/p/vision/trash/delete/?all=1",
    "models": "/p/vision/models/",
    "model": "/p/vision/models/detector/",
    "version": "/p/vision/models/detector/1/",
    "long": f"/p/vision/models/{LONG[:200]}/1/",
    "metrics": "/p/vision/metrics/",
    "settings": "/p/vision/experiments/1/settings/",
    "rules": "/p/vision/experiments/1/metrics/",
    "start": "/p/vision/start/?lib=ci",
    "share": "/you/share/",
    "paste": "/r/",
    "tracking": "/api/v4/projects/vision/ml/mlflow",
}


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("name", PAGES)
def test_is_accessible(world, open_page, is_accessible, name, theme):
    is_accessible(open_page(PAGES[name], theme=theme))


@pytest.mark.parametrize(
    "name",
    [
        "table",
        "groups",
        "trash",
        "models",
        "version",
        "metrics",
        "experiments",
        "project",
        "start",
        "members",
    ],
)
def test_is_accessible_on_a_phone(world, open_page, is_accessible, name):
    is_accessible(open_page(PAGES[name], size="phone"))


@pytest.mark.parametrize("size", ["wide", "tablet", "phone"])
def test_never_scrolls_sideways(world, open_page, size):
    page = open_page("/", size=size)
    for address in PAGES.values():
        page.goto(address)
        assert overflow(page) <= 0, address


def test_a_fresh_installation_is_accessible(db, open_page, is_accessible):
    page = open_page("/")

    is_accessible(page)
    assert page.locator("h1").inner_text() == "Log your first candidate"


def test_an_alias_moves_without_script(world, open_page):
    page = open_page("/p/vision/models/detector/1/", script=False)

    page.get_by_text("Set an alias").click()
    page.get_by_role("button", name="Move challenger from v2 → v1").click()

    assert "challenger: v2 → v1" in page.inner_text("body")
    assert "challenger" in page.inner_text("header.head")
