"""What chart frames need in templates."""

from typing import Any
from urllib.parse import urlencode

from django import template
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

from dashboard.charts.frames import Entry

register = template.Library()


@register.simple_tag(takes_context=True)
def query_fields(context: dict[str, Any], *without: str) -> SafeString:
    """This page's query as hidden fields, so that a form changes one part of it."""
    query = context["request"].GET
    return format_html_join(
        "",
        '<input type="hidden" name="{}" value="{}">',
        (
            (name, value)
            for name, values in query.lists()
            if name not in without
            for value in values
        ),
    )


@register.simple_tag(takes_context=True)
def kept_query(context: dict[str, Any], *names: str) -> str:
    """The parts of this page's query that a neighbouring page understands as well."""
    query = context["request"].GET
    pairs = [(name, value) for name in names if (value := query.get(name))]
    return f"?{urlencode(pairs)}" if pairs else ""


@register.simple_tag
def key_of(entry: Entry) -> SafeString:
    """A piece of the line itself."""
    dash = f" dash-{entry.dash}" if entry.dash else ""
    return format_html('<i class="key slot-{}{}"></i>', entry.slot, dash)


@register.filter
def at(items: Any, index: int) -> Any:
    return items[index]
