"""The back office: every list opens at a fixed number of queries, and actions ask first."""

import re
from pathlib import Path

import pytest
from django.apps import apps
from django.contrib import admin
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from artifacts import ingest
from artifacts.models import Artifact
from artifacts.paths import Place
from tests import make
from tracker import lifecycle, logged_models, projects, tasks, tokens
from tracker.models import Candidate, Experiment, Job, Project, Status

REGISTERED = sorted(admin.site._registry, key=lambda model: model._meta.label)
# Rows without a number of their own: charts show them.
UNLISTED = {"Point", "Tile"}


def address(model, page="changelist", *args):
    meta = model._meta
    return reverse(f"admin:{meta.app_label}_{meta.model_name}_{page}", args=args)


def fill(experiment, number):
    for n in range(number):
        made = make.candidate(
            experiment,
            metrics={"acc": 1.0},
            params={"lr": "1"},
            tags={"a": "b", "CI_JOB_ID": str(n)},
        )
        model = make.logged_model(experiment, name=f"net {n}")
        for owner in (made, model):
            ingest.receive(Place(owner, f"{n}.txt"), [b"1"], size_bytes=1)
        Job.objects.create(kind="x", title="Export", project=experiment.project)
        user = make.user(f"user {experiment.pk} {n}")
        tokens.issue(user, name="t", project=experiment.project)
        make.experiment(experiment.project, f"other {experiment.pk} {n}")
        make.project(f"project-of-{n}-{experiment.pk}")


def test_lists_every_model():
    ours = {
        model.__name__
        for name in ("tracker", "artifacts")
        for model in apps.get_app_config(name).get_models()
    }

    assert ours - {model.__name__ for model in REGISTERED} == UNLISTED


@pytest.mark.parametrize("model", REGISTERED, ids=lambda model: model._meta.label)
def test_opens_the_list_and_the_first_row_of(model, browser, experiment):
    fill(experiment, 1)

    answer = browser.get(address(model), {"q": "a"})

    assert answer.status_code == 200
    assert "unsafe" not in answer["Content-Security-Policy"]
    assert "style=" not in answer.text
    if row := model._default_manager.first():
        assert browser.get(address(model, "change", row.pk)).status_code == 200


@pytest.mark.parametrize("model", REGISTERED, ids=lambda model: model._meta.label)
def test_a_list_costs_the_same_however_long_it_is(model, browser, experiment):
    def cost():
        with CaptureQueriesContext(connection, ) as queries:  # fmt: skip
            assert browser.get(address(model)).status_code == 200
        return [query["sql"] for query in queries]

    fill(experiment, 2)
    cost()  # the local owner is known from here on
    few = cost()
    fill(make.experiment(experiment.project), 6)
    many = cost()

    assert len(many) == len(few) <= 5, "\n".join(many)
    # No count goes through a whole table.
    for query in many:
        if "COUNT(" in query:
            assert "LIMIT 10000" in query


def test_lists_lead_to_what_belongs_to_a_row(browser, experiment):
    fill(experiment, 2)
    candidate = Candidate.objects.first()

    page = browser.get(address(Candidate)).text

    links = re.findall(r'href="(/admin/[^"]*\?candidate__id__exact=\d+)"', page)
    assert len(links) == 2 * 4
    for link in links:
        assert browser.get(link).status_code == 200
    assert f'href="/p/default/c/{candidate.iid}/"' in page


def test_lets_nobody_change_what_a_script_reported(browser, experiment):
    candidate = make.candidate(experiment, params={"lr": "1"})
    page = reverse("admin:tracker_param_change", args=[candidate.params.get().pk])

    assert browser.post(page, {"value": "2"}).status_code == 403
    assert candidate.params.get().value == "1"
    assert browser.get(address(Candidate, "add")).status_code == 403


# ---------------------------------------------------------------- actions


def act(browser, model, action, *rows, **more):
    answer = browser.post(
        address(model),
        {"action": action, "_selected_action": [row.pk for row in rows], **more},
        follow=True,
    )
    assert answer.status_code == 200
    return answer.text


def test_finishes_what_is_stuck(browser, experiment):
    stuck, done = make.candidates(experiment, 2)
    lifecycle.update_candidate(done, status=Status.FINISHED, ended_ms=1)

    page = act(browser, Candidate, "finish", stuck, done)

    assert "1 finished as failed." in page
    stuck.refresh_from_db()
    done.refresh_from_db()
    assert (stuck.status, done.status) == (Status.FAILED, Status.FINISHED)
    assert stuck.ended_ms


def test_restores_what_is_deleted(browser, experiment):
    candidate = make.candidate(experiment)
    lifecycle.delete_experiment(experiment)

    assert "1 restored." in act(browser, Experiment, "restore", experiment)

    candidate.refresh_from_db()
    assert not candidate.is_deleted


def test_purges_after_saying_what_goes_and_a_typed_word(browser, experiment):
    kept, gone = (make.candidate(experiment, metrics={"a": 1.0}) for _ in range(2))
    lifecycle.delete_candidate(gone)
    rows = (kept, gone)

    page = act(browser, Candidate, "purge", *rows)
    assert "1 candidate, with 1 points and 0 files" in page
    assert "Type <strong>purge</strong>" in page
    page = act(browser, Candidate, "purge", *rows, typed="yes")
    assert "That is not the word." in page
    assert not Job.objects.exists()

    page = act(browser, Candidate, "purge", *rows, typed="purge")
    job = Job.objects.get()
    assert f'href="/jobs/{job.pk}/"' in page
    tasks.do(job.pk)
    assert Candidate.objects.get() == kept


def test_purges_experiments_and_models(browser, experiment):
    model = make.logged_model(experiment, name="net")
    logged_models.delete(model)
    other = make.experiment(experiment.project, "old")
    lifecycle.delete_experiment(other)

    for row in (model, other):
        act(browser, type(row), "purge", row, typed=row.name)
        tasks.do(Job.objects.latest("pk").pk)

    assert not type(model).objects.exists()
    assert not Experiment.with_purged.filter(pk=other.pk).exists()


def test_deletes_and_purges_a_project_by_its_name(browser, experiment):
    project = make.project("old")

    assert "Type <strong>old</strong>" in act(
        browser, Project, "delete_softly", project
    )
    act(browser, Project, "delete_softly", project, typed="old")
    project.refresh_from_db()
    assert project.is_deleted
    assert "1 restored." in act(browser, Project, "restore", project)

    projects.delete(project)
    assert "old: 1 experiment" in act(browser, Project, "purge", project)
    act(browser, Project, "purge", project, typed="old")
    tasks.do(Job.objects.get().pk)
    assert not Project.objects.filter(pk=project.pk).exists()


def test_revokes_retries_and_looks_again(browser, experiment):
    fill(experiment, 1)
    Job.objects.update(state="failed")
    Artifact.objects.update(state="failed", problem="No.")
    token = tokens.AccessToken.objects.get()

    assert "1 revoked." in act(browser, tokens.AccessToken, "revoke", token)
    assert "1 tried again." in act(browser, Job, "retry", Job.objects.get())
    said = act(browser, Artifact, "look_again", *Artifact.objects.all())

    assert "2 waiting to be looked at." in said
    token.refresh_from_db()
    assert token.revoked_at <= timezone.now()


def test_blocks_an_account_by_its_name(browser, db):
    user = make.user("mallory")

    assert "Type <strong>mallory</strong>" in act(browser, type(user), "block", user)
    act(browser, type(user), "block", user, typed="mallory")

    user.refresh_from_db()
    assert not user.is_active
    assert "1 unblocked." in act(browser, type(user), "unblock", user)


# ---------------------------------------------------------------- the look


def test_carries_the_product_s_name_and_theme(browser, db):
    browser.post("/you/theme/", {"theme": "dark", "next": "/"})

    page = browser.get("/admin/").text

    assert "Django" not in re.sub(r"<(script|link)[^>]*>", "", page)
    assert "theme-dark" in page
    assert "css/admin.css" in page


def test_has_the_colours_of_the_pages():
    folder = Path(__file__).resolve().parent.parent / "static" / "css"
    token = re.compile(r"--([a-z-]+): (light-dark\([^)]*\)|#[0-9a-f]+)")
    pages = dict(token.findall((folder / "tracker.css").read_text()))
    own = dict(token.findall((folder / "admin.css").read_text()))
    own["accent"] = own.pop("tracker-accent")

    shared = {name: value for name, value in own.items() if name in pages}
    assert len(shared) > 10
    assert shared == {name: pages[name] for name in shared}
