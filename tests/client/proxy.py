"""A proxy that writes down what passes between a client and the server."""

import json
from http.client import HTTPConnection
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import NamedTuple

HOP = {"connection", "transfer-encoding", "keep-alive", "content-length"}


class Exchange(NamedTuple):
    method: str
    path: str
    status: int
    content_type: str
    body: bytes

    def json(self):
        return json.loads(self.body)


class Proxy:
    """`with Proxy(port) as proxy:` listens at `proxy.url`; `proxy.seen` is the record."""

    def __init__(self, port: int):
        self.seen: list[Exchange] = []
        record = self.seen

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def handle_one(self):
                length = int(self.headers.get("Content-Length") or 0)
                body = self.rfile.read(length) if length else self.chunks()
                upstream = HTTPConnection("127.0.0.1", port, timeout=60)
                headers = {
                    k: v for k, v in self.headers.items() if k.lower() not in HOP
                }
                upstream.request(self.command, self.path, body, headers)
                answer = upstream.getresponse()
                content = answer.read()
                kind = answer.getheader("Content-Type") or ""
                record.append(
                    Exchange(self.command, self.path, answer.status, kind, content)
                )
                upstream.close()
                self.send_response_only(answer.status)
                for name, value in answer.getheaders():
                    if name.lower() not in HOP:
                        self.send_header(name, value)
                self.send_header("Content-Length", str(len(content)))
                self.end_headers()
                self.wfile.write(content)

            do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = handle_one

            def chunks(self):
                if self.headers.get("Transfer-Encoding") != "chunked":
                    return None
                content = b""
                while size := int(self.rfile.readline(), 16):
                    content += self.rfile.read(size)
                    self.rfile.readline()
                self.rfile.readline()
                return content

            def log_message(self, *args):
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self.server.server_port}"

    def __enter__(self):
        self.thread = Thread(target=self.server.serve_forever)
        self.thread.start()
        return self

    def __exit__(self, *exc):
        self.server.shutdown()
        self.server.server_close()
        self.thread.join()
