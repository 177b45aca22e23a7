"""The table of candidates on an experiment's page: its filter, its order, its pages."""

import math

import pytest

from tests import make
from tracker import lifecycle
from tracker.errors import Invalid
from tracker.models import Candidate
from tracker.recording import Point
from tracker.search import table, vocabulary
from tracker.search.grammar import BadFilter
from tracker.search.paging import View
from tracker.search.table import SortKey

HOUR_MS = 3_600_000


def names(experiment, text="", **options):
    return [row.name for row in table.page(experiment, text=text, **options).rows]


@pytest.fixture
def zoo(experiment):
    now = lifecycle.now_ms()
    ant = make.candidate(
        experiment,
        name="ant",
        user_id="ann",
        started_ms=now - 50 * HOUR_MS,
        points=[
            Point("val/acc", value, 0, step)
            for step, value in enumerate([0.5, 0.9, 0.7])
        ],
        metrics={"loss": math.nan},
        params={"lr": "0.1", "model": "r50", "layers": "10"},
        tags={"team": "red", "mlflow.note.content": "a Warm start, 100% fresh"},
    )
    bee = make.candidate(
        experiment,
        name="Bee",
        user_id="bob",
        started_ms=now - 3 * HOUR_MS,
        points=[Point("val/acc", 0.8, 0, 0), Point("loss.max", 4.0, 0, 0)],
        params={"lr": "1e-1", "model": "r101", "layers": "9"},
        tags={"lr": "a tag", "mlflow.parentRunId": ant.eid},
    )
    cat = make.candidate(
        experiment,
        name="cat",
        started_ms=now,
        points=[Point("val/acc", -math.inf, 0, 0)],
        params={"lr": "0.01", "layers": "auto"},
    )
    make.candidate(experiment, name="dog", started_ms=now + 1)
    Candidate.objects.filter(pk=ant.pk).update(
        ended_ms=ant.started_ms + HOUR_MS, status="FINISHED"
    )
    Candidate.objects.filter(pk=bee.pk).update(
        ended_ms=bee.started_ms + 90_000, status="KILLED"
    )
    Candidate.objects.filter(pk=cat.pk).update(status="FAILED")
    return experiment


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", "ant Bee cat dog"),
        # logic
        ("p:lr = 0.1 or name = dog", "ant Bee dog"),
        ("not name = dog", "ant Bee cat"),
        ("not (p:lr = 0.1 or name = dog)", "cat"),
        ("p:lr = 0.1 and not m:val/acc > 0.75", "ant"),
        ("not m:val/acc > 0.75", "ant cat dog"),
        ("not duration > 1h", "ant Bee cat dog"),
        ("not duration >= 1h", "Bee cat dog"),
        ("not end > -1d", "ant cat dog"),
        # params: what looks like a number is one
        ("params.lr = 0.1", "ant Bee"),
        ("params.lr = '0.1'", "ant"),
        ("params.lr != 0.1", "cat"),
        ("p:lr < 0.05", "cat"),
        ("p:lr >= 0.01", "ant Bee cat"),
        ("p:lr in (0.1, 0.5)", "ant Bee"),
        ("p:lr not in ('0.1')", "Bee cat"),
        ("p:lr is null", "dog"),
        ("model = r50", "ant"),
        ("model in (r50, 'r101')", "ant Bee"),
        ("model like 'r%'", "ant Bee"),
        ("layers > 9", "ant"),
        ("layers = auto", "cat"),
        # metrics and their summaries
        ("m:val/acc > 0.75", "Bee"),
        ("val/acc.max > 0.75", "ant Bee"),
        ('metrics."val/acc".min < 0.6', "ant"),
        ("`val/acc`.first = 0.5", "ant"),
        ("val/acc.last = 0.7", "ant"),
        ("m:val/acc.mean < 0.75", "ant"),
        ("val/acc.count = 3", "ant"),
        ("metrics.`val/acc` = 0.8", "Bee"),
        ("val/acc is null", "dog"),
        ("val/acc.max is null", "cat dog"),
        ("val/acc.max is not null", "ant Bee"),
        ("m:loss != 1", "ant"),
        ("m:loss is not null", "ant"),
        ("loss.max > 1", "Bee"),  # a metric of that name goes before a summary
        ("m:none.max > 1", ""),
        ("metrics.none is null", "ant Bee cat dog"),
        # tags
        ("team = red", "ant"),
        ("t:lr = 'a tag'", "Bee"),
        ("t:team is not null", "ant"),
        ("tags.mlflow.runName ilike 'B%'", "Bee"),
        # attributes
        ("status = running", "dog"),
        ("state in (Finished, stopped)", "ant Bee"),
        ("status != 'FAILED'", "ant Bee dog"),
        ("user = ann", "ant"),
        ("a:user = bob", "Bee"),
        ("attributes.status = failed", "cat"),
        ("run_name like '_at'", "cat"),
        ("start > -1d", "Bee cat dog"),
        ("start < -1d", "ant"),
        ("created <= 5d", "ant Bee cat dog"),
        ("start > 2020-01-01", "ant Bee cat dog"),
        ("start = 2020-01-01", ""),
        ("start_time != 5", "ant Bee cat dog"),
        ("end is null", "cat dog"),
        ("end > '2020-01-01 10:00'", "ant Bee"),
        ("duration = 1h", "ant"),
        ("duration < 2m", "Bee"),
        ("duration >= 1m30s", "ant Bee"),
        ("duration <= 90", "Bee"),
        ("duration is null", "cat dog"),
        ("parent is null", "ant cat dog"),
        ("parent is not null", "Bee"),
        # regular expressions
        ("name ~ '^[a-c]'", "ant cat"),
        ("name ~ '(?i)^[a-c]'", "ant Bee cat"),
        ("name !~ '^[a-c]'", "Bee dog"),
        ("model ~ '\\d{3}'", "Bee"),
        # plain words
        ("an", "ant"),
        ("AN", "ant"),
        ("warm", "ant"),
        ("'warm START'", "ant"),
        ("100%", "ant"),
        ("warm model = r50", "ant"),
        ("warm model = r101", ""),
        ("cat or dog", "cat dog"),
        ("_", ""),
        # MLflow's own
        ("metrics.`val/acc` > 0.75 AND params.lr = '1e-1'", "Bee"),
        ("datasets.name = 'x'", ""),
        ("and name = ant and", "ant"),
    ],
)
def test_finds(zoo, text, expected):
    assert sorted(names(zoo, text)) == sorted(expected.split())
    assert table.count(zoo, text) == (len(expected.split()), True)
    if "~" not in text:
        found = {row.name for row in table.matching(zoo, text)}
        assert found == set(expected.split())


def test_finds_by_number(zoo):
    ant, bee = Candidate.objects.filter(name__in=["ant", "Bee"]).order_by("iid")

    assert names(zoo, f"number = {ant.iid}") == ["ant"]
    assert names(zoo, f"number in ({ant.iid}, {bee.iid})") == ["Bee", "ant"]
    assert names(zoo, f"#{ant.iid}") == ["ant"]
    assert names(zoo, f"parent = {ant.iid}") == ["Bee"]
    assert names(zoo, f"run_id = {ant.eid}") == ["ant"]


@pytest.mark.parametrize(
    ("text", "position", "says"),
    [
        ("val/loss < ", 12, "Expected a value after `<` (character 12)."),
        ("lr = 1", 1, "`lr` is a parameter and a tag: write `p:lr` or `t:lr`"),
        ("  lrr = 1", 3, "Nothing here is called `lrr`; did you mean `lr`"),
        ("xyz.max > 1", 1, "Nothing here is called `xyz.max`"),
        ("p:`lr`.max > 1", 1, "Only metrics have summaries"),
        ("a:nothing = 1", 1, "No attribute is called"),
        ("datasets.nothing = 1", 1, "No attribute is called"),
        ("status = gone", 10, "Expected one of running"),
        ("status > running", 1, "does not know >"),
        ("m:loss like 'x'", 1, "does not know LIKE"),
        ("m:loss > abc", 10, "Expected a number"),
        ("p:lr > abc", 8, "Expected a number"),
        ("duration > soon", 12, "Expected a duration such as"),
        ("start > yesterday", 9, "Expected a time such as"),
        ("name ~ '('", 8, "Not a regular expression"),
        ("number = one", 10, "Expected a number"),
        ("end in (1)", 1, "does not know IN"),
    ],
)
def test_says_what_is_wrong_and_where(zoo, text, position, says):
    with pytest.raises(BadFilter) as refused:
        table.page(zoo, text=text)

    assert refused.value.position == position
    assert says in str(refused.value)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("m:loss > 0 and p:lr = 1e-3 or name = 'x' or a:status = failed", []),
        ("m:`val/ac` < 1", ["a metric called `val/ac`; did you mean `val/acc`?"]),
        ("m:xyzzy is null", ["a metric called `xyzzy`."]),
        (
            "not (p:lrr = 1 or tags.owner = 'me') and p:lrr > 0",
            [
                "a parameter called `lrr`; did you mean `lr`?",
                "a tag called `owner`.",
            ],
        ),
    ],
)
def test_names_what_no_candidate_has(zoo, text, said):
    found = vocabulary.strangers(zoo, text)

    assert found == [f"No candidate has {one}" for one in said]
    assert table.count(zoo, text)  # and it is no error


@pytest.mark.parametrize(
    ("sort", "expected"),
    [
        ("", "dog cat Bee ant"),
        ("a:name", "Bee ant cat dog"),
        ("-a:name", "dog cat ant Bee"),
        ("a:number", "ant Bee cat dog"),
        ("a:start", "ant Bee cat dog"),
        ("a:end", "ant Bee dog cat"),
        ("-a:end", "Bee ant dog cat"),
        ("a:duration", "Bee ant dog cat"),
        ("-a:duration", "ant Bee dog cat"),
        ("a:status", "cat ant Bee dog"),
        ("-a:user a:name", "Bee ant cat dog"),
        ("p:lr", "cat Bee ant dog"),
        ("-p:lr", "Bee ant cat dog"),
        ("p:layers", "Bee ant cat dog"),
        ("-p:layers", "ant Bee cat dog"),
        ("p:model", "Bee ant dog cat"),
        ("-p:model p:lr", "ant Bee cat dog"),
        ("t:team", "ant dog cat Bee"),
        ("m:val/acc", "cat ant Bee dog"),
        ("-m:val/acc", "Bee ant cat dog"),
        ("m:loss a:name", "ant Bee cat dog"),
        ("m:val/acc!max", "Bee ant dog cat"),
        ("-m:val/acc!max", "ant Bee dog cat"),
        ("m:val/acc!min", "ant Bee dog cat"),
        ("m:val/acc!mean", "ant Bee dog cat"),
        ("m:val/acc!first", "cat ant Bee dog"),
        ("-m:val/acc!first", "Bee ant cat dog"),
        ("-m:val/acc!count -a:name", "ant cat Bee dog"),
    ],
)
def test_sorts_with_what_is_missing_last(zoo, sort, expected):
    assert (
        names(zoo, sort=[sort_key(part) for part in sort.split()]) == expected.split()
    )


def sort_key(text):
    kind, _, rest = text.removeprefix("-").partition(":")
    key, _, aggregate = rest.partition("!")
    return SortKey(kind, key, aggregate, descending=text.startswith("-"))


@pytest.mark.parametrize(
    "sort",
    [
        [SortKey("a", "nothing")],
        [SortKey("x", "lr")],
        [SortKey("m", "loss", "median")],
        [SortKey("p", "lr"), SortKey("p", "lr", descending=True)],
        [SortKey("p", key) for key in "abcd"],
    ],
)
def test_refuses_a_sort(zoo, sort):
    with pytest.raises(Invalid):
        table.page(zoo, sort=sort)


def test_leads_forth_and_back(zoo):
    sort = [SortKey("a", "name")]
    first = table.page(zoo, sort=sort, limit=2)
    second = table.page(zoo, sort=sort, limit=2, token=first.next_token)
    back = table.page(zoo, sort=sort, limit=2, token=second.previous_token)

    assert [row.name for row in first.rows] == ["Bee", "ant"]
    assert [row.name for row in second.rows] == ["cat", "dog"]
    assert (first.previous_token, second.next_token) == (None, None)
    assert [row.name for row in back.rows] == ["Bee", "ant"]
    assert back.next_token == first.next_token
    assert back.previous_token is None


def test_the_way_back_ends_with_a_full_first_page(zoo):
    sort = [SortKey("a", "name")]
    token = table.page(zoo, sort=sort, limit=2).next_token
    token = table.page(zoo, sort=sort, limit=2, token=token).previous_token
    Candidate.objects.filter(name="Bee").delete()

    page = table.page(zoo, sort=sort, limit=2, token=token)

    assert [row.name for row in page.rows] == ["ant", "cat"]
    assert page.previous_token is None and page.next_token


def test_a_token_of_another_filter_or_sort_is_refused(zoo):
    token = table.page(zoo, text="name != x", limit=1).next_token

    for options in ({}, {"text": "name != x", "sort": [SortKey("a", "name")]}):
        with pytest.raises(Invalid):
            table.page(zoo, token=token, **options)


def test_tokens_stay_short_where_values_are_long(experiment):
    for letter in "ab":
        value = letter * 6000
        make.candidate(experiment, params={"p": value}, tags={"t": value})

    for kind, key in (("p", "p"), ("t", "t")):
        token = table.page(experiment, sort=[SortKey(kind, key)], limit=1).next_token
        assert len(token) < 400


def test_counts_up_to_a_limit(zoo, monkeypatch):
    assert str(table.count(zoo)) == "4"

    monkeypatch.setattr(table, "MAX_COUNT", 2)

    assert table.count(zoo) == (2, False)
    assert str(table.count(zoo)) == "2+"
    assert str(table.Count(10_000, False)) == "10,000+"


def test_shows_what_the_view_names(zoo):
    Candidate.objects.filter(name="ant").update(deleted_at="2026-01-01T00:00:00Z")

    assert "ant" not in names(zoo)
    assert names(zoo, view=View.DELETED_ONLY) == ["ant"]
    assert table.count(zoo, view=View.ALL).number == 4


def test_stays_in_its_experiment(zoo):
    other = make.experiment(lifecycle.default_project())
    make.candidate(other, name="eel", params={"model": "r50"})

    assert names(zoo, "model = r50") == ["ant"]
    assert names(other, "p:model = r50 or eel") == ["eel"]


def test_offers_each_condition_and_the_rest_without_it():
    found = table.conditions("lr < 1 and (a or b) 'warm start'")

    assert [(one.text, one.rest) for one in found] == [
        ("lr < 1", "(a or b) and 'warm start'"),
        ("(a or b)", "lr < 1 and 'warm start'"),
        ("'warm start'", "lr < 1 and (a or b)"),
    ]


def test_two_equal_conditions_are_removed_one_by_one():
    assert [one.rest for one in table.conditions("a and b and a")] == [
        "b and a",
        "a and a",
        "a and b",
    ]


# ---------------------------------------------------------------- cost


def test_costs_the_same_for_few_or_many(zoo, django_assert_num_queries):
    with django_assert_num_queries(1):
        table.page(zoo, sort=[SortKey("p", "lr"), SortKey("m", "loss", "max")])
    with django_assert_num_queries(3):  # what the names mean, who has r50, the page
        table.page(zoo, text="model = r50 and val/acc.max > 0.1")
    with django_assert_num_queries(2):
        table.count(zoo, "val/acc.max > 0.1")
