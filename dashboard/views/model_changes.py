"""What people change about registered models and their versions."""

from contextlib import suppress

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse

from dashboard.candidate.forms import RemovalForm, TagForm
from dashboard.registered import aliases_of, found
from dashboard.registry_forms import AliasForm, DescriptionForm
from dashboard.views.changes import carried_out
from tracker import registry
from tracker.errors import NotFound
from tracker.models import Role
from tracker.permits import needs


@needs(changes=Role.WRITER)
def describe(
    request: HttpRequest, slug: str, name: str, number: int | None = None
) -> HttpResponse:
    where = found(request, slug, name, number)
    form = DescriptionForm(request.POST)

    def change() -> None:
        note = form.cleaned_data["note"]
        if where.version:
            registry.describe_version(where.version, note)
        else:
            registry.describe(where.model, note)

    carried_out(request, form, change)
    return HttpResponseRedirect(f"{where.url}#notes")


@needs(changes=Role.WRITER)
def tag(
    request: HttpRequest, slug: str, name: str, number: int | None = None
) -> HttpResponse:
    """Set a tag, or take it away."""
    where = found(request, slug, name, number)
    removes = "remove" in request.POST
    form = RemovalForm(request.POST) if removes else TagForm(request.POST)

    def change() -> None:
        key = form.cleaned_data["key"]
        if removes and where.version:
            registry.delete_version_tag(where.version, key)
        elif removes:
            registry.delete_tag(where.model, key)
        elif where.version:
            registry.set_version_tag(where.version, key, form.cleaned_data["value"])
        else:
            registry.set_tag(where.model, key, form.cleaned_data["value"])

    carried_out(request, form, change)
    return HttpResponseRedirect(f"{where.url}#tags")


@needs(changes=Role.WRITER)
def alias(request: HttpRequest, slug: str, name: str, number: int) -> HttpResponse:
    """Point an alias here, from wherever it pointed, or take it away."""
    where = found(request, slug, name, number)
    this = where.version
    assert this
    form = AliasForm(request.POST)

    def change() -> None:
        wanted = form.cleaned_data["alias"]
        before = dict(aliases_of(where.model)).get(wanted)
        if "remove" not in request.POST:
            registry.set_alias(this, wanted)
            was = f"v{before} → " if before not in (None, number) else ""
            messages.success(request, f"{wanted}: {was}v{number}")
        elif before == number:  # else it has moved on meanwhile
            registry.delete_alias(where.model, wanted)
            messages.success(request, f"{wanted} no longer points at v{number}.")

    carried_out(request, form, change)
    return HttpResponseRedirect(f"{where.url}#aliases")


@needs(changes=Role.WRITER)
def delete(
    request: HttpRequest, slug: str, name: str, number: int | None = None
) -> HttpResponse:
    """For good, so the name or number has to be typed."""
    where = found(request, slug, name, number)
    typed = request.POST.get("typed", "").split()
    if typed != (str(number) if number is not None else where.model.name).split():
        messages.error(request, "Nothing is deleted: what was typed is not its name.")
        return HttpResponseRedirect(f"{where.url}#delete")
    with suppress(NotFound):  # deleted already: what was wanted
        if where.version:
            registry.delete_version(where.version)
        else:
            registry.delete(where.model)
    if where.version:
        messages.success(request, f"Version {number} is deleted.")
        return HttpResponseRedirect(where._replace(version=None).url)
    messages.success(request, f"{where.model.name} is deleted.")
    return HttpResponseRedirect(reverse("models", args=[where.project.slug]))
