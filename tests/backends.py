"""Servers of a few lines, each of which says its own address, to see where a proxy sends whom."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from http.client import HTTPConnection, HTTPResponse
from http.cookies import SimpleCookie
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

import pytest

from benchmarks.proxy import program

WEBSOCKET = {"Connection": "Upgrade", "Upgrade": "websocket"}


def need(proxy: str) -> None:
    """Skip a test, or let it fail where all must be there, if a proxy is not installed."""
    try:
        program(proxy)
    except FileNotFoundError as error:
        missing = pytest.fail if os.environ.get("RNN_DYNAMICS_REQUIRE_PROXIES") else pytest.skip
        missing(str(error))


class Says(BaseHTTPRequestHandler):
    """Answers with the server's own port, also to whom it grants a websocket."""

    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        if self.path == "/_stcore/stream":
            self.send_response(101)
            for name, value in WEBSOCKET.items():
                self.send_header(name, value)
            self.end_headers()
            self.close_connection = True
        self._say()

    def do_PUT(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        self._say()

    def _say(self) -> None:
        said = str(self.server.server_port).encode()  # type: ignore[attr-defined]
        if self.path != "/_stcore/stream":
            self.send_response(200)
            self.send_header("Content-Length", str(len(said)))
            self.end_headers()
        self.wfile.write(said)

    def log_message(self, format: str, *_: object) -> None:
        """Nothing."""


@contextmanager
def backend(port: int = 0) -> Iterator[str]:
    """Host and port of such a server."""
    with ThreadingHTTPServer(("127.0.0.1", port), Says) as server:
        Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
        yield f"127.0.0.1:{server.server_port}"
        server.shutdown()


class Someone:
    """Who asks, with the cookies of the answers."""

    def __init__(self, origin: str) -> None:
        self._place = origin.removeprefix("http://")
        self.cookies: dict[str, str] = {}

    def ask(self, path: str = "/_stcore/upload_file/1/2", body: bytes | None = None) -> tuple[int, str]:
        """The status, and which server has answered."""
        return self._asked("GET" if body is None else "PUT", path, body, {})

    def open_websocket(self) -> str:
        """The server that grants one."""
        status, server = self._asked("GET", "/_stcore/stream", None, WEBSOCKET)
        assert status == 101
        return server

    def _asked(self, method: str, path: str, body: bytes | None, headers: dict[str, str]) -> tuple[int, str]:
        line = HTTPConnection(self._place, timeout=10)
        cookie = {"Cookie": "; ".join(f"{name}={value}" for name, value in self.cookies.items())}
        line.request(method, path, body, headers | cookie)
        reply = line.getresponse()
        for header in reply.headers.get_all("Set-Cookie", []):
            self.cookies |= {name: morsel.value for name, morsel in SimpleCookie(header).items()}
        said = _after_upgrade(reply) if reply.status == 101 else reply.read().decode()
        line.close()
        return reply.status, f"127.0.0.1:{said}"


def _after_upgrade(reply: HTTPResponse) -> str:
    """What a server says on a line that is no longer HTTP."""
    return reply.fp.read().decode()
