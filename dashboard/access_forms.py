"""What people fill in about who may do what: projects, members, invitations, tokens."""

from datetime import datetime, time, timedelta
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils import timezone

from tracker.models import AccessToken, Project, Role, Visibility

LINE = {"class": "input", "autocomplete": "off"}
PICK = {"class": "pick"}


class GeneralForm(forms.ModelForm):  # type: ignore[type-arg]  # not generic at run time
    """Name, description and visibility. Absent visibility leaves it as it is."""

    visibility = forms.ChoiceField(
        choices=Visibility.choices, widget=forms.RadioSelect, required=False
    )

    class Meta:
        model = Project
        fields = ["name", "description", "visibility"]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["name"].widget.attrs |= LINE
        self.fields["description"].widget = forms.Textarea(
            {"class": "input", "rows": 8}
        )
        self.fields["description"].help_text = "Markdown."

    def clean_visibility(self) -> str:
        chosen: str = self.cleaned_data["visibility"] or self.instance.visibility
        return chosen


class NameTypedForm(forms.Form):
    """Asks for a name to be typed, where a slip would cost a lot."""

    name = forms.CharField(max_length=200, widget=forms.TextInput(LINE))

    def __init__(self, wanted: str, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.wanted = wanted
        self.fields["name"].label = f"Type {wanted} to confirm"

    def clean_name(self) -> str:
        name: str = self.cleaned_data["name"]
        if name != self.wanted:
            raise ValidationError(f"That is not “{self.wanted}”.")
        return name


class RoleField(forms.TypedChoiceField):
    def __init__(self, **kwargs: Any) -> None:
        super().__init__(
            choices=Role.choices,
            coerce=lambda value: Role(int(value)),
            widget=forms.Select(PICK),
            **kwargs,
        )


class MemberForm(forms.Form):
    """Somebody who has an account."""

    who = forms.CharField(
        label="User name or e-mail", max_length=254, widget=forms.TextInput(LINE)
    )
    role = RoleField(initial=Role.WRITER)
    until = forms.DateField(
        label="Until",
        required=False,
        help_text="Empty: until somebody removes them.",
        widget=forms.DateInput({"class": "input", "type": "date"}),
    )

    def clean_until(self) -> datetime | None:
        """The end of that day."""
        day = self.cleaned_data["until"]
        return timezone.make_aware(datetime.combine(day, time.max)) if day else None


class InvitationForm(forms.Form):
    """Somebody who may have no account yet."""

    note = forms.CharField(
        label="For whom",
        max_length=100,
        required=False,
        help_text="Only for your own list.",
        widget=forms.TextInput(LINE),
    )
    role = RoleField(initial=Role.READER)
    days = forms.IntegerField(
        label="Ends after, in days",
        min_value=1,
        max_value=30,
        initial=7,
        widget=forms.NumberInput({"class": "input"}),
    )

    @property
    def lifetime(self) -> timedelta:
        return timedelta(days=self.cleaned_data["days"])


class RoleForm(forms.Form):
    role = RoleField()


class ProjectTokenForm(forms.Form):
    """A token of the project itself."""

    name = forms.CharField(
        max_length=100,
        help_text="Where it will be used: CI, nightly training.",
        widget=forms.TextInput(LINE),
    )
    scope = forms.ChoiceField(
        label="May",
        choices=[
            (AccessToken.Scope.READ, "Read"),
            (AccessToken.Scope.LOG, "Log: read and write runs and artifacts"),
            (AccessToken.Scope.ALL, "Everything in this project"),
        ],
        initial=AccessToken.Scope.LOG,
        widget=forms.RadioSelect,
    )
    days = forms.IntegerField(
        label="Ends after, in days",
        min_value=1,
        max_value=365,
        initial=90,
        widget=forms.NumberInput({"class": "input"}),
    )

    @property
    def lifetime(self) -> timedelta:
        return timedelta(days=self.cleaned_data["days"])


class NewAccountForm(forms.Form):
    """A name and a password, for whoever holds an invitation."""

    name = forms.CharField(
        label="User name",
        max_length=150,
        widget=forms.TextInput({"class": "input", "autocomplete": "username"}),
    )
    password = forms.CharField(
        max_length=1000,
        strip=False,
        help_text="At least twelve characters.",
        widget=forms.PasswordInput({"class": "input", "autocomplete": "new-password"}),
    )


class AskForm(forms.Form):
    """About whom the access page is asked."""

    who = forms.CharField(
        label="Ask about a person",
        max_length=254,
        required=False,
        widget=forms.TextInput(LINE | {"placeholder": "User name or e-mail"}),
    )


def lines(form: forms.BaseForm) -> None:
    """Give Django's own forms the look of ours."""
    for field in form.fields.values():
        field.widget.attrs["class"] = "input"
