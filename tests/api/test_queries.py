"""Where the message of a GET stands."""

import json

from tests import make
from tests.api.words import GONE, INVALID, refused


def test_reads_the_body_of_a_get_that_has_no_query(api, experiment):
    run = make.candidate(experiment)
    body = json.dumps({"run_id": run.eid})

    status, answer = api.send("GET", "runs/get", body)
    assert (status, answer["run"]["info"]["run_id"]) == (200, run.eid)

    assert refused(api.send("GET", "runs/get?run_id=x", body)) == GONE
    assert refused(api.send("GET", "runs/get", body, "text/plain")) == INVALID
    assert refused(api.send("GET", "runs/get", "[]")) == INVALID


def test_takes_the_first_of_a_parameter_that_is_said_twice(api, experiment):
    run = make.candidate(experiment)

    assert api.send("GET", f"runs/get?run_id={run.eid}&run_id=x", "", "")[0] == 200
