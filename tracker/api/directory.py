"""From an address to its endpoint, by looking it up.

Django's resolver tries one line of the table of contents after the other, which for a
point that is logged takes as long as storing it. Most addresses have no variable part
behind the project's; those are found in a dictionary, the others as usual.
"""

import functools
from collections.abc import Callable
from typing import Any, NamedTuple, cast

from django.http import HttpRequest, HttpResponseBase
from django.urls import resolve

from tracker.api import errors, urls
from tracker.api.endpoint import EndpointView

View = Callable[..., HttpResponseBase]


class Found(NamedTuple):
    view: View
    path: dict[str, Any]  # the variable parts of the address

    def answer(self, request: HttpRequest) -> HttpResponseBase:
        return self.view(request, **self.path)


def find(address: str) -> Found | None:
    """The endpoint at an address; None where a page may answer, below /api/v4 too.

    Raises Resolver404 where nothing does.
    """
    if not errors.is_api_path(address):
        return None
    if found := quickly(address):
        return found
    match = resolve(address)
    if getattr(match.func, "cls", None) is not EndpointView:
        return None
    return Found(match.func, match.kwargs)


def quickly(address: str) -> Found | None:
    """The endpoint at an address without a variable part, but for the project's."""
    if view := exact().get(address[1:]):
        return Found(view, {})
    parts = errors.API_PATH.match(address)
    project = parts and (parts["slug"] or parts["gitlab"])
    if not (parts and project):
        return None
    view = exact().get(address[parts.start("rest") :])
    return Found(view, {"project": project}) if view else None


@functools.cache
def exact() -> dict[str, View]:
    """The views whose address below a tracking URI is always the same."""
    return {
        str(line.pattern): plain(line.callback)
        for line in urls.urlpatterns
        if not line.pattern.converters
    }


def plain(view: Any) -> View:
    """The same without the frames that Django puts around a view; none is needed here."""
    if getattr(view, "cls", None) is not EndpointView:
        return cast(View, view)

    def answer(request: HttpRequest, **path: str) -> HttpResponseBase:
        return EndpointView(**view.initkwargs).dispatch(request, **path)

    return answer
