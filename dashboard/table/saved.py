"""The saved views of an experiment's table: which there are, and which one is open."""

from datetime import timedelta
from typing import NamedTuple

from django.conf import settings
from django.contrib.auth.models import AnonymousUser
from django.db.models import Q
from django.http import HttpRequest
from django.utils.formats import date_format

from dashboard.find import Opened
from dashboard.table.state import EVERYTHING, KEPT
from tracker.models import SavedView, User


class Views(NamedTuple):
    offered: list[SavedView]
    current: SavedView | None
    slug: str  # what links say that stay in this view
    note: str = ""


def views(request: HttpRequest, opened: Opened) -> Views:
    """The view that the address names, or else the default one where it says nothing.

    One query. A view of somebody else opens by its link; it is only not listed.
    """
    asked = request.GET.get("view", "")[:100]
    experiment, user = opened.experiment, request.user
    rows = SavedView.objects.filter(experiment=experiment).filter(
        Q(slug__in=[asked, opened.view])
        | Q(pk__in=SavedView.objects.offered_to(user).filter(experiment=experiment))
    )
    known = {view.slug: view for view in rows}
    offered = [view for view in known.values() if is_offered(view, user)]
    default = known.get(opened.view)
    if default and default.deleted_at:
        default = None
    if asked == EVERYTHING:
        return Views(offered, None, EVERYTHING if default else "")
    if asked:
        view = known.get(asked)
        if view is None:
            return Views(offered, None, "", f"There is no view “{asked}” here.")
        return Views(offered, view, asked, farewell(view))
    if default and not any(name in request.GET for name in KEPT):
        return Views(offered, default, default.slug)
    return Views(offered, None, "")


def is_offered(view: SavedView, user: User | AnonymousUser) -> bool:
    if view.deleted_at:
        return False
    return view.scope == SavedView.Scope.TEAM or view.owner_id == user.pk


def farewell(view: SavedView) -> str:
    if not view.deleted_at:
        return ""
    until = view.deleted_at + timedelta(days=settings.PURGE_AFTER_DAYS)
    return (
        f"The view “{view.name}” was deleted. Links to it work until"
        f" {date_format(until, 'j M Y')}."
    )
