"""The content policy of pages with a Plotly chart."""

from collections.abc import Callable
from typing import ParamSpec, TypeVar

from csp.decorators import csp_update
from django.http import HttpResponse, HttpResponseBase

Arguments = ParamSpec("Arguments")
Answer = TypeVar("Answer", bound=HttpResponseBase)


def with_charts(view: Callable[Arguments, Answer]) -> Callable[Arguments, Answer]:
    """Plotly writes its own styles; on every other page they stay forbidden."""
    decorated: Callable[Arguments, Answer] = csp_update(
        {"style-src": ["'unsafe-inline'"]}
    )(view)  # type: ignore[assignment, arg-type]
    return decorated


def allow_charts(response: HttpResponse) -> HttpResponse:
    """The same for one answer of a view that seldom has a chart."""
    vars(response)["_csp_update"] = {"style-src": ["'unsafe-inline'"]}
    return response
