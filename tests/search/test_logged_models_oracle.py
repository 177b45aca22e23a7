"""Finding logged models agrees with plain Python, whatever the population and question."""

from dataclasses import dataclass, field

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.search.conditions import number_conditions, text_conditions
from tests.search.population import KEYS, NUMBERS, TEXTS, ordered
from tests.search.test_logged_models import logged
from tracker.models import Experiment, LoggedModel
from tracker.search import logged_models
from tracker.search.logged_models import DatasetFilter, OrderBy

DATASETS = ["", "a/1", "a/2", "b/1"]
FINITE = [number for number in NUMBERS if number == number]


@dataclass
class One:
    """What is known of a logged model. A point is its key, value, step and dataset."""

    name: str
    created: int
    params: dict[str, str] = field(default_factory=dict)
    tags: dict[str, str] = field(default_factory=dict)
    points: list[tuple[str, float, int, str]] = field(default_factory=list)
    eid: str = ""

    def latest(self, key, among=DATASETS):
        """The value at the highest step, of the points of these datasets; None of none."""
        values = [
            (step, value)
            for name, value, step, dataset in self.points
            if name == key and dataset in among
        ]
        return max(values)[1] if values else None


populations = st.lists(
    st.builds(
        One,
        name=st.sampled_from([*TEXTS[1:], "m-7"]),
        created=st.sampled_from([0, 1, 2]),
        params=st.dictionaries(st.sampled_from(KEYS), st.sampled_from(TEXTS)),
        tags=st.dictionaries(st.sampled_from(KEYS), st.sampled_from(TEXTS)),
        points=st.lists(
            st.tuples(
                st.sampled_from(KEYS),
                st.sampled_from(NUMBERS),
                st.integers(0, 3),
                st.sampled_from(DATASETS),
            ),
            # A second point of one step is dropped before it is stored.
            unique_by=lambda point: (point[0], point[2]),
            max_size=6,
        ),
    ),
    min_size=3,
    max_size=6,
)


def of(name):
    """The datasets that a filter names, by name or by name and digest."""
    return [one for one in DATASETS if one and (one == name or one[:1] == name)]


@st.composite
def questions(draw):
    """Datasets, conditions and an order; each with the way to judge it."""
    chosen = draw(st.lists(st.sampled_from(["a", "b", "a/2"]), max_size=2, unique=True))
    among = [one for name in chosen for one in of(name)] if chosen else DATASETS
    key = draw(st.sampled_from(KEYS))
    metric = number_conditions(
        f"metrics.`{key}`", lambda one: one.latest(key, among), FINITE
    )
    conditions = draw(
        st.lists(
            st.one_of(
                metric,
                metric,
                text_conditions("name", lambda one: one.name),
                text_conditions(f"params.`{key}`", lambda one: one.params.get(key)),
                text_conditions(f"tags.`{key}`", lambda one: one.tags.get(key)),
                number_conditions(
                    "creation_timestamp", lambda one: one.created, [0, 1, 2]
                ),
            ),
            max_size=2,
        )
    )
    if chosen and not any(text.startswith("metrics.") for text, _ in conditions):
        conditions.append(("", lambda one: any(p[3] in among for p in one.points)))
    terms = {
        "name": lambda one: one.name,
        "creation_time": lambda one: one.created,
        f"metrics.{KEYS[0]}": lambda one: one.latest(KEYS[0]),
        f"metrics.{KEYS[1]}": lambda one: one.latest(KEYS[1]),
    }
    names = draw(st.lists(st.sampled_from(sorted(terms)), max_size=2, unique=True))
    order = [(name, terms[name], draw(st.booleans())) for name in names]
    return chosen, conditions, order


@settings(
    max_examples=40,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(population=populations, question=questions(), limit=st.integers(1, 4))
def test_agrees_with_the_oracle(experiment, population, question, limit):
    chosen, conditions, order = question
    LoggedModel.objects.all().delete()
    for one in population:
        made = logged(
            experiment,
            one.name,
            points=one.points,
            params=one.params,
            tags=one.tags,
            created=one.created,
        )
        one.eid = made.eid
    matching = [one for one in population if all(holds(one) for _, holds in conditions)]

    found, token = [], ""
    while token is not None:
        page = logged_models.find(
            Experiment.objects.filter(pk=experiment.pk),
            text=" AND ".join(text for text, _ in conditions if text),
            datasets=[DatasetFilter(*name.partition("/")[::2]) for name in chosen],
            order_by=[OrderBy(name, not falls) for name, _, falls in order],
            limit=limit,
            token=token,
        )
        found += [row.eid for row in page.rows]
        token = page.next_token

    terms = [(value, falls) for _, value, falls in order]
    expected = ordered(matching, terms, tie=lambda one: (-one.created, one.eid))
    assert found == [one.eid for one in expected]
