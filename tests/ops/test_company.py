"""The same server as a company runs it: PostgreSQL, Redis, a bucket, and accounts."""

import os
import sys
import time

import boto3
import psycopg
import pytest
import requests

from tests import parts
from tests.live import Server, free_port
from tests.ops.programs import Process, wait_for
from tests.postgresql import new_database

AWS = {
    "AWS_ACCESS_KEY_ID": "test",
    "AWS_SECRET_ACCESS_KEY": "test",  # moto takes any
    "AWS_DEFAULT_REGION": "us-east-1",
}


@pytest.fixture(scope="module")
def database():
    """The address of a new database."""
    with new_database("company") as address:
        yield address


@pytest.fixture(scope="module")
def redis(tmp_path_factory):
    program = parts.redis_server()
    if not program:
        because = "Redis is missing: install it (on Debian: apt install redis-server)"
        pytest.fail(because) if os.environ.get("CI") else pytest.skip(because)
    port = free_port()
    server = Process(
        *(program, "--port", str(port), "--bind", "127.0.0.1", "--save", ""),
        port=port,
        folder=tmp_path_factory.mktemp("redis"),
    )
    server.start()
    yield server
    server.stop()


@pytest.fixture(scope="module")
def bucket(tmp_path_factory):
    """An S3 client, of a server with a bucket `company`."""
    port = free_port()
    server = Process(
        *(sys.executable, "-m", "moto.server", "-H", "127.0.0.1", "-p", str(port)),
        port=port,
        folder=tmp_path_factory.mktemp("s3"),
    )
    server.start()
    client = boto3.client(
        "s3",
        endpoint_url=f"http://127.0.0.1:{port}",
        aws_access_key_id="test",
        aws_secret_access_key="test",
        region_name="us-east-1",
    )
    client.create_bucket(Bucket="company")
    yield client
    client.close()
    server.stop()


@pytest.fixture(scope="module")
def company(tmp_path_factory, database, redis, bucket):
    """A running server, and the token of somebody who may log to the project `vision`."""
    server = Server(
        tmp_path_factory.mktemp("company") / "data",
        **AWS,
        TRACKER_MODE="team",
        TRACKER_SECRET_KEY="a long enough secret, twice " * 2,
        TRACKER_DATABASE_URL=database,
        TRACKER_REDIS_URL=f"redis://127.0.0.1:{redis.port}/0",
        TRACKER_ARTIFACTS_URL="s3://company/tracker",
        TRACKER_S3_ENDPOINT_URL=bucket.meta.endpoint_url,
        TRACKER_WORKERS="2",
    )
    for command in (
        "create_user ada",
        "create_project vision",
        "add_member vision ada writer",
        "create_token ada --project vision",
    ):
        made = server.manage(*command.split())
        assert made.returncode == 0, made.stderr
    server.token = made.stdout.strip()
    server.start()
    yield server
    assert server.stop() == 0, server.output()


@pytest.fixture
def call(company):
    def call(method, route, **options):
        answer = requests.request(
            method,
            f"{company.url}/p/vision/api/2.0/{route}",
            headers={"Authorization": f"Bearer {company.token}"},
            timeout=60,
            **options,
        )
        assert answer.status_code == 200, answer.text
        return answer

    return call


@pytest.fixture
def run(call):
    """A new run: its id, and where its files go."""
    made = call("POST", "mlflow/runs/create", json={"experiment_id": "0"}).json()
    info = made["run"]["info"]
    root = info["artifact_uri"].removeprefix("mlflow-artifacts:")
    return info["run_id"], f"mlflow-artifacts/artifacts{root}"


def test_is_ready(company):
    ready = requests.get(f"{company.url}/readyz", timeout=60)

    assert (ready.status_code, set(ready.json().values())) == (200, {"ok"})


def test_keeps_files_in_the_bucket_and_looks_at_them(
    company, call, run, bucket, database
):
    content = b"class,recall\ncat,0.9\n" * 1000
    call("PUT", f"{run[1]}/reports/classes.csv", data=content)

    back = call("GET", f"{run[1]}/reports/classes.csv").content

    def state():
        with psycopg.connect(database) as connection:
            return connection.execute(
                "SELECT state FROM artifacts_artifact WHERE name = 'classes.csv'"
            ).fetchone()[0]

    assert back == content
    kept = bucket.list_objects_v2(Bucket="company", Prefix="tracker/")["Contents"]
    assert len(content) in {entry["Size"] for entry in kept}
    wait_for(lambda: state() == "ready")


def test_has_no_files_but_its_lock_in_the_data_folder(company):
    kept = {path.name for path in company.folder.iterdir()}

    assert not kept & {"queue", "artifacts", "tracker.sqlite3", "secret-key"}


def test_takes_what_scripts_send_while_redis_is_away(company, call, run, redis):
    redis.stop()
    try:
        began = time.monotonic()
        call(
            "POST",
            "mlflow/runs/log-metric",
            json={"run_id": run[0], "key": "loss", "value": 0.5, "timestamp": 1},
        )
        call("PUT", f"{run[1]}/model.bin", data=b"weights")
        seconds = time.monotonic() - began
    finally:
        redis.start()

    assert seconds < 20
    wait_for(
        lambda: requests.get(f"{company.url}/readyz", timeout=60).status_code == 200
    )
