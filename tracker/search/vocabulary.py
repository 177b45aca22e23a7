"""What the names in a table's filter mean: attributes, and the keys of its candidates."""

import difflib
from collections.abc import Collection, Iterable, Mapping
from dataclasses import replace

from tracker.models import Candidate, Experiment, Key, Kind, Status
from tracker.search import grammar
from tracker.search.candidate_fields import ATTRIBUTES as WIRE_ATTRIBUTES
from tracker.search.candidate_fields import (
    DATASETS,
    METRIC,
    PARAM,
    STARTED,
    TAG,
    Question,
)
from tracker.search.fields import EQUAL, LIKE, LIST, PATTERN, PRESENCE, RANGE, Field
from tracker.search.grammar import AGGREGATES, BadFilter, Comparison, Name
from tracker.search.kinds import (
    Duration,
    LongText,
    Mark,
    Moment,
    Number,
    NumberOrNaN,
    PlainText,
    TextOrNumber,
    Word,
)
from tracker.search.states import WORDS, StateWord

SUGGESTED_CHARS = 40
MAX_SUGGESTED = 3000  # names that are looked through

ANY_TEXT = EQUAL + LIKE + LIST + PATTERN
TRUE_WORDS = {"done": Status.FINISHED, "stopped": Status.KILLED}

STARTED_AT = replace(STARTED, kind=Moment())
ENDED_AT = Field("ended_ms", Moment(), EQUAL + RANGE + PRESENCE, is_optional=True)
STATUS = Field(
    "status",
    Word({status.value.lower(): status.value for status in Status} | TRUE_WORDS),
    EQUAL + LIST,
)
ATTRIBUTES: Mapping[str, Field] = {
    "name": Field("name", PlainText(), ANY_TEXT),
    "number": Field("iid", Number(), EQUAL + RANGE + LIST),
    "status": STATUS,
    "state": Field("status", StateWord(WORDS), EQUAL + LIST),
    "start": STARTED_AT,
    "end": ENDED_AT,
    "duration": Field(
        "duration_ms", Duration(), EQUAL + RANGE + PRESENCE, is_optional=True
    ),
    "user": Field("user_id", PlainText(), ANY_TEXT),
    "archived": Field("archived_at", Mark(), EQUAL),
    "starred": Field("starred_at", Mark(), EQUAL),
    "locked": Field("locked_at", Mark(), EQUAL),
    "parent": Field(
        "iid",
        Number(),
        EQUAL + LIST + PRESENCE,
        rows=Candidate,
        owner="eid",
        outer="parent_eid",
        key=None,
    ),
    "commit": replace(
        TAG,
        kind=LongText(),
        operators=ANY_TEXT + PRESENCE,
        key="mlflow.source.git.commit",
    ),
    "branch": replace(
        TAG,
        kind=LongText(),
        operators=ANY_TEXT + PRESENCE,
        key="mlflow.source.git.branch",
    ),
    **{
        name: replace(field, kind=PlainText(), operators=ANY_TEXT)
        for name, field in WIRE_ATTRIBUTES.items()
        if field.path in ("eid", "name", "user_id", "artifact_uri")
    },
    "start_time": STARTED_AT,
    "created": STARTED_AT,
    "end_time": ENDED_AT,
}
NUMERIC = EQUAL + RANGE + PRESENCE
LATEST = replace(METRIC, operators=NUMERIC)
SUMMARY = replace(LATEST, is_indexed=False)
METRICS = {
    "last": LATEST,
    "first": replace(SUMMARY, path="first_value", kind=NumberOrNaN("first_is_nan")),
    "min": replace(SUMMARY, path="min_value", kind=Number()),
    "max": replace(SUMMARY, path="max_value", kind=Number()),
    "mean": replace(SUMMARY, path="mean", kind=Number()),
    "count": replace(SUMMARY, path="count", kind=Number()),
}
PARAMS = replace(PARAM, kind=TextOrNumber(), operators=ANY_TEXT + RANGE + PRESENCE)
TAGS = replace(TAG, kind=LongText(), operators=ANY_TEXT + PRESENCE)

KINDS = {
    **dict.fromkeys(("metrics", "metric", "m"), Kind.METRIC),
    **dict.fromkeys(("params", "param", "parameters", "parameter", "p"), Kind.PARAM),
    **dict.fromkeys(("tags", "tag", "t"), Kind.TAG),
}
OTHERS = {
    **dict.fromkeys(("attributes", "attribute", "attr", "run", "a"), ATTRIBUTES),
    **dict.fromkeys(
        ("datasets", "dataset"),
        {
            name: replace(field, kind=PlainText(), operators=ANY_TEXT)
            for name, field in DATASETS.items()
        },
    ),
}


def strangers(
    experiment: Experiment, text: str, known: Collection[tuple[str, str]] | None = None
) -> list[str]:
    """A sentence for each key in a filter that no candidate has. Raises BadFilter."""
    names = [
        end.name
        for end in grammar.ends(grammar.expression(text))
        if isinstance(end, Comparison)
    ]
    if known is None:
        known = set(
            Key.objects.filter(experiment=experiment).values_list("kind", "key")
        )
    vocabulary = Vocabulary(experiment, names, known)
    said = []
    for kind, key, _ in filter(None, map(vocabulary.meaning, names)):
        if (kind, key) not in known:
            close = _nearest(key, (one for other, one in known if other == kind))
            said.append(
                f"No candidate has a {kind.label.lower()} called `{key[:60]}`"
                f"{f'; did you mean `{close}`?' if close else '.'}"
            )
    return list(dict.fromkeys(said))


class Vocabulary:
    """What names mean in one experiment: attributes first, then what its candidates have."""

    def __init__(
        self,
        experiment: Experiment,
        names: Iterable[Name],
        known: Collection[tuple[str, str]] | None = None,
    ) -> None:
        """Looks up all that the catalogue must say about these names, at once."""
        self.experiment = experiment
        if known is not None:
            self.known = known
            return
        unclear = {form for name in names for form, _ in _forms(name)}
        self.known = (
            set(
                Key.objects.filter(experiment=experiment, key__in=unclear).values_list(
                    "kind", "key"
                )
            )
            if unclear
            else set()
        )

    def question(self, asked: Comparison) -> Question:
        """The field that a comparison is about. Raises BadFilter."""
        name = asked.name
        entity = name.entity.lower()
        if entity in OTHERS:
            return Question(_attribute(name, OTHERS[entity]), asked)
        meaning = self.meaning(name)
        if meaning is None:
            return Question(ATTRIBUTES[name.text.lower()], asked)
        kind, key, aggregate = meaning
        if aggregate and kind != Kind.METRIC:
            raise BadFilter("Only metrics have summaries", name.position)
        if kind == Kind.METRIC:
            field = METRICS[aggregate or "last"]
        else:
            field = PARAMS if kind == Kind.PARAM else TAGS
        return Question(field, replace(asked, name=name._replace(key=key)))

    def meaning(self, name: Name) -> tuple[Kind, str, str] | None:
        """Kind, key and aggregate; None for what is no key. Raises BadFilter."""
        entity = name.entity.lower()
        kind = KINDS.get(entity)
        is_attribute = not name.aggregate and name.text.lower() in ATTRIBUTES
        if entity in OTHERS or (kind is None and is_attribute):
            return None
        if kind is not None and not _forms(name):
            return kind, name.key, name.aggregate
        return self._meant(name, kind)

    def _meant(self, name: Name, kind: Kind | None) -> tuple[Kind, str, str]:
        """Kind, key and aggregate of a name that leaves them open."""
        for key, aggregate in _forms(name):
            kinds = [Kind.METRIC] if aggregate else list(Kind)
            found = [
                one for one in kinds if (one, key) in self.known and kind in (one, None)
            ]
            if len(found) == 1:
                return found[0], key, aggregate
            if found:
                choices = " or ".join(f"`{one.value}:{key}`" for one in found)
                raise BadFilter(
                    f"`{key}` is a {' and a '.join(one.label.lower() for one in found)}:"
                    f" write {choices}",
                    name.position,
                    choices,
                )
        if kind is not None:  # nobody has it: then nobody matches
            key, aggregate = _forms(name)[-1]
            return kind, key, aggregate
        raise BadFilter(
            f"Nothing here is called `{name.text[:60]}`{self._suggestion(name.text)}",
            name.position,
            "the name of a parameter, metric, tag or attribute",
        )

    def _suggestion(self, text: str) -> str:
        keys = Key.objects.filter(experiment=self.experiment).values_list(
            "key", flat=True
        )
        close = _nearest(text, [*ATTRIBUTES, *keys[:MAX_SUGGESTED]])
        return f"; did you mean `{close}`" if close else ""


def _nearest(text: str, names: Iterable[str]) -> str:
    """Which of these was probably meant; empty for none."""
    # The time to compare two texts grows with the square of their length.
    if len(text) > SUGGESTED_CHARS:
        return ""
    short = [name for name in names if len(name) <= SUGGESTED_CHARS]
    close = difflib.get_close_matches(text, short[:MAX_SUGGESTED], n=1)
    return close[0] if close else ""


def _forms(name: Name) -> list[tuple[str, str]]:
    """The key and aggregate that an unclear name may mean, the likeliest first.

    `val.max` is the metric of that name, if there is one, and else the greatest `val`.
    """
    kind = KINDS.get(name.entity.lower())
    if name.entity.lower() in OTHERS or (kind and name.aggregate):
        return []
    if name.aggregate:
        return [(name.key, name.aggregate)]
    key = name.key if kind else name.text
    stem, dot, suffix = key.rpartition(".")
    forms = [(key, "")]
    if stem and suffix in AGGREGATES and kind in (Kind.METRIC, None):
        forms.append((stem, suffix))
    return forms if kind is None or len(forms) > 1 else []


def _attribute(name: Name, fields: Mapping[str, Field]) -> Field:
    if name.aggregate or name.key.lower() not in fields:
        raise BadFilter(
            f"No attribute is called `{name.text[:60]}`; there are {', '.join(fields)}",
            name.position,
        )
    return fields[name.key.lower()]
