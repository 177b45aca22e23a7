"""Every route of the house, read from the URL table itself, and what each one needs.

A route that has declared nothing is an error of `manage.py check`.
"""

from collections.abc import Iterator
from typing import Any, NamedTuple

from django.core import checks
from django.urls import URLPattern, URLResolver, get_resolver

from tracker import permits
from tracker.api.endpoint import EndpointView
from tracker.permits import Needed


class Route(NamedTuple):
    """An address as it stands in the table, and for each method what that needs."""

    address: str
    name: str
    view: Any
    needs: dict[str, Needed] | None  # None: nothing has been declared

    @property
    def is_ours(self) -> bool:
        return self.is_endpoint or hasattr(self.view, "permit")

    @property
    def is_endpoint(self) -> bool:
        return getattr(self.view, "cls", None) is EndpointView


def routes() -> list[Route]:
    return list(_below(get_resolver(), "", ()))


def _below(
    resolver: URLResolver, prefix: str, namespaces: tuple[str, ...]
) -> Iterator[Route]:
    for entry in resolver.url_patterns:
        address = prefix + str(entry.pattern)
        if isinstance(entry, URLPattern):
            view = entry.callback
            yield Route(address, entry.name or "", view, _needs(view, namespaces))
        else:
            inner = (*namespaces, entry.namespace) if entry.namespace else namespaces
            yield from _below(entry, address, inner)


def _needs(view: Any, namespaces: tuple[str, ...]) -> dict[str, Needed] | None:
    if getattr(view, "cls", None) is EndpointView:
        endpoints = view.view_initkwargs["endpoints"]
        return {method: endpoint.needs for method, endpoint in endpoints.items()}
    permit = permits.of(view, namespaces)
    if permit is None:
        return None
    by_method = {method: permit.needed(method) for method in permit.methods}
    return {method: needed for method, needed in by_method.items() if needed}


@checks.register(checks.Tags.urls)
def every_route_is_declared(**_: Any) -> list[checks.CheckMessage]:
    return [
        checks.Error(
            f"{route.address or '/'} has not declared what it needs.",
            hint="Write @needs(Role.READER), or what it is, over the view:"
            " tracker/permits.py.",
            obj=f"{route.view.__module__}.{getattr(route.view, '__name__', route.view)}",
            id="tracker.E001",
        )
        for route in routes()
        if route.needs is None
    ]
