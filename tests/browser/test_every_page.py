"""Every page, in both themes and at three widths: accessible, and nothing sideways.

The pages are read from the route table, so that a new one is covered by itself; beside
them stand the states of pages that only a query leads to.
"""

import json
import re
from functools import partial

import pytest
from django.test import Client, RequestFactory
from django.utils import timezone
from playwright.sync_api import Route, expect

from dashboard import refused
from tests import make
from tests.browser.samples import curve, put
from tracker import invitations, members, redaction, registry, routes, tokens
from tracker.models import (
    Action,
    Candidate,
    CIBuild,
    Job,
    Project,
    Role,
    Status,
    User,
)

pytestmark = [
    pytest.mark.browser,
    pytest.mark.django_db(transaction=True),
    pytest.mark.usefixtures("storage"),
]

LONG = "a-rather-long-name-" * 12


@pytest.fixture
def world(vision, candidate):
    """A sweep with every state, a child, a CI job, long names; and a folder of others.

    Gives what fills the placeholders of addresses.
    """
    vision.description = "# Goal\n\nFind *cats*.\n\n| a | b |\n|-|-|\n| 1 | 2 |"
    vision.save()
    sweep = make.experiment(
        vision,
        "classification/resnet-sweep",
        tags={"mlflow.note.content": "Goal above 0.93. " * 20},
    )
    parent = make.candidate(sweep, name="search")
    for n, status in enumerate([*Status.values, "FINISHED", "FINISHED"]):
        one = make.candidate(
            sweep,
            name=LONG if n == 0 else f"r50-{n}",
            user_id=f"user-{n % 2}",
            metrics={"val/acc": 0.9 + n / 100, "val/loss": 1 / (n + 1), "lr": 0.1},
            params={"lr": f"0.{n}", "model": f"m{n % 2}", "note": LONG * (n % 2)},
            tags={"mlflow.parentRunId": parent.eid} if n == 2 else {},
        )
        Candidate.objects.filter(pk=one.pk).update(
            status=status,
            ended_ms=None if status == "RUNNING" else one.started_ms + 90_000,
        )
    CIBuild.objects.create(
        candidate=one, provider="gitlab", job_name="train", job_url="https://x/1"
    )
    lost = make.candidate(
        make.experiment(vision, f"classification/{LONG}"),
        points=curve("system/gpu_0_memory_usage_percentage", [40.0, 99.0]),
    )
    put(lost, "logs/train.log", f"{LONG}\nkilled\n".encode())
    Candidate.objects.filter(pk=lost.pk).update(written_ms=1)
    make.experiment(vision, "detection/empty")
    for name in ("ada", LONG[:150]):
        make.member(vision, name, Role.WRITER)
    ada = User.objects.get(username="ada")
    invited = invitations.invite(vision, Role.READER, by=ada, note=LONG[:100])
    tokens.issue_for_project(vision, name=LONG[:100])
    for name in ("detector", LONG[:200]):
        model = make.registered_model(vision, name, description="# Card\n\nFinds cats.")
        source = f"runs:/{one.eid}/model"
        made = make.version(model, source, run_id=one.eid, description=LONG)
        registry.set_alias(made, LONG[:200])
        registry.set_alias(made, "champion")
        registry.set_alias(make.version(model, tags={"team": LONG}), "challenger")
    deleted = make.experiment(vision, "deleted")
    deleted.deleted_at = timezone.now()
    deleted.save()
    Client().post(f"/p/vision/experiments/{sweep.iid}/act/", {"verb": "star", "c": "5"})
    logged = make.logged_model(candidate.experiment, source_run_id=candidate.eid)
    put(logged, "cm.csv", b"label,cat,dog\ncat,50,3\ndog,4,60\n")
    put(
        candidate, "report.html", b"<!doctype html><title>Report</title><h1>Report</h1>"
    )
    columns = [{"name": name, "type": "double"} for name in ("a", LONG)]
    make.reads(candidate, schema=json.dumps({"mlflow_colspec": columns}))
    job = Job.objects.create(kind="x", title=LONG, project=vision, done=1, total=3)
    return {
        "slug": "vision",
        "iid": str(candidate.iid),
        "path": "cm.csv",
        "name": "detector",
        "number": "1",
        "actions pk": str(Action.objects.get().pk),
        "jobs pk": str(job.pk),
        "models eid": logged.eid,
        "experiments iid": str(sweep.iid),
        "eid": candidate.eid,
        "secret": invited.path.split("/")[2],
        **dict(
            zip(
                ("uidb64", "token"),
                members.one_time_path(ada).split("/")[2:4],
                strict=True,
            )
        ),
    }


# Placeholders that mean another thing after this part of the address.
def address(route, world):
    def fill(found):
        before = route.address[: found.start()].rstrip("/").rpartition("/")[2]
        return world.get(f"{before} {found[1]}", world.get(found[1], "x"))

    return "/" + re.sub(r"<(?:\w+:)?(\w+)>", fill, route.address)


# What a page says without a query is not all of it; some say nothing without one.
QUERIES = {
    "who_can_see": "?who=local",
    "act": "?verb=tag&c=5-7",
    "purge": "?all=1",
    "compare": "?c=1-4",
    "explain": "?a=1&b=4",
}
STATES = [
    "/p/vision/settings/history/?since=x",
    "/admin/",
    "/admin/tracker/candidate/",
    "/admin/tracker/user/add/",
    "/p/vision/experiments/?view=deleted",
    "/p/vision/experiments/2/?find=a&diff=1&n=25",
    "/p/vision/experiments/4/",  # nothing in it
    "/p/vision/experiments/2/?group=p:model&b=7&agg=max",
    "/p/vision/experiments/2/?open=1&q=r50",
    "/p/vision/experiments/2/act/?verb=baseline&c=6",
    "/p/vision/experiments/2/act/?verb=move&c=5-7",
    "/p/vision/experiments/2/act/?verb=delete&c=5-7",
    f"/p/vision/models/{LONG[:200]}/1/",
    "/p/vision/start/?lib=ci",
    "/api/v4/projects/vision/ml/mlflow",
    "/p/vision/experiments/1/charts/",
    "/p/vision/experiments/1/insights/",
    "/p/vision/experiments/1/sweep/",
    "/p/vision/c/4/?table=1",
    "/p/vision/c/4/artifacts/images",
    "/p/vision/c/4/artifacts/plots/roc.png",
    "/p/vision/c/4/artifacts/train.py",
    "/p/vision/c/4/artifacts/report.html",
    "/p/vision/c/13/",  # silent for long
    "/p/vision/compare/?c=1",
    "/p/vision/compare/?c=1-13",
    "/p/vision/compare/?c=1-4&tab=curves",
    "/p/vision/compare/?c=1-4&tab=parallel",
    "/p/vision/compare/?c=1-4&tab=scatter",
    "/p/vision/compare/?c=1-4&table=1",
]
# What shows a page to others than the owner of a laptop: test_team.py looks at these.
OF_ACCOUNTS = {"sign_in", "set_password", "join", "account", "tokens"}
# What leads on to a page, or answers a file.
LEADS_ON = {"short", "run", "raw", "raw_model_file", "version_file"}
# Parts that a page asks for while it is open.
PARTS = {"experiment_changes", "experiment_changed", "candidate_changes"}
FILES = (".json", ".csv", ".md", ".svg")
PARTS_OF_THE_WALK = 3


def pages(world):
    """The addresses of all pages that the route table has for a laptop's owner."""
    for route in routes.routes():
        if not hasattr(route.view, "permit") or "GET" not in route.needs:
            continue
        if route.name in OF_ACCOUNTS | LEADS_ON | PARTS or not route.name:
            continue
        if not route.address.endswith(FILES):
            yield address(route, world) + QUERIES.get(route.name, "")
    yield from STATES
    yield from of_operators()


def of_operators():
    """Of each kind of page in the back office one: a list with filters, one with nothing
    found, a form with rows, a form on its own, one that only shows."""
    vision, ada = Project.objects.get(slug="vision"), User.objects.get(username="ada")
    yield "/admin/tracker/auditevent/"
    yield f"/admin/tracker/project/{vision.pk}/change/"
    yield f"/admin/tracker/user/{ada.pk}/change/"
    yield f"/admin/tracker/user/{ada.pk}/password/"
    yield "/admin/tracker/membership/?q=nobody"
    yield f"/admin/tracker/candidate/{Candidate.objects.earliest('pk').pk}/change/"


def answers():
    """Pages that no address leads to, or with a status of which a browser would complain."""
    client = Client()
    deleted = client.get("/p/vision/experiments/5/")
    assert deleted.status_code == 410
    yield "410", deleted
    chosen = {
        "action": "purge",
        "_selected_action": [Candidate.objects.latest("pk").pk],
    }
    asked = client.post("/admin/tracker/candidate/", chosen)
    assert b"to go on" in asked.content
    yield "purge in the back office", asked
    before = redaction.request_id.set("0123456789abcdef")
    said = "Tracker says why. " * 8
    refusals = [
        (str(status), refused.page(RequestFactory().get("/x/"), status, said))
        for status in (403, 429, 500)
    ]
    redaction.request_id.reset(before)
    yield from refusals


@pytest.mark.parametrize("part", range(PARTS_OF_THE_WALK))
def test_is_accessible_and_fits_every_screen(world, open_page, look, part):
    """In parts, so that test processes share the walk."""
    page = open_page("/projects/")
    found = []
    addresses = list(pages(world))
    for one in addresses[part::PARTS_OF_THE_WALK]:
        page.emulate_media(color_scheme="light", reduced_motion="reduce")
        answer = page.goto(one)
        if answer.status != 200:
            found.append(f"{one}: {answer.status}")
        else:
            found += [f"{one}: {fault}" for fault in look(page)]
    for one, answer in answers() if part == 0 else ():
        body = answer.content
        page.route("**/answer/", partial(Route.fulfill, body=body, status=200))
        page.emulate_media(color_scheme="light", reduced_motion="reduce")
        page.goto("/answer/")
        found += [f"{one}: {fault}" for fault in look(page)]

    assert len(addresses) > 50
    assert not found, "\n".join(found)


def test_a_fresh_installation_is_accessible(db, open_page, is_accessible):
    page = open_page("/")

    is_accessible(page)
    expect(page.locator("h1")).to_have_text("Log your first candidate")


def test_an_alias_moves_without_script(world, open_page):
    page = open_page("/p/vision/models/detector/1/", script=False)

    page.get_by_text("Set an alias").click()
    page.get_by_role("button", name="Move challenger from v2 → v1").click()

    expect(page.locator("body")).to_contain_text("challenger: v2 → v1")
    expect(page.locator("header.head")).to_contain_text("challenger")
