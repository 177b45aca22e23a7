"""The history of a project or of the server: what is asked for, page by page, and as a file."""

import csv
import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, time
from typing import Any, NamedTuple

from django import forms
from django.http import HttpRequest
from django.urls import NoReverseMatch, reverse
from django.utils import timezone

from dashboard.access_forms import LINE, PICK
from dashboard.table.exports import Line, guarded
from tracker.models import AuditEvent, What
from tracker.models.audit import AuditEventQuerySet

ON_A_PAGE = 50
IN_A_BATCH = 1000
LARGEST_KEY = 2**63 - 1

# What happens to the server and to no project stands first.
ACCOUNTS = (
    "Signing in and accounts",
    (
        What.SIGNED_IN,
        What.SIGN_IN_FAILED,
        What.SIGNED_OUT,
        What.SESSIONS_ENDED,
        What.PASSWORD_CHANGED,
        What.USER_CREATED,
        What.USER_CHANGED,
        What.USER_BLOCKED,
        What.USER_UNBLOCKED,
    ),
)
OF_PROJECTS = (
    (
        "Members",
        (
            What.MEMBER_INVITED,
            What.INVITATION_WITHDRAWN,
            What.INVITATION_USED,
            What.MEMBER_ADDED,
            What.ROLE_CHANGED,
            What.MEMBER_REMOVED,
        ),
    ),
    ("Tokens", (What.TOKEN_MADE, What.TOKEN_FIRST_USED, What.TOKEN_REVOKED)),
    (
        "Project",
        (What.PROJECT_CREATED, What.PROJECT_CHANGED, What.VISIBILITY_CHANGED),
    ),
    (
        "What is in it",
        (
            What.DELETED,
            What.RESTORED,
            What.PURGED,
            What.EXPERIMENT_CHANGED,
            What.ARCHIVED,
            What.UNARCHIVED,
            What.LOCKED,
            What.UNLOCKED,
            What.EXPORTED,
            What.IMPORTED,
            What.DENIED,
        ),
    ),
)
Group = tuple[str, tuple[What, ...]]


class EventsForm(forms.Form):
    """Whose events, of which kind, and when; everything may stay empty."""

    who = forms.CharField(
        label="User name",
        max_length=150,
        required=False,
        widget=forms.TextInput(LINE | {"placeholder": "User name"}),
    )
    what = forms.ChoiceField(label="What", required=False, widget=forms.Select(PICK))
    since = forms.DateField(
        label="From",
        required=False,
        widget=forms.DateInput({"class": "input", "type": "date"}),
    )
    until = forms.DateField(
        label="To",
        required=False,
        widget=forms.DateInput({"class": "input", "type": "date"}),
    )

    def __init__(self, *args: Any, groups: tuple[Group, ...], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        kinds = [(name, [(w.value, w.label) for w in whats]) for name, whats in groups]
        self.fields["what"].choices = [("", "Everything"), *kinds]  # type: ignore[attr-defined]

    @property
    def is_asking(self) -> bool:
        return any(self.data.get(name) for name in self.fields)


def chosen(form: EventsForm, events: AuditEventQuerySet) -> AuditEventQuerySet:
    """Those that the form asks for; none while it is wrong."""
    if not form.is_valid():
        return events.none()
    asked = form.cleaned_data
    since, until = asked["since"], asked["until"]
    return events.asked_for(
        who=asked["who"],
        what=asked["what"],
        begin=at(since, time.min) if since else None,
        end=at(until, time.max) if until else None,
    )


def at(day: date, moment: time) -> datetime:
    return timezone.make_aware(datetime.combine(day, moment))


@dataclass(frozen=True, slots=True)
class Told:
    """One event as a row shows it."""

    event: AuditEvent
    url: str  # of the thing, where it has a page

    @property
    def who(self) -> str:
        event = self.event
        if event.user_name:
            return event.user_name
        # A command or a task has no address.
        return "Somebody" if event.address else "The server"


class Events(NamedTuple):
    """One page of them, newest first, and the keys where its neighbours begin."""

    rows: list[Told]
    newer: int | None
    older: int | None
    is_first: bool


def page(request: HttpRequest, events: AuditEventQuerySet) -> Events:
    """One query, however long the history is: it goes on from a key, not from a number."""
    before, after = key(request, "before"), key(request, "after")
    if after is not None:
        newer = list(events.filter(pk__gt=after).order_by("pk")[: ON_A_PAGE + 1])
        more_above = len(newer) > ON_A_PAGE
        rows = newer[:ON_A_PAGE][::-1]
        more_below = True
    else:
        if before is not None:
            events = events.filter(pk__lt=before)
        rows = list(events.order_by("-pk")[: ON_A_PAGE + 1])
        more_below = len(rows) > ON_A_PAGE
        rows = rows[:ON_A_PAGE]
        more_above = before is not None
    return Events(
        [Told(event, address(event)) for event in rows],
        newer=rows[0].pk if rows and more_above else None,
        older=rows[-1].pk if rows and more_below else None,
        is_first=before is None and after is None,
    )


def key(request: HttpRequest, name: str) -> int | None:
    text = request.GET.get(name, "")
    if not (text.isascii() and text.isdigit()):
        return None
    return min(int(text[:20]), LARGEST_KEY)


def address(event: AuditEvent) -> str:
    """The page of what an event is about; what was purged has none."""
    if event.what == What.PURGED or not event.project_slug:
        return ""
    name, *args = {
        "experiment": ("experiment", event.number),
        "candidate": ("candidate", event.number),
        "registered model": ("model", event.title),
        "model version": ("model_version", *event.title.rsplit(" ", 1)),
        "project": ("project",),
    }.get(event.kind, ("",))
    try:
        return reverse(name, args=[event.project_slug, *args]) if name else ""
    except NoReverseMatch:
        return ""  # a title that was cut


# ---------------------------------------------------------------- as a file

COLUMNS = (
    "at",
    "what",
    "says",
    "user",
    "token",
    "address",
    "project",
    "kind",
    "number",
    "title",
    "note",
    "request_id",
)


def facts(event: AuditEvent) -> dict[str, str]:
    return {
        "at": event.at.isoformat(),
        "what": event.what,
        "says": event.sentence,
        "user": event.user_name,
        "token": event.token_name,
        "address": event.address,
        "project": event.project_slug,
        "kind": event.kind,
        "number": event.number,
        "title": event.title,
        "note": event.note,
        "request_id": event.request_id,
    }


def every(events: AuditEventQuerySet) -> Iterator[dict[str, str]]:
    """All of them, newest first, a batch in memory at a time."""
    before = LARGEST_KEY
    while True:
        rows = list(events.filter(pk__lt=before).order_by("-pk")[:IN_A_BATCH])
        yield from map(facts, rows)
        if len(rows) < IN_A_BATCH:
            return
        before = rows[-1].pk


def csv_lines(events: AuditEventQuerySet) -> Iterator[str]:
    writer = csv.writer(Line())
    yield "\ufeff" + writer.writerow(COLUMNS)
    for row in every(events):
        yield writer.writerow([guarded(row[name]) for name in COLUMNS])


def json_lines(events: AuditEventQuerySet) -> Iterator[str]:
    """One array, an event to a line."""
    separator = "[\n"
    for row in every(events):
        yield separator + json.dumps(row, ensure_ascii=False)
        separator = ",\n"
    yield "[]\n" if separator.startswith("[") else "\n]\n"


LINES = {"csv": csv_lines, "json": json_lines}
