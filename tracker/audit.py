"""The memory of who did what: recorded beside the change, in its transaction.

Verbs know what happened and to which object; who asked, and from where, is known at the
door. The door leaves it in a context of the request (`asking`), so that no verb has to
pass it on.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from datetime import timedelta

from django.conf import settings
from django.contrib.auth.models import AnonymousUser
from django.core.cache import cache
from django.db import models

from tracker.models import AccessToken, AuditEvent, Project, User, What

# A loop that is refused again and again is told once in this time.
SAME_AGAIN_SECONDS = 300
# In one statement, so that a sweep of a large table holds no lock for long.
FORGET_AT_ONCE = 5000


@dataclass(slots=True)
class Origin:
    """Who asks, by which token, and from where."""

    address: str = ""
    request_id: str = ""
    user: User | AnonymousUser | None = None
    token: AccessToken | None = None


_origin: ContextVar[Origin] = ContextVar("origin")


@contextmanager
def asking(origin: Origin) -> Iterator[Origin]:
    """While a request is answered: what is recorded comes from there."""
    before = _origin.set(origin)
    try:
        yield origin
    finally:
        _origin.reset(before)


def origin() -> Origin:
    """Of the request that is being answered; an empty one in a task or a command."""
    return _origin.get(None) or Origin()


def known(user: User | AnonymousUser, token: AccessToken | None = None) -> None:
    """The door has found out who asks."""
    if here := _origin.get(None):
        here.user, here.token = user, token


def record(
    what: What,
    *,
    project: Project | None = None,
    about: models.Model | None = None,
    by: User | None = None,
    name: str = "",
    note: str = "",
) -> None:
    """Write down what happens now, together with it.

    `about` is the object; `by` is for tasks and commands, which have no request; `name`
    for somebody who has no account.
    """
    AuditEvent.objects.create(**_described(what, project, about, by, name, note))


def record_once(
    what: What, *, project: Project, about: models.Model | None = None, note: str = ""
) -> None:
    """The same, but for what a script repeats in a loop: once in some minutes."""
    here = origin()
    who = (here.user and here.user.pk) or here.address
    by = here.token.pk if here.token else ""
    on = f"{about._meta.model_name}:{about.pk}" if about else ""
    key = f"audit:{what}:{project.pk}:{who}:{by}:{on}"
    if cache.add(key, True, SAME_AGAIN_SECONDS):
        record(what, project=project, about=about, note=note)


def forget_old() -> int:
    """Remove what is older than the settings keep it; how many events that were."""
    age = timedelta(days=settings.AUDIT_DAYS)
    total = 0
    while True:
        rows = AuditEvent.objects.older_than(age).order_by("at").values_list("pk")
        forgotten, _ = AuditEvent.objects.filter(
            pk__in=[pk for (pk,) in rows[:FORGET_AT_ONCE]]
        ).delete()
        total += forgotten
        if forgotten < FORGET_AT_ONCE:
            return total


def _described(
    what: What,
    project: Project | None,
    about: models.Model | None,
    by: User | None,
    name: str,
    note: str,
) -> dict[str, object]:
    here = origin()
    who = by or here.user
    person = who if isinstance(who, models.Model) and who.is_authenticated else None
    token = None if by else here.token
    return {
        "what": what,
        "project_id": project.pk if project else None,
        "project_slug": project.slug if project else "",
        "user_id": person.pk if person else None,
        "user_name": _short(person.get_username() if person else name, 150),
        "token_id": token.pk if token else None,
        "token_name": token.name if token else "",
        "address": here.address,
        "request_id": here.request_id,
        "kind": str(about._meta.verbose_name) if about else "",
        "number": _number(about),
        "title": _short(str(about) if about else "", 200),
        "note": _short(note, 500),
    }


def _number(about: models.Model | None) -> str:
    """What people know the object by: its number in the project, else that of its row."""
    if about is None:
        return ""
    return _short(str(getattr(about, "iid", "") or about.pk), 64)


def _short(text: str, chars: int) -> str:
    """Of a length the column takes, without what no database stores."""
    return text.replace("\0", "")[:chars]
