"""A client that falls silent within a body loses its connection, not the server a thread."""

import contextlib
import io
import socket
import sys
import threading

import pytest
from django.test import Client

from tests.live import free_port
from tracker import incoming
from tracker.environment import Address


@pytest.mark.skipif(sys.platform != "linux", reason="asks Linux how long one is silent")
def test_ends_a_read_that_nobody_answers(settings, monkeypatch):
    settings.BIND = Address("127.0.0.1", free_port())
    monkeypatch.setattr(incoming, "SILENT_SECONDS", 0.2)
    with (
        contextlib.ExitStack() as stack,
        socket.create_server(tuple(settings.BIND)) as listening,
        socket.create_connection(tuple(settings.BIND)) as silent,
        socket.create_connection(tuple(settings.BIND)) as other,
    ):
        reading = stack.enter_context(listening.accept()[0])
        idle = stack.enter_context(listening.accept()[0])
        silent.sendall(b"half")
        arriving = stack.enter_context(reading.makefile("rb"))
        body = incoming.Incoming(arriving, 8, "127.0.0.1")
        ended = []

        def read():
            with pytest.raises(incoming.BrokenOff):
                body.read()
            ended.append(True)

        thread = threading.Thread(target=read, daemon=True)
        thread.start()
        while not ended:
            other.sendall(b"I am still here")
            incoming.patience.look()
            thread.join(0.05)

        reading.sendall(b"an answer")
        assert silent.recv(100) == b"an answer"
        assert idle.recv(1000).startswith(b"I am still here")


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
