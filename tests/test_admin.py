"""The back office: every list opens at a fixed number of queries, and actions ask first."""

import re
from pathlib import Path

from django.apps import apps
from django.contrib import admin
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from artifacts import ingest
from artifacts.models import Artifact, DiscardedBlob
from artifacts.paths import Place
from tests import make
from tracker import (
    audit,
    invitations,
    lifecycle,
    logged_models,
    projects,
    registry,
    tasks,
    tokens,
)
from tracker.models import (
    Action,
    AuditEvent,
    Candidate,
    Dataset,
    DatasetUse,
    DatasetUseTag,
    DiscardedSeries,
    Experiment,
    Job,
    LoggedModelMetric,
    MetricRules,
    ModelUse,
    Project,
    Recount,
    Role,
    SavedView,
    ShortLink,
    Star,
    Status,
    Tally,
    User,
    What,
    Worker,
)

REGISTERED = sorted(admin.site._registry, key=lambda model: model._meta.label)
# Rows without a number of their own: charts show them.
UNLISTED = {"FailedSignIn", "Point", "Tile"}


def address(model, page="changelist", *args):
    meta = model._meta
    return reverse(f"admin:{meta.app_label}_{meta.model_name}_{page}", args=args)


def fill(experiment, number):
    for n in range(number):
        made = make.candidate(
            experiment,
            metrics={"acc": 1.0},
            params={"lr": "1"},
            tags={"a": "b", "gitlab.CI_JOB_ID": str(n)},
        )
        model = make.logged_model(experiment, name=f"net {n}")
        for owner in (made, model):
            ingest.receive(Place(owner, f"{n}.txt"), [b"1"], size_bytes=1)
        everything_else(made, f"{experiment.pk} {n}")
        Job.objects.create(kind="x", title="Export", project=experiment.project)
        user = make.user(f"user {experiment.pk} {n}")
        tokens.issue(user, name="t", project=experiment.project)
        make.experiment(experiment.project, f"other {experiment.pk} {n}")
        make.project(f"project-of-{n}-{experiment.pk}")


def everything_else(candidate, name):
    """So that no list is empty: an empty one costs nothing, whatever it asks for each row."""
    project, experiment = candidate.project, candidate.experiment
    user = make.user(f"someone {name}")
    data = Dataset.objects.create(experiment=experiment, name=name, digest="1")
    use = DatasetUse.objects.create(candidate=candidate, dataset=data)
    DatasetUseTag.objects.create(use=use, key="context", value="train")
    net = make.registered_model(project, name, tags={"team": "a"})
    version = make.version(net, tags={"team": "a"})
    registry.set_alias(version, "champion")
    lifecycle.set_experiment_tag(experiment, name, "a")
    make.member(project, f"member {name}", Role.READER)
    Recount.ask([experiment.pk])
    large = make.experiment(project, f"large {name}")
    now = timezone.now()
    Tally.objects.create(
        experiment=large, candidates=1, failed=0, upto=1, counted_at=now
    )
    model = make.logged_model(experiment, name=f"of {name}", tags={"a": "b"})
    logged_models.log_params(model, {"lr": "1"})
    ModelUse.objects.create(candidate=candidate, model_eid=model.eid, direction="o")
    LoggedModelMetric.objects.create(
        model=model, key="acc", value=1.0, step=0, timestamp=0, run_id=candidate.eid
    )
    SavedView.objects.create(experiment=experiment, owner=user, slug=name, name=name)
    ShortLink.objects.create(project=project, code=name, path="/")
    Star.objects.create(user=user, experiment=experiment)
    MetricRules.objects.get_or_create(project=make.project(f"rules-{user.pk}"))
    Action.objects.create(project=project, asked_by=user, verb="tag", candidates=[])
    invitations.invite(project, Role.READER, by=user)
    DiscardedSeries.objects.create(metric_id=user.pk, count=1)
    DiscardedBlob.objects.create(blob=name)
    Worker.objects.create(name=name, seen_at=timezone.now())
    audit.record(What.EXPORTED, project=project, about=experiment)


def test_lists_every_model():
    ours = {
        model.__name__
        for name in ("tracker", "artifacts")
        for model in apps.get_app_config(name).get_models()
    }

    assert ours - {model.__name__ for model in REGISTERED} == UNLISTED


def test_opens_every_list_and_its_first_row(browser, experiment):
    fill(experiment, 1)

    for model in REGISTERED:
        answer = browser.get(address(model), {"q": "a"})
        assert answer.status_code == 200, model
        assert "unsafe" not in answer["Content-Security-Policy"], model
        assert "style=" not in answer.text, model
        row = model._default_manager.first()
        page = browser.get(address(model, "change", row.pk))
        assert page.status_code == 200, model
        # No form offers all rows of another table.
        assert "<select" not in page.text or model is Project, model


def test_a_list_costs_the_same_however_long_it_is(browser, experiment):
    def costs():
        return {model: cost(browser, model) for model in REGISTERED}

    fill(experiment, 2)
    browser.get("/admin/")  # the local owner is known from here on
    few = costs()
    fill(make.experiment(experiment.project), 4)
    many = costs()

    for model in REGISTERED:
        queries = many[model]
        assert model._default_manager.count() > 2, model
        assert len(queries) == len(few[model]) <= 5, "\n".join([str(model), *queries])
        for query in queries:  # nothing goes through a whole table
            assert "COUNT(" not in query or "LIMIT 10000" in query, model
            assert "DISTINCT" not in query, model


def cost(browser, model):
    with CaptureQueriesContext(connection) as queries:
        assert browser.get(address(model)).status_code == 200
    return [query["sql"] for query in queries]


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


def test_writes_down_what_was_changed_of_an_account(browser, db):
    user = make.user("mallory")
    form = {"username": "mallory", "first_name": "Mal", "last_name": "", "email": ""}

    browser.post(address(User, "change", user.pk), form | {"is_superuser": "on"})
    browser.post(address(User, "change", user.pk), form | {"is_superuser": "on"})

    user.refresh_from_db()
    assert (user.first_name, user.is_superuser, user.is_active) == ("Mal", True, True)
    [line] = AuditEvent.objects.filter(what=What.USER_CHANGED)
    assert (line.user_name, line.kind, line.title) == ("local", "user", "mallory")
    assert "First name:  → Mal" in line.note
    assert "Superuser status: False → True" in line.note


def test_writes_down_new_accounts_and_passwords(browser, db):
    one, other = "a-long-password-1", "a-long-password-2"
    page = reverse("admin:tracker_user_add")
    browser.post(
        page,
        {"username": "eve", "password1": one, "password2": one}
        | {"usable_password": "true"},
    )
    eve = User.objects.get(username="eve")
    page = reverse("admin:auth_user_password_change", args=[eve.pk])
    browser.post(page, {"password1": other, "password2": other})

    eve.refresh_from_db()
    assert eve.check_password(other)
    told = AuditEvent.objects.filter(title="eve").order_by("pk")
    assert [line.what for line in told] == [What.USER_CREATED, What.PASSWORD_CHANGED]
    assert not any(secret in line.note for line in told for secret in (one, other))


def test_lets_nobody_lock_themselves_out(browser, db):
    browser.get("/admin/")
    own = User.objects.get(username="local")

    browser.post(address(User, "change", own.pk), {"username": "local"})

    own.refresh_from_db()
    assert own.is_staff and own.is_superuser


def test_changes_a_project_as_its_own_page_does(browser, experiment):
    project = experiment.project
    page = address(Project, "change", project.pk)
    assert "/p/default/settings/members/" in browser.get(page).text

    form = {"name": "Vision 2", "description": "", "visibility": "internal"}
    browser.post(page, form)

    project.refresh_from_db()
    assert (project.name, project.visibility) == ("Vision 2", "internal")
    told = AuditEvent.objects.filter(project=project, user_name="local")
    assert set(told.values_list("what", flat=True)) >= {
        What.VISIBILITY_CHANGED,
        What.PROJECT_CHANGED,
    }


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
    pages = dict(token.findall((folder / "tokens.css").read_text()))
    own = dict(token.findall((folder / "admin.css").read_text()))
    own["accent"] = own.pop("tracker-accent")

    shared = {name: value for name, value in own.items() if name in pages}
    assert len(shared) > 10
    assert shared == {name: pages[name] for name in shared}
