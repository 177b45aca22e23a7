"""What people may change of a candidate: its name, its note and its tags.

Parameters and metrics are history; nobody edits them.
"""

from typing import Any

from django import forms
from django.core.exceptions import ValidationError

from tracker.keys import MAX_TAG_CHARS
from tracker.models import Status

SYSTEM_PREFIX = "mlflow."


class NameForm(forms.Form):
    name = forms.CharField(max_length=500)


class NoteForm(forms.Form):
    note = forms.CharField(required=False, max_length=MAX_TAG_CHARS)


class TagForm(forms.Form):
    key = forms.CharField(max_length=250)
    value = forms.CharField(required=False, max_length=MAX_TAG_CHARS)

    def clean_key(self) -> str:
        key: str = self.cleaned_data["key"]
        if key.startswith(SYSTEM_PREFIX):
            raise ValidationError("Tags that begin with “mlflow.” belong to MLflow.")
        return key


class StatusForm(forms.Form):
    status = forms.TypedChoiceField(choices=Status.choices, coerce=Status)


class MoveForm(forms.Form):
    to = forms.IntegerField(min_value=0, max_value=2**31)


class RemovalForm(forms.Form):
    key = forms.CharField(max_length=250, strip=False)

    clean_key = TagForm.clean_key


def first_error(form: forms.Form) -> str:
    errors: dict[str, Any] = dict(form.errors)
    field, messages = next(iter(errors.items()))
    return f"{field.capitalize()}: {messages[0]}"
