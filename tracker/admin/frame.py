"""What the lists of the back office share: read-only rows, links, and bounded counts."""

from collections.abc import Callable, Iterator
from typing import Any

from django.contrib import admin, messages
from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.core.paginator import Paginator
from django.db.models import Model, QuerySet
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.functional import cached_property
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.text import capfirst

from tracker.errors import TrackerError

# A list leads to so many rows; a search or a filter finds the others.
MAX_COUNTED = 10_000
# What links between lists ask for; Django's admin allows no others in an address.
LOOKUPS = frozenset(
    f"{field}__id__exact"
    for field in ("candidate", "experiment", "model", "project", "user", "version")
)


class BoundedPaginator(Paginator):
    """Counts no further than anybody turns pages, whatever the table holds."""

    @cached_property
    def count(self) -> int:
        rows: Any = self.object_list
        return int(rows.order_by()[:MAX_COUNTED].count())


class InTrash(admin.EmptyFieldListFilter):
    """Whether somebody has deleted it."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.title = "place"

    def choices(self, changelist: Any) -> Iterator[Any]:
        words = ("Anywhere", "In use", "In the trash")
        for choice, word in zip(super().choices(changelist), words, strict=True):
            yield {**choice, "display": word}


class Listed(admin.ModelAdmin):
    """A list that stays quick over a million rows."""

    show_full_result_count = False
    show_facets = admin.ShowFacets.NEVER  # each would count a whole table
    list_per_page = 50
    paginator = BoundedPaginator
    ordering = ("-pk",)
    sortable_by = ()  # an order without an index sorts the whole table

    def lookup_allowed(
        self, lookup: str, value: str, request: HttpRequest | None = None
    ) -> bool:
        return lookup in LOOKUPS or super().lookup_allowed(
            lookup, value, request or HttpRequest()
        )

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def changelist_view(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> Any:
        """Headed by what is listed, and not by what to do with it."""
        named = capfirst(str(self.opts.verbose_name_plural))
        return super().changelist_view(
            request, {"title": named, **(extra_context or {})}
        )


class History(Listed):
    """What scripts reported, or what happened, is read here and changed nowhere."""

    def has_add_permission(self, request: HttpRequest, *args: Any) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


def link(row: Model | None, text: str = "") -> SafeString | str:
    """To a related row's own page in the back office."""
    if row is None:
        return "–"
    meta = row._meta
    address = reverse(f"admin:{meta.app_label}_{meta.model_name}_change", args=[row.pk])
    return format_html('<a href="{}">{}</a>', address, text or str(row))


def linked(field: str, title: str = "") -> Callable[[Any], SafeString | str]:
    """A column that leads to a related row."""

    @admin.display(description=title or field.replace("_", " ").capitalize())
    def column(row: Any) -> SafeString | str:
        return link(getattr(row, field))

    column.__name__ = f"{field}_link"
    return column


def lists(row: Model, *fields: tuple[str, str, str]) -> SafeString | str:
    """Links to the lists of what belongs to a row: (model, lookup, words)."""
    found: SafeString | str = ""
    for model, lookup, words in fields:
        address = reverse(f"admin:{model}_changelist")
        found = format_html(
            '{}{}<a href="{}?{}={}">{}</a>',
            *(found, " · " if found else "", address, lookup, row.pk, words),
        )
    return found


# ---------------------------------------------------------------- doing something


def each(
    request: HttpRequest, rows: QuerySet[Any], verb: Callable[[Any], object], done: str
) -> None:
    """Call a verb for each chosen row, and say how many it took and why not others."""
    number = 0
    for row in rows:
        try:
            verb(row)
        except TrackerError as problem:
            messages.warning(request, f"{row}: {problem}")
        else:
            number += 1
    if number:
        messages.success(request, f"{number} {done}.")


def confirmed(
    model_admin: Listed,
    request: HttpRequest,
    rows: QuerySet[Any],
    *,
    action: str,
    title: str,
    says: list[str],
    word: str,
) -> HttpResponse | None:
    """A page that asks for a word to be typed; None once it has been."""
    typed = request.POST.get("typed", "").strip()
    if typed == word:
        return None
    page = {
        **model_admin.admin_site.each_context(request),
        "title": title,
        "says": says,
        "word": word,
        "is_wrong": "typed" in request.POST,
        "rows": [str(pk) for pk in rows.values_list("pk", flat=True)],
        "action": action,
        "opts": model_admin.model._meta,
        "checkbox": ACTION_CHECKBOX_NAME,
    }
    return TemplateResponse(request, "admin/confirm.html", page)
