"""A client that sends too little of a body loses its connection, not the server a thread."""

import contextlib
import io
import select
import socket
import struct
import sys
import threading
from typing import NamedTuple

import pytest
from django.test import Client

from tests.live import free_port
from tracker import incoming
from tracker.connections import Facts
from tracker.environment import Address
from tracker.errors import Unavailable

on_linux = pytest.mark.skipif(
    sys.platform != "linux", reason="asks Linux about connections"
)


class Pair(NamedTuple):
    client: socket.socket
    served: socket.socket


@pytest.fixture
def connect(settings):
    settings.BIND = Address("127.0.0.1", free_port())
    with contextlib.ExitStack() as stack:
        listening = stack.enter_context(socket.create_server(tuple(settings.BIND)))

        def one():
            client = socket.create_connection(tuple(settings.BIND))
            served, _ = listening.accept()
            return Pair(stack.enter_context(client), stack.enter_context(served))

        yield one


@on_linux
@pytest.mark.parametrize("limit", ["SILENT_SECONDS", "SLOW_SECONDS"])
def test_ends_a_read_of_what_does_not_come(connect, monkeypatch, limit):
    """And nobody else's, who is heard or has had an answer meanwhile."""
    monkeypatch.setattr(incoming, limit, 0.3)
    monkeypatch.setattr(incoming, "LOOK_SECONDS", 0)
    patience = incoming.Patience()
    monkeypatch.setattr(incoming, "patience", patience)
    waited, other = connect(), connect()
    waited.client.sendall(b"half")
    body = incoming.Incoming(waited.served.makefile("rb"), 1000, "127.0.0.1")
    ended = []

    def read():
        with pytest.raises(incoming.BrokenOff):
            body.read()
        ended.append(True)

    thread = threading.Thread(target=read, daemon=True)
    thread.start()
    while not ended:
        other.client.sendall(b"I am still here")
        other.served.sendall(b"So you are")
        if limit == "SLOW_SECONDS":
            waited.client.sendall(b"a")
        patience.look()
        thread.join(0.05)

    waited.served.sendall(b"an answer")
    assert waited.client.recv(100) == b"an answer"
    assert other.served.recv(1000).startswith(b"I am still here")
    other.client.sendall(b"!")
    while other.served.recv(1000)[-1:] != b"!":
        pass


@pytest.mark.parametrize(
    ("seconds", "received", "least", "slow"),
    [
        (61, 61 * 500 - 1, 500, True),
        (61, 61 * 500, 500, False),
        (59, 0, 500, False),
        (1000, 1, 0, False),
    ],
)
def test_knows_who_is_slow(settings, seconds, received, least, slow):
    settings.MIN_BYTES_PER_SECOND = least
    then = incoming.Mark(7, Facts(False, 0, 50, 40))
    now = incoming.Mark(7 + seconds, Facts(False, 0, 50, 40 + received))

    assert incoming.is_slow(then, now) is slow


@on_linux
@pytest.mark.parametrize("ending", ["open", "half closed", "closed", "reset"])
def test_tells_an_end_from_what_may_be_none(connect, ending):
    """Of a body in chunks the web server says that it has ended, also where it broke off."""
    client, served = connect()
    client.sendall(b"POST")
    served.recv(4)
    body = incoming.InChunks(io.BytesIO(b"{}"), "127.0.0.1")
    if ending == "half closed":
        client.shutdown(socket.SHUT_WR)
    if ending == "reset":
        client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    if ending in ("closed", "reset"):
        client.close()
    if ending != "open":
        select.select([served], [], [], 10)

    assert body.read(2) == b"{}"
    if ending == "open":
        assert body.read(1) == b""
    else:
        with pytest.raises(Unavailable):
            body.read(1)


@pytest.mark.parametrize("size", [-1, 3, 100])
def test_hands_in_what_is_whole(size):
    body = incoming.Incoming(io.BytesIO(b"0123456789 and more"), 10, "")

    read = b"".join(iter(lambda: body.read(size), b""))

    assert read == b"0123456789"


@pytest.mark.parametrize(("left", "told"), [(200_000, "close"), (0, None), (9, None)])
def test_tells_who_was_not_heard_to_the_end_to_connect_anew(db, left, told):
    body = incoming.Incoming(io.BytesIO(bytes(left)), left, "")

    answer = Client().post("/nowhere/", **{"wsgi.input": body, "CONTENT_LENGTH": left})

    assert answer.headers.get("Connection") == told


@pytest.mark.parametrize("how", ["read", "readline"])
def test_refuses_what_ends_too_early(how):
    body = incoming.Incoming(io.BytesIO(b"01234"), 10, "")

    with pytest.raises(incoming.BrokenOff):
        while getattr(body, how)(4):
            pass
