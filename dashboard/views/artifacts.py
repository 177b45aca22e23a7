"""The files of a candidate: a tree by links, a preview, and the bytes themselves."""

from typing import Any, NamedTuple

from django.contrib import messages
from django.http import (
    Http404,
    HttpRequest,
    HttpResponse,
    HttpResponseBase,
    HttpResponseRedirect,
)
from django.shortcuts import get_object_or_404, render
from django.urls import reverse

from artifacts import downloads, inspection, listing, pages, previews
from artifacts.contents import Kind
from artifacts.models import Artifact
from dashboard import find, snippets
from dashboard.candidate import logged_models, recognised, showing
from dashboard.candidate.head import found, head
from dashboard.candidate.shelves import Shelf, models, shelf
from dashboard.charts.plotly import allow_charts
from dashboard.templatetags.tracker_tags import grouped
from dashboard.views.candidates import tile
from tracker.errors import NotFound, TrackerError, Unavailable
from tracker.models import Role
from tracker.permits import needs

MAX_FILES = 500


class Step(NamedTuple):
    """A folder on the way to what is shown."""

    name: str
    url: str
    level: int


class Leaf(NamedTuple):
    """A file in the tree."""

    artifact: Artifact
    url: str
    is_shown: bool


class Branch(NamedTuple):
    folder: listing.Folder
    url: str


@needs(Role.READER)
def artifacts(
    request: HttpRequest, slug: str, iid: int, path: str = "", eid: str = ""
) -> HttpResponse:
    """A candidate's files, or with `eid` those of a model that it has logged."""
    where = found(request, slug, iid)
    if where.gone:
        return where.gone
    path = path.strip("/")
    if "\0" in path:
        raise Http404
    here = shelf(where, eid)
    # What a model is, its MLmodel file says.
    wanted = path or ("MLmodel" if here.model and "f" not in request.GET else "")
    chosen = Artifact.objects.of(here.owner).at(wanted).first() if wanted else None
    is_known = bool(chosen) or listing.is_folder(here.owner, path)
    folder = chosen.folder if chosen else path if is_known else ""
    if chosen and request.headers.get("HX-Request") == "true":
        # The part that asks for itself again while the worker looks at the file.
        siblings = list(Artifact.objects.of(here.owner).filter(folder=folder))
        part = opened(request, here, chosen, siblings[:MAX_FILES])
        return render(request, "dashboard/_file.html", part | {"chosen": chosen})
    page = head(request, where, "artifacts") | tree(request, here, folder, chosen)
    page |= {
        "missing": "" if is_known else path,
        "chosen": chosen,
    }
    page |= opened(request, here, chosen, page["files"]) if chosen else {}
    status = 200 if is_known else 404
    answer = render(request, "dashboard/artifacts.html", page, status=status)
    return allow_charts(answer) if page.get("has_chart") else answer


def tree(
    request: HttpRequest, here: Shelf, folder: str, chosen: Artifact | None
) -> dict[str, Any]:
    """The way to a folder, and the one level that it holds."""
    text = request.GET.get("f", "").strip().replace("\0", "")
    if text:
        branches: list[listing.Folder] = []
        files = list(listing.matching(here.owner, text, MAX_FILES + 1))
    else:
        level = listing.folder(here.owner, folder)
        branches = level.folders
        files = list(level.files[: MAX_FILES + 1])
    parts = folder.split("/") if folder and not text else []
    return {
        "filter": text,
        "root_url": here.root,
        "model": here.model,
        "own_url": Shelf(here.where).root,
        "models": [] if here.model or folder or text else models(here.where),
        "totals": listing.totals(here.owner),
        "folder": folder,
        "steps": [
            Step(name, here.address("/".join(parts[: place + 1])), indent(place))
            for place, name in enumerate(parts)
        ],
        "level": indent(len(parts)),
        "branches": [Branch(one, here.address(one.path)) for one in branches],
        "leaves": [
            Leaf(one, here.address(one.path), one == chosen)
            for one in files[:MAX_FILES]
        ],
        "files": files[:MAX_FILES],
        "is_cut": len(files) > MAX_FILES,
        "galleries": []
        if chosen
        else [
            (gallery.title, [tile(here, image) for image in gallery.images])
            for gallery in showing.galleries(files[:MAX_FILES])
        ],
    }


def indent(depth: int) -> int:
    """Which step of the tree's indentation; the stylesheet knows so many."""
    return min(depth, 4) + 1


def opened(
    request: HttpRequest, here: Shelf, chosen: Artifact, files: list[Artifact]
) -> dict[str, Any]:
    """The chosen file, and its neighbours where it is one of several images."""
    before = after = None
    slider: dict[str, Any] = {}
    for gallery in showing.galleries(files):
        if any(image.artifact == chosen for image in gallery.images):
            before, after = showing.neighbours(gallery.images, chosen)
            slider = over_steps(here, gallery.images, chosen)
    panel = None
    if chosen.name == "MLmodel":
        panel = logged_models.panel(
            chosen,
            files,
            uri=snippets.tracking_uri(request, here.where.project),
            model_id=here.model.eid if here.model else "",
        )
    example = panel.example if panel else None
    shown = showing.shown(
        chosen,
        previews.preview(chosen),
        as_source=request.GET.get("as") == "source",
        is_asked="open" in request.GET,
    )
    in_rows = request.GET.get("unit") != "counts"
    meaning = (
        recognised.meaning(here, chosen, in_rows=in_rows)
        if shown.kind == "table" or chosen.facts.get("kind") == Kind.JSON
        else None
    )
    return slider | {
        "panel": panel,
        "example_url": here.address(example.path) if example else "",
        "shown": shown,
        "meaning": meaning,
        "has_chart": bool(shown.figure or (meaning and meaning.chart_url)),
        "as_source": request.GET.get("as") == "source",
        "page_url": here.raw(chosen, "page"),
        "has_scripts": not chosen.name.lower().endswith(".svg"),
        "runs_scripts": request.GET.get("run") == "1",
        "is_open": chosen.size_bytes <= pages.AT_ONCE_BYTES
        or bool({"run", "open"} & request.GET.keys()),
        "facts": facts(chosen),
        "download_url": here.raw(chosen),
        "image_url": here.raw(chosen, "image"),
        "media_url": here.raw(chosen, "media"),
        "before": tile(here, before) if before else None,
        "after": tile(here, after) if after else None,
        "label": step_label(chosen),
        "is_waiting": chosen.state in WAITING,
        "again_url": reverse(
            "look_again",
            args=[here.where.project.slug, here.where.candidate.iid, chosen.path],
        )
        if chosen.state == Artifact.State.FAILED
        and not here.model
        and find.may(request, here.where.project, Role.WRITER)
        else "",
    }


def over_steps(
    here: Shelf, images: list[showing.Image], chosen: Artifact
) -> dict[str, Any]:
    """For the slider over what was logged under one key, step by step."""
    if len(images) < 2 or images[0].step is None:
        return {}
    return {
        "over_steps": [
            {
                "step": one.step,
                "image": here.raw(one.artifact, "image"),
                "url": here.address(one.artifact.path),
            }
            for one in images
        ],
        "last_step": len(images) - 1,
        "step_at": [one.artifact for one in images].index(chosen),
    }


@needs(changes=Role.WRITER)
def look_again(request: HttpRequest, slug: str, iid: int, path: str) -> HttpResponse:
    """Have a file that could not be looked at be tried once more."""
    where = found(request, slug, iid)
    if where.gone:
        return where.gone
    chosen = get_object_or_404(Artifact.objects.of(where.candidate).at(path))
    try:
        inspection.look_again(chosen)
    except TrackerError as problem:
        messages.error(request, problem.message)
    return HttpResponseRedirect(Shelf(where).address(chosen.path))


def step_label(artifact: Artifact) -> str:
    match = showing.LOGGED.match(artifact.name)
    return f"{match['key'].replace('~', '/')}, step {match['step']}" if match else ""


WAITING = (Artifact.State.PENDING, Artifact.State.PROCESSING)
FACTS = {
    "lines": ("line", "lines"),
    "rows": ("row", "rows"),
    "column_count": ("column", "columns"),
    "entries": ("entry", "entries"),
    "cells": ("cell", "cells"),
}


def facts(artifact: Artifact) -> list[str]:
    """What ingestion found, in a few words each."""
    known = artifact.facts
    said = []
    if "width" in known and "height" in known:
        said.append(f"{known['width']} × {known['height']} px")
    for name, (one, many) in FACTS.items():
        if isinstance(number := known.get(name), int):
            said.append(f"{grouped(number)} {one if number == 1 else many}")
    if known.get("encoding"):
        said.append(str(known["encoding"]))
    if isinstance(known.get("seconds"), int | float):
        said.append(lasting(known["seconds"]))
    if known.get("limit"):
        said.append(str(known["limit"]))
    if flavors := known.get("flavors"):
        said.append(f"model: {', '.join(map(str, flavors))}")
    return said


def lasting(seconds: float) -> str:
    """2:05, or 3.2 s."""
    if seconds < 60:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"


@needs(Role.READER)
def raw(
    request: HttpRequest, slug: str, iid: int, path: str, eid: str = ""
) -> HttpResponseBase:
    """The bytes: a download, or with `as=image` and the like something shown in place."""
    where = found(request, slug, iid)
    if where.gone:
        return where.gone
    if "\0" in path:
        raise Http404
    artifact = Artifact.objects.of(shelf(where, eid).owner).at(path).first()
    if artifact is None:
        raise Http404
    form = request.GET.get("as", "")
    try:
        if form == "page" and pages.is_page(artifact):
            runs = request.GET.get("run") == "1"
            return pages.page(request, artifact, runs_scripts=runs)
        return downloads.content(
            request,
            artifact,
            thumbnail=form == "thumbnail",
            inline=form in ("image", "thumbnail", "media"),
        )
    except NotFound:
        raise Http404 from None
    except Unavailable as problem:
        return HttpResponse(
            problem.message, status=503, content_type="text/plain; charset=utf-8"
        )
