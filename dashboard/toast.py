"""Messages that stay for a moment, with the way back where there is one."""

from typing import Any

from django.contrib import messages
from django.http import HttpRequest
from django.urls import reverse

from tracker.models import Action

UNDO = "undo"
# Between the sentence and the address, in a message that carries both.
SEPARATOR = "\x1f"


def undoable(request: HttpRequest, sentence: str, action: Action) -> None:
    if action.before:
        with_undo(
            request, sentence, reverse("undo", args=[action.project.slug, action.pk])
        )
    else:
        messages.success(request, sentence)


def with_undo(request: HttpRequest, sentence: str, url: str) -> None:
    """A POST to the address takes back what the sentence says."""
    messages.success(request, f"{sentence}{SEPARATOR}{url}", extra_tags=UNDO)


def read(message: Any) -> tuple[str, str]:
    """The sentence of a message, and where to undo it; empty where one cannot."""
    sentence, _, url = str(message).partition(SEPARATOR)
    return sentence, url if UNDO in message.tags.split() else ""
