"""Requests that no client library would send, byte by byte, to a server as people run it.

All of them go to one server; after each the server must still answer somebody else.
"""

import re
import socket
import struct
import time

import pytest

from tests.hostile import leaks

CREATE = b"/api/2.0/mlflow/experiments/create"
PATIENCE_SECONDS = 30
# What follows on the same connection: whoever is tricked about where the first request
# ends takes this for a request of its own.
SMUGGLED = b"GET /version HTTP/1.1\r\nHost: localhost\r\n\r\n"
END = b"Connection: close\r\n"


def request(
    head=b"", body=b"", *, method=b"GET", target=b"/livez", version=b"1.1", host=b""
):
    host = host or b"Host: localhost\r\n"
    first = b"%s %s HTTP/%s\r\n" % (method, target, version)
    return first + host + head + b"\r\n" + body


def message(head, body, **more):
    head = b"Content-Type: application/json\r\n" + head
    return request(head, body, **{"method": b"POST", "target": CREATE} | more)


def chunked(body, **more):
    return message(b"Transfer-Encoding: chunked\r\n", body, **more)


@pytest.fixture
def answers(live):
    """The status lines of what the server says to these bytes, until it hangs up."""

    def send(raw, *, ending=None):
        with socket.create_connection(
            ("127.0.0.1", live.port), PATIENCE_SECONDS
        ) as line:
            said = b""
            try:
                line.sendall(raw)
                if ending == "half closed":
                    line.shutdown(socket.SHUT_WR)
                if ending == "reset":
                    linger = struct.pack("ii", 1, 0)
                    line.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
                    return []
                while piece := line.recv(65536):
                    said += piece
            except ConnectionError:
                pass  # it hung up before it had read everything
        assert leaks.on_page(said.decode(errors="replace")) == []
        return [int(code) for code in re.findall(rb"HTTP/1\.[01] (\d{3}) ", said)]

    yield send
    assert live.get("/livez") == (200, b"ok")


NO = [400]
FRAMING = {
    "length and chunks": message(
        b"Content-Length: 6\r\nTransfer-Encoding: chunked\r\n", b"0\r\n\r\n" + SMUGGLED
    ),
    "chunks and length": message(
        b"Transfer-Encoding: chunked\r\nContent-Length: 6\r\n", b"0\r\n\r\n" + SMUGGLED
    ),
    "two lengths": message(b"Content-Length: 2\r\nContent-Length: 9\r\n", b"{}"),
    "a list of lengths": message(b"Content-Length: 2, 2\r\n", b"{}" + SMUGGLED),
    "a length with a sign": message(b"Content-Length: +2\r\n", b"{}" + SMUGGLED),
    "a negative length": message(b"Content-Length: -2\r\n", b"{}" + SMUGGLED),
    "a length in hex": message(b"Content-Length: 0x2\r\n", b"{}" + SMUGGLED),
    "no length": message(b"Content-Length: \r\n", b"{}" + SMUGGLED),
    "a length beyond any number": message(
        b"Content-Length: 1%s\r\n" % (b"0" * 30), b""
    ),
    "an unknown coding": message(b"Transfer-Encoding: xchunked\r\n", SMUGGLED),
    "a coding after the chunks": message(
        b"Transfer-Encoding: chunked, identity\r\n", b"0\r\n\r\n" + SMUGGLED
    ),
    "a coding before the chunks": message(
        b"Transfer-Encoding: gzip, chunked\r\n", b"0\r\n\r\n"
    ),
    "two codings": message(
        b"Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n",
        b"0\r\n\r\n" + SMUGGLED,
    ),
    "a coding after a control character": message(
        b"Transfer-Encoding: \x0bchunked\r\n", b"0\r\n\r\n" + SMUGGLED
    ),
    "a space before the colon": message(
        b"Transfer-Encoding : chunked\r\n", b"0\r\n\r\n" + SMUGGLED
    ),
    "a folded header": message(b"X: a\r\n b\r\nContent-Length: 2\r\n", b"{}"),
    "a folded coding": message(
        b"Transfer-Encoding:\r\n chunked\r\n", b"0\r\n\r\n" + SMUGGLED
    ),
    "chunks in HTTP/1.0": chunked(b"0\r\n\r\n" + SMUGGLED, version=b"1.0"),
    "a chunk of no size": chunked(b"zz\r\n{}\r\n0\r\n\r\n" + SMUGGLED),
    "a chunk of negative size": chunked(b"-2\r\n{}\r\n0\r\n\r\n" + SMUGGLED),
    "a chunk in C": chunked(b"0x2\r\n{}\r\n0\r\n\r\n" + SMUGGLED),
    "a chunk beyond any number": chunked(b"f" * 17 + b"\r\n{}\r\n0\r\n\r\n" + SMUGGLED),
    "a chunk without its end": chunked(b"2\r\n{}0\r\n\r\n" + SMUGGLED),
    "a long chunk extension": chunked(b"2;" + b"a" * 100_000 + b"\r\n{}\r\n0\r\n\r\n"),
}


@pytest.mark.parametrize("name", FRAMING)
def test_is_not_deceived_about_where_a_request_ends(answers, name):
    assert answers(FRAMING[name]) == NO


REFUSED = {
    "a bare CR": (request(b"X: a\rY: b\r\n"), 400),
    "NUL in a header": (request(b"X: a\0b\r\n"), 400),
    "a control character in a name": (request(b"X\x01: a\r\n"), 400),
    "a header without a name": (request(b": a\r\n"), 400),
    "a header without a colon": (request(b"nothing\r\n"), 400),
    "two hosts": (request(END + b"Host: evil.example\r\n"), 400),
    "no host": (b"GET / HTTP/1.1\r\nConnection: close\r\n\r\n", 400),
    "another host": (request(END, host=b"Host: evil.example\r\n"), 400),
    "a host within a host": (
        request(END, host=b"Host: localhost@evil.example\r\n"),
        400,
    ),
    "a host and a space": (request(END, host=b"Host: localhost evil\r\n"), 400),
    "an empty host": (request(END, host=b"Host: \r\n"), 400),
    "a host that is no text": (request(END, host=b"Host: \xff\xfe\r\n"), 400),
    "another host in full": (
        request(END, target=b"http://localhost/", host=b"Host: evil.example\r\n"),
        400,
    ),
    "TRACE": (request(END, method=b"TRACE"), 405),
    "CONNECT": (request(END, method=b"CONNECT", target=b"localhost:80"), 405),
    "a method of WebDAV": (request(END, method=b"PROPFIND"), 405),
    "a method in small letters": (
        message(END + b"Content-Length: 2\r\n", b"{}", method=b"post"),
        405,
    ),
    "a long method": (request(END, method=b"A" * 5000), 405),
    "a method with brackets": (request(END, method=b"G<>T"), 400),
    "HTTP/0.9": (b"GET /livez\r\n\r\n", 400),
    "HTTP/2.0": (request(END, version=b"2.0"), 400),
    "no HTTP": (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + bytes(300), 400),
    "any bytes": (bytes(range(256)) * 4, 400),
    "a long address": (request(END, target=b"/" + b"a" * 70_000), 414),
    "many headers": (request(b"".join(b"X%d: a\r\n" % n for n in range(200))), 431),
    "vast headers": (request(END + b"X: " + b"a" * 500_000 + b"\r\n"), 431),
    "NUL in an address": (request(END, target=b"/\0"), 400),
    "NUL, encoded": (request(END, target=b"/p/%00/"), 404),
    "half an encoding": (request(END, target=b"/p/%"), 404),
    "no encoding": (request(END, target=b"/p/%zz/%1"), 404),
    "overlong UTF-8": (request(END, target=b"/%c0%ae%c0%ae/%c0%af"), 404),
    "no UTF-8": (request(END, target=b"/p/\xff\xfe/"), 400),
    "a surrogate": (request(END, target=b"/p/%ed%a0%80/"), 404),
    "a space": (request(END, target=b"/a b"), 400),
    "a header in an address": (request(END, target=b"/p/a%0d%0aX:%20b/"), 404),
    "another host's address": (request(END, target=b"//evil.example/"), 404),
    "a way out of the static files": (
        request(END, target=b"/static/%2e%2e/%2e%2e/manage.py"),
        404,
    ),
    "NUL in a static file": (request(END, target=b"/static/a%00.css"), 404),
    "a length over the limit": (
        message(b"Expect: 100-continue\r\nContent-Length: 99999999999\r\n", b""),
        413,
    ),
}


@pytest.mark.parametrize("name", REFUSED)
def test_refuses_it_and_goes_on(answers, name):
    raw, status = REFUSED[name]
    # The server may hang up on whoever goes on sending, before its answer is read.
    assert answers(raw) in ([status], [] if len(raw) > 100_000 else [status])


SERVED = {
    "HTTP/1.0": (request(version=b"1.0"), [200]),
    "an upgrade to HTTP/2": (
        request(
            b"Connection: Upgrade, HTTP2-Settings, close\r\nUpgrade: h2c\r\n"
            b"HTTP2-Settings: AAMAAABkAAQAAP__\r\n"
        ),
        [200],
    ),
    "requests in one go": (request() * 3 + request(END), [200] * 4),
    "a body that nobody asked for": (
        request(b"Content-Length: 5\r\n", b"hello") + request(END),
        [200, 200],
    ),
    "trailers": (
        chunked(b"2\r\n{}\r\n0\r\nContent-Length: 5\r\n\r\n") + request(END),
        [400, 200],
    ),
    "a large cookie": (
        request(END + b"Cookie: session=" + b"a" * 60_000 + b"\r\n"),
        [200],
    ),
    "a client that asks first": (
        message(END + b"Expect: 100-continue\r\nContent-Length: 2\r\n", b"{}"),
        [100, 400],
    ),
}


@pytest.mark.parametrize("name", SERVED)
def test_answers_what_is_odd_and_allowed(answers, name):
    raw, right = SERVED[name]
    assert answers(raw) == right


@pytest.mark.parametrize("ending", ["half closed", "reset"])
@pytest.mark.parametrize(
    "raw",
    [
        b"GET /li",
        request()[:-2],
        message(b"Content-Length: 99\r\n", b'{"name": "cut"}'),
    ],
    ids=["line", "headers", "body"],
)
def test_takes_nothing_that_breaks_off(answers, live, raw, ending):
    assert answers(raw, ending=ending) in ([], [400])

    name = "/api/2.0/mlflow/experiments/get-by-name?experiment_name=cut"
    assert live.get(name)[0] == 404


def test_takes_no_half_of_a_form(answers, live):
    """The web server reports a form that breaks off like one that ends."""
    address = b"/p/default/settings/"
    page = request(END, target=address)
    with socket.create_connection(("127.0.0.1", live.port), PATIENCE_SECONDS) as line:
        line.sendall(page)
        said = b"".join(iter(lambda: line.recv(65536), b""))
    token = re.search(rb'csrfmiddlewaretoken" value="(\w+)"', said)[1]
    cookie = re.search(rb"csrf=(\w+)", said)[1]
    form = b"csrfmiddlewaretoken=%s&visibility=private&name=Whole&description=" % token

    def send(sent, length):
        head = b"Cookie: csrf=%s\r\nContent-Length: %d\r\n" % (cookie, length)
        head += b"Content-Type: application/x-www-form-urlencoded\r\n" + END
        raw = request(head, sent, method=b"POST", target=address)
        return answers(raw, ending="half closed" if len(sent) < length else None)

    assert send(form + b"half", len(form) + 40) == [403]
    assert b'value="Whole"' not in live.get(address.decode())[1]
    assert send(form + b"all", len(form) + 3) == [302]
    assert b'value="Whole"' in live.get(address.decode())[1]
    back = form.replace(b"Whole", b"Default")
    assert send(back, len(back)) == [302]


def test_answers_others_while_sixteen_send_slowly(answers, live):
    slow = [
        b"GET / HTTP/1.1\r\nHost: localhost\r\nX: ",
        message(b"Content-Length: 1000\r\n", b"{"),
        request(
            b"Cookie: csrf=%s\r\nContent-Type: application/x-www-form-urlencoded\r\n"
            b"Content-Length: 1000\r\n" % (b"a" * 32),
            b"n",
            method=b"POST",
            target=b"/p/default/settings/",
        ),
        request(
            b"Content-Length: 1000\r\n",
            b"x",
            method=b"PUT",
            target=b"/api/2.0/mlflow-artifacts/artifacts/0/x/artifacts/x",
        ),
    ]
    lines = []
    try:
        for number in range(16):
            line = socket.create_connection(("127.0.0.1", live.port), PATIENCE_SECONDS)
            lines.append(line)
            line.sendall(slow[number % 4])
        time.sleep(0.2)
        for line in lines[:8]:
            line.sendall(b"a")  # they go on, now and then
        for _ in range(4):
            assert live.get("/p/default/")[0] == 200
            assert answers(message(END + b"Content-Length: 2\r\n", b"{}")) == NO
    finally:
        for line in lines:
            line.close()
