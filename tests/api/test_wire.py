"""MLflow's JSON: what every route reads, and what every route refuses."""

import json
import time

import pytest

from tests import make
from tests.api.words import INVALID, metric, refused
from tracker.models import Experiment

DEEP = 100_000


@pytest.mark.parametrize(
    "body",
    [
        pytest.param('{"name": "a"', id="cut off"),
        pytest.param("", id="empty"),
        pytest.param("   ", id="blank"),
        pytest.param("[]", id="list"),
        pytest.param("[{}]", id="list of objects"),
        pytest.param("7", id="number"),
        pytest.param("true", id="true"),
        pytest.param("null", id="null"),
        pytest.param('"name"', id="text"),
        pytest.param('"[]"', id="a list in a text"),
        pytest.param(b'{"name": "\xff\xfe"}', id="not UTF-8"),
        pytest.param(b'{"name": "\xc0\xaf"}', id="overlong UTF-8"),
        pytest.param('{"name": "a",}', id="comma at the end"),
        pytest.param('{"name": "a" /* why */}', id="comment"),
        pytest.param("{'name': 'a'}", id="single quotes"),
        pytest.param("[" * 2 * DEEP, id="open lists"),
        pytest.param('{"name": ' + "[" * DEEP + "]" * DEEP + "}", id="nested lists"),
        pytest.param('{"a":' * DEEP + "1" + "}" * DEEP, id="nested objects"),
        pytest.param('{"name": "\\ud800"}', id="half a surrogate pair"),
        pytest.param('{"name": "a\\u0000b"}', id="NUL"),
        pytest.param('"{\\"name\\": \\"a\\\\u0000b\\"}"', id="NUL, encoded twice"),
        pytest.param('{"name": "a\x00b"}', id="raw NUL"),
        pytest.param('{"name": ' + "9" * 5000 + "}", id="5000 digits"),
        pytest.param('{"name": 1e999999999}', id="a vast exponent"),
        pytest.param('{"name": NaN}', id="bare NaN"),
    ],
)
def test_refuses_a_body_that_is_no_message(api, body):
    before = time.thread_time()

    answer = api.send("POST", "experiments/create", body)

    assert refused(answer) == INVALID
    assert time.thread_time() - before < 1  # of work, however busy the machine is
    assert not Experiment.objects.exclude(iid=0).exists()


@pytest.mark.parametrize(
    "content_type",
    [
        "text/plain",
        "application/x-www-form-urlencoded",
        "multipart/form-data",
        "",
        "json",
    ],
)
def test_refuses_any_other_content_type(api, content_type):
    answer = api.send("POST", "experiments/create", '{"name": "a"}', content_type)

    assert refused(answer) == INVALID


def test_accepts_parameters_of_the_content_type(api):
    status, _ = api.send(
        "POST", "experiments/create", '{"name": "a"}', "application/json; charset=utf-8"
    )

    assert status == 200


def test_refuses_a_compressed_body(api):
    answer = api.send(
        "POST", "experiments/create", '{"name": "a"}', **{"Content-Encoding": "gzip"}
    )

    assert refused(answer) == INVALID


@pytest.mark.parametrize(
    ("route", "megabytes"),
    [("experiments/create", 8), ("runs/log-batch", 4), ("runs/log-inputs", 20)],
)
def test_refuses_a_body_over_the_limit(api, route, megabytes):
    body = json.dumps({"name": "a", "padding": "x" * megabytes * 1024**2})

    assert refused(api.send("POST", route, body)) == (413, "RESOURCE_EXHAUSTED")


def test_takes_the_last_of_two_values_for_one_key(api):
    api.send("POST", "experiments/create", '{"name": "first", "name": "last"}')

    assert api.get("experiments/get-by-name", experiment_name="last")[0] == 200


def test_ignores_unknown_fields_at_every_level(api, experiment):
    run = make.candidate(experiment)

    status, _ = api.post(
        "runs/log-batch",
        run_id=run.eid,
        colour="red",
        metrics=[metric(colour={"deep": [1]})],
    )

    assert status == 200


def test_treats_null_as_absent_at_every_level(api, experiment):
    run = make.candidate(experiment)

    status, _ = api.post(
        "runs/log-batch",
        run_id=run.eid,
        params=None,
        metrics=[metric(step=None, model_id=None)],
    )

    assert status == 200
    assert run.metrics.get().step == 0


def test_reads_a_message_that_was_encoded_twice(api):
    status, _ = api.send("POST", "experiments/create", json.dumps('{"name": "old"}'))

    assert status == 200


def test_keeps_a_backslash_that_stands_before_what_looks_like_nul(api, experiment):
    run = make.candidate(experiment)

    status, _ = api.post("runs/set-tag", run_id=run.eid, key="k", value="\\u0000")

    assert status == 200
    assert run.tags.get(key="k").value == "\\u0000"


@pytest.mark.parametrize(
    "body",
    [
        {"run_id": "a", "runId": "b"},
        {"run_id": "a", "metrics": [metric(model_id="m-1", modelId="m-2")]},
    ],
)
def test_refuses_a_field_in_both_spellings(api, body):
    answer = api.post("runs/log-batch", **body)

    assert refused(answer) == INVALID
    assert "both" in answer[1]["message"]


def test_does_not_read_the_other_spelling(api, experiment):
    run = make.candidate(experiment)

    answer = api.post("runs/set-tag", runId=run.eid, key="k", value="v")

    assert refused(answer) == INVALID
    assert "'run_id'" in answer[1]["message"]


@pytest.mark.parametrize(
    ("sent", "kept"),
    [
        (7, 7),
        ("7", 7),
        (7.0, 7),
        ("-7", -7),
        (2**63 - 1, 2**63 - 1),
        (-(2**63), -(2**63)),
    ],
)
def test_reads_whole_numbers_as_number_or_text(api, experiment, sent, kept):
    run = make.candidate(experiment)

    status, _ = api.post("runs/log-metric", run_id=run.eid, **metric(step=sent))

    assert status == 200
    assert run.metrics.get().step == kept


@pytest.mark.parametrize(
    ("sent", "read"),
    [
        (1, 1.0),
        ("1.5", 1.5),
        ("NaN", "NaN"),
        ("Infinity", "Infinity"),
        ("-Infinity", "-Infinity"),
        (-0.0, 0.0),
        (5e-324, 5e-324),
        (1.7976931348623157e308, 1.7976931348623157e308),
    ],
)
def test_reads_and_writes_numbers_as_the_client_does(api, experiment, sent, read):
    run = make.candidate(experiment)

    api.post("runs/log-metric", run_id=run.eid, **metric(value=sent))

    _, body = api.get("runs/get", run_id=run.eid)
    _, history = api.get("metrics/get-history", run_id=run.eid, metric_key="loss")
    assert body["run"]["data"]["metrics"][0]["value"] == read
    assert history["metrics"][0]["value"] == read


@pytest.mark.parametrize("number", [3, "3", "FINISHED"])
def test_reads_enums_by_name_or_number(api, experiment, number):
    run = make.candidate(experiment)

    _, body = api.post("runs/update", run_id=run.eid, status=number)

    assert body["run_info"]["status"] == "FINISHED"


@pytest.mark.parametrize(
    ("body", "names"),
    [
        ({"name": 123}, "Invalid value 123 for parameter 'name' supplied"),
        ({}, "Missing value for required parameter 'name'"),
        ({"name": ""}, "Missing value for required parameter 'name'"),
        ({"name": None}, "Missing value for required parameter 'name'"),
        (
            {"name": "a", "tags": "5"},
            "Invalid value \"5\" for parameter 'tags' supplied",
        ),
        ({"name": "a", "tags": [{"value": "v"}]}, "required parameter 'tags[0].key'"),
        ({"name": "a", "tags": [{"key": "k"}, 5]}, "for parameter 'tags[1]' supplied"),
        ({"name": "a" * 501}, "'name' exceeds the maximum length of 500 characters"),
        (
            {"name": "a", "artifact_location": 9.0},
            "value 9.0 for parameter 'artifact_loc",
        ),
    ],
)
def test_names_the_parameter_and_echoes_the_value(api, body, names):
    answer = api.post("experiments/create", **body)

    assert refused(answer) == INVALID
    assert names in answer[1]["message"]


def test_quotes_no_more_than_the_beginning_of_a_value(api):
    _, body = api.post("experiments/create", name=["x\n" * 100_000])

    assert len(body["message"]) < 600
    assert "\n" not in body["message"]


@pytest.mark.parametrize("truth", ["true", "TRUE", "false"])
def test_reads_booleans_of_a_query_in_any_case(api, experiment, truth):
    _, body = api.post("logged-models", experiment_id=str(experiment.iid))
    model_id = body["model"]["info"]["model_id"]

    assert api.get(f"logged-models/{model_id}", allow_deleted=truth)[0] == 200


@pytest.mark.parametrize("truth", ["1", "yes", ""])
def test_refuses_any_other_boolean_in_a_query(api, truth):
    answer = api.get("logged-models/m-1", allow_deleted=truth)

    assert refused(answer) == INVALID


def test_refuses_nul_in_a_query(api):
    answer = api.get("experiments/get-by-name", experiment_name="a\x00b")

    assert refused(answer) == INVALID


def test_answers_head_like_get_without_a_body(api, experiment):
    url = f"/api/2.0/mlflow/experiments/get?experiment_id={experiment.iid}"

    response = api.client.head(url)

    assert (response.status_code, response.content) == (200, b"")


def test_never_writes_null_for_a_metric(api, experiment):
    run = make.candidate(
        experiment, metrics={"a": float("nan"), "b": float("inf"), "c": 1.0}
    )

    response = api.client.get(f"/api/2.0/mlflow/runs/get?run_id={run.eid}")

    assert b"null" not in response.content
