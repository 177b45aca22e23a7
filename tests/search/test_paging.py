"""Page tokens: they open for the query they were made for, and for nothing else."""

import base64
import json
import math
from itertools import count

import pytest
from django.core import signing
from django.test import override_settings

from tracker.errors import Invalid
from tracker.search import paging

QUERY = ["runs", [1, 2], "metrics.m > 1", [], "ACTIVE_ONLY"]
VALUES = ["after", 0, 1_700_000_000_000, -math.inf, "ünï/✓ '\"", "019a"]


def test_gives_back_what_was_signed():
    assert paging.open(paging.sign(VALUES, QUERY), QUERY) == VALUES


def test_is_the_same_text_each_time():
    """So that a page with a token in it can be cached."""
    assert paging.sign(VALUES, QUERY) == paging.sign(VALUES, QUERY)


def test_is_plain_enough_for_an_address():
    token = paging.sign(VALUES, QUERY)

    assert token.isascii()
    assert not set(token) & set(" /?&#%+\"'")


TOKEN = paging.sign(["after", 0, 5], QUERY)
BODY, SIGNATURE = TOKEN.rsplit(":", 1)


def encoded(content):
    return base64.b64encode(json.dumps(content).encode()).decode()


@pytest.mark.parametrize(
    "token",
    [
        "garbage",
        " ",
        "0",
        "-1",
        ":",
        "::::",
        "\x00",
        "\ud800",
        "٣",
        "x" * 100_000,
        encoded({"offset": 0}),
        encoded({"offset": -1}),
        encoded({"offset": 10**30}),
        encoded([]),
        BODY,
        f"{BODY}:",
        f":{SIGNATURE}",
        TOKEN[:-1],
        TOKEN + "A",
        TOKEN.upper(),
        f"{BODY[:-1]}:{SIGNATURE}",
        f"x{TOKEN}",
        paging.sign(["after", 0, 5], [*QUERY, 1]),
        paging.sign(["after", 0, 5], "runs"),
        signing.dumps(["after", 0, 5]),
        signing.Signer().sign_object(["after", 0, 5]),
    ],
    ids=count(),  # some hold the time, and test processes must agree on names
)
def test_refuses_a_forgery(token):
    with pytest.raises(Invalid, match="Invalid page token"):
        paging.open(token, QUERY)


def test_refuses_a_token_that_another_key_signed():
    with override_settings(SECRET_KEY="another"):
        token = paging.sign(["after", 0, 5], QUERY)

    with pytest.raises(Invalid):
        paging.open(token, QUERY)


def test_a_long_text_does_not_make_a_long_token():
    assert len(paging.sign(["after", "x" * 6000], QUERY)) < 200
