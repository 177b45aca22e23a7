"""What people may change of a registered model or a version of it."""

from django import forms

from dashboard import prose
from tracker.registry import MAX_ALIAS_CHARS


class DescriptionForm(forms.Form):
    note = forms.CharField(required=False, max_length=prose.MAX_CHARS)


class AliasForm(forms.Form):
    alias = forms.CharField(max_length=MAX_ALIAS_CHARS)
