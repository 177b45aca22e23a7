"""What people fill in."""

from collections.abc import Sequence
from typing import Any

from django import forms
from django.core.exceptions import ValidationError

from tracker.models import AccessToken, Experiment, Project, User
from tracker.patience import Patience


class ProjectForm(forms.ModelForm):  # type: ignore[type-arg]  # not generic at run time
    class Meta:
        model = Project
        fields = ["name", "slug", "visibility"]
        labels = {"slug": "Address"}
        help_texts = {
            "slug": "Part of every link and of the tracking URI: /p/<address>.",
        }
        widgets = {"visibility": forms.RadioSelect}
        error_messages = {"slug": {"unique": "Another project has this address."}}

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name in ("name", "slug"):
            self.fields[name].widget.attrs |= {"class": "input", "autocomplete": "off"}


class ExperimentForm(forms.Form):
    """A new experiment, or the name and description of one."""

    name = forms.CharField(
        max_length=500,
        help_text="Slashes make folders: classification/resnet-sweep.",
        widget=forms.TextInput({"class": "input", "autocomplete": "off"}),
    )
    description = forms.CharField(
        required=False,
        max_length=20_000,
        help_text="Markdown.",
        widget=forms.Textarea({"class": "input", "rows": 5}),
    )

    primary = forms.ChoiceField(
        required=False,
        label="Metric to judge by",
        help_text="Where nobody chooses, the name and how often it is logged decide.",
        widget=forms.Select({"class": "pick"}),
    )

    def __init__(
        self,
        project: Project,
        *args: Any,
        but: Experiment | None = None,
        metrics: Sequence[str] = (),
        **kwargs: Any,
    ) -> None:
        super().__init__(*args, **kwargs)
        chosen = self.initial.get("primary", "")
        known = dict.fromkeys([*metrics, *([chosen] if chosen else [])])
        field = self.fields["primary"]
        assert isinstance(field, forms.ChoiceField)
        field.choices = [("", "Chosen by name"), *((key, key) for key in known)]
        self.project = project
        self.but = but
        self.in_trash: Experiment | None = None

    def clean_name(self) -> str:
        name: str = self.cleaned_data["name"]
        taken = Experiment.objects.filter(project=self.project, name=name)
        if self.but:
            taken = taken.exclude(pk=self.but.pk)
        if namesake := taken.first():
            if namesake.is_deleted:
                self.in_trash = namesake
                raise ValidationError("A deleted experiment has this name.")
            raise ValidationError("Another experiment has this name.")
        return name


class Amount(forms.NumberInput):
    """A number with what it counts behind it."""

    def __init__(self, unit: str) -> None:
        super().__init__({"class": "input", "autocomplete": "off"})
        self.unit = unit


class PatienceForm(forms.ModelForm):  # type: ignore[type-arg]  # not generic at run time
    """How long candidates may be silent."""

    class Meta:
        model = Experiment
        fields = Patience._fields
        labels = {
            "quiet_factor": "Quiet after",
            "stalled_factor": "Stalled after",
            "lost_factor": "Lost contact after",
            "lost_minutes": "Not lost before",
            "close_hours": "Ended as failed after",
        }
        help_texts = {
            "quiet_factor": "Nothing arrives: often only a long step or a validation.",
            "stalled_factor": "System metrics still arrive and training metrics do not:"
            " the process lives, the training hangs.",
            "lost_factor": "Nothing arrives for so long that the script was probably"
            " killed, or cannot reach the server.",
            "lost_minutes": "Nobody calls a script lost that was silent for a moment.",
            "close_hours": "Empty: never, unless a script says so itself. Otherwise"
            " MLflow's API then reports FAILED, a tag tells why, and data that arrive"
            " after all bring the candidate back.",
        }
        widgets = {
            "quiet_factor": Amount("usual intervals · default 3"),
            "stalled_factor": Amount("usual intervals of training · default 10"),
            "lost_factor": Amount("usual intervals · default 10"),
            "lost_minutes": Amount("minutes · default 10"),
            "close_hours": Amount("hours of silence · default never"),
        }


class TokenForm(forms.Form):
    """A new access token."""

    name = forms.CharField(
        max_length=100,
        help_text="Where it will be used: laptop, nightly training.",
        widget=forms.TextInput({"class": "input", "autocomplete": "off"}),
    )
    project = forms.ModelChoiceField(
        Project.objects.none(),
        required=False,
        empty_label="All of mine",
        widget=forms.Select({"class": "pick"}),
    )
    scope = forms.ChoiceField(
        choices=AccessToken.Scope.choices,
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

    def __init__(self, user: User, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        projects = self.fields["project"]
        assert isinstance(projects, forms.ModelChoiceField)
        projects.queryset = Project.objects.visible_to(user)
