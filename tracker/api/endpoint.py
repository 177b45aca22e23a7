"""The frame around every endpoint: read the message, allow, call, answer.

An endpoint is a function of a Call and a message; it returns a dict, or an answer of
its own where it streams bytes. It raises Tracker's errors and never sees HTTP.
"""

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any, NamedTuple, cast

from django.conf import settings
from django.db.models import Q, QuerySet
from django.http import HttpRequest, HttpResponseBase
from django.urls import path
from django.urls.resolvers import URLPattern
from django.views.decorators.csrf import csrf_exempt
from rest_framework.exceptions import MethodNotAllowed, NotAuthenticated
from rest_framework.request import Request
from rest_framework.views import APIView

from tracker import access, audit, deadlines, lifecycle, rows
from tracker.access import Actor
from tracker.api import errors, wire
from tracker.api.lately import Lately
from tracker.errors import Invalid, NotFound
from tracker.keys import quoted, shown
from tracker.models import (
    AccessToken,
    Candidate,
    Experiment,
    LoggedModel,
    Project,
    Role,
)
from tracker.points import Named

INTEGER = re.compile(r"-?[0-9]+\Z")
MAX_EXPERIMENT_IDS = 10_000
MAX_ID_DIGITS = 18  # every number of so many digits fits a database's integer


@dataclass(slots=True)
class Call:
    """Who calls, in which project; the ways to find what a message names in it."""

    request: HttpRequest
    project: Project
    actor: Actor
    path: dict[str, str]

    def experiment(self, experiment_id: str) -> Experiment:
        """Deleted ones too. Raises NotFound; Invalid for what cannot be an id."""
        if not INTEGER.match(experiment_id):
            raise Invalid(not_an_id(experiment_id))
        if is_number(experiment_id):
            found = rows.one(
                Experiment,
                "project_id = %s AND iid = %s AND purged_at IS NULL",
                [self.project.pk, int(experiment_id)],
            )
            if found:
                return found
        raise NotFound(f"No Experiment with id={shown(experiment_id)} exists.")

    def experiment_of_late(self, experiment_id: str) -> Experiment:
        """The same for a verb that makes sure: what this process found a moment ago."""
        key = (self.project.pk, experiment_id)
        found = _experiments.get(key)
        if found is None:
            found = self.experiment(experiment_id)
            if not found.is_deleted:
                _experiments.keep(key, found)
        return found

    def experiments(self, experiment_ids: Iterable[str]) -> QuerySet[Experiment]:
        """Those of the ids that exist here. Raises Invalid for one that cannot be an id."""
        iids = set()
        for experiment_id in experiment_ids:
            if not INTEGER.match(experiment_id):
                raise Invalid(not_an_id(experiment_id))
            if is_number(experiment_id):
                iids.add(int(experiment_id))
        if len(iids) > MAX_EXPERIMENT_IDS:
            raise Invalid(
                f"A search can name at most {MAX_EXPERIMENT_IDS} experiments."
            )
        return Experiment.objects.filter(project=self.project, iid__in=sorted(iids))

    def candidate(self, run_id: str, run_uuid: str = "") -> Candidate:
        """Deleted ones too. Raises NotFound, or Invalid where none is named."""
        _, eid = self.named(run_id, run_uuid)
        found = rows.one(
            Candidate, "project_id = %s AND eid = %s", [self.project.pk, eid]
        )
        if not found:
            raise NotFound(f"Run with id={shown(eid)} not found")
        return found

    def named(self, run_id: str, run_uuid: str = "") -> Named:
        """A candidate that a verb will find and lock. Old clients say run_uuid."""
        if not (run_id or run_uuid):
            raise Invalid(wire.missing("run_id"))
        return Named(self.project.pk, run_id or run_uuid)

    def logged_model(self, model_id: str, *, with_deleted: bool = False) -> LoggedModel:
        models = LoggedModel.objects.filter(project=self.project, eid=model_id)
        if not with_deleted:
            models = models.alive()
        found = models.select_related("experiment").first()
        if not found:
            raise NotFound(f"Logged model with ID {quoted(model_id)} not found.")
        return found


def is_number(text: str) -> bool:
    # The contract's ids are decimal; str.isdigit alone would let other digits pass.
    return text.isascii() and text.isdigit() and len(text) <= MAX_ID_DIGITS


def not_an_id(text: str) -> str:
    return (
        f"Invalid experiment ID {quoted(text)}. Experiment ID must be a valid integer."
    )


Body = Callable[..., dict[str, Any] | HttpResponseBase]


class Endpoint(NamedTuple):
    methods: tuple[str, ...]
    message: type[wire.Message] | None  # None: the function reads the request by itself
    needs: Role
    body: Body
    max_bytes: int
    query: type[wire.Message] | None  # what stands beside a body that is a file


def endpoint(
    methods: str,
    message: type[wire.Message] | None = None,
    *,
    needs: Role,
    max_bytes: int = wire.MAX_BODY_BYTES,
    query: type[wire.Message] | None = None,
) -> Callable[[Body], Endpoint]:
    """Make a function an endpoint: `methods` in one text, "POST" or "GET POST"."""

    def frame(body: Body) -> Endpoint:
        return Endpoint(tuple(methods.split()), message, needs, body, max_bytes, query)

    return frame


class EndpointView(APIView):
    """One address: finds the endpoint for the method and runs it in the frame.

    Leaner than APIView as it comes: one parser, one renderer, nothing to negotiate.
    """

    endpoints: dict[str, Endpoint] = {}

    def dispatch(
        self, request: HttpRequest, *args: Any, **path: str
    ) -> HttpResponseBase:
        try:
            return self.answer(request, path)
        except MethodNotAllowed as problem:
            response = errors.answer(problem)
            response["Allow"] = ", ".join(self.endpoints)
            return response
        except Exception as problem:  # every failure is answered in MLflow's words
            return errors.answer(problem)

    def answer(self, request: HttpRequest, path: dict[str, str]) -> HttpResponseBase:
        actor = self.actor(request)
        endpoint = self.endpoints.get(
            "GET" if request.method == "HEAD" else request.method or ""
        )
        if endpoint is None:
            raise MethodNotAllowed(str(request.method))
        if any("\x00" in part for part in path.values()) and endpoint.message:
            # PostgreSQL cannot even be asked for it.
            raise NotFound("No name holds the character NUL.")
        address = path.pop("project", None)
        project = find_project(address)
        audit.known(actor.user, actor.token)
        try:
            access.require(endpoint.needs, project, actor)
        except NotFound:
            # In the very words of a project that is not there.
            raise absent(address) from None
        call = Call(request, project, actor, path)
        asks = []
        if endpoint.message is not None:
            asks.append(wire.read(request, endpoint.message, endpoint.max_bytes))
        if endpoint.query is not None:
            asks.append(wire.read_query(request.GET, endpoint.query))
        if endpoint.needs == Role.READER:
            with deadlines.limited():
                content = endpoint.body(call, *asks)
        else:
            content = endpoint.body(call, *asks)
        return wire.answer(content) if isinstance(content, dict) else content

    def actor(self, request: HttpRequest) -> Actor:
        """Who asks; raises where nobody may, or too often."""
        if settings.MODE == "local":
            # Nobody to tell from others, and none who may only ask so often: what
            # LocalOwner says, without the frame that would ask it.
            return Actor(access.local_owner())
        asked = Request(request, authenticators=self.get_authenticators())
        self.headers: dict[str, str] = {}
        self.check_throttles(asked)
        if asked.user is None:
            raise NotAuthenticated()
        return Actor(asked.user, cast(AccessToken | None, asked.auth))


_projects: Lately[Project] = Lately()
_experiments: Lately[Experiment] = Lately()


def find_project(address: str | None) -> Project:
    """The project that a tracking URI names: by slug, by number, or the default one.

    Every call asks, so a process remembers for a moment what it found; what a project
    lets whom do is looked up each time.
    """
    project = _projects.get(address)
    if project is None:
        project = _find_project(address)
        _projects.keep(address, project)
    return project


def forget() -> None:
    """Empty this process's memory: between tests, whose projects are rolled back."""
    _projects.forget()
    _experiments.forget()


def _find_project(address: str | None) -> Project:
    if address is None:
        return lifecycle.default_project()
    if "\x00" in address:
        raise NotFound("No project's name holds the character NUL.")
    # A slug is never all digits.
    wanted = Q(pk=int(address)) if is_number(address) else Q(slug=address)
    if not (found := Project.objects.alive().filter(wanted).first()):
        raise absent(address)
    return found


def absent(address: str | None) -> NotFound:
    return NotFound(
        f"No project {quoted(address or lifecycle.DEFAULT_PROJECT)} exists."
    )


def route(address: str, *endpoints: Endpoint) -> URLPattern:
    """A line of the table of contents: an address below the tracking URI, and what answers."""
    by_method = {method: one for one in endpoints for method in one.methods}
    view = EndpointView.as_view(endpoints=by_method)
    return path(address, csrf_exempt(view))
