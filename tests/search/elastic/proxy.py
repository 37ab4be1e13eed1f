"""A server of HTTPS between client and node: it writes down what is asked and may answer in the node's place."""

from __future__ import annotations

import http.client
import ssl
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import urlsplit

Answer = tuple[int, bytes]


@dataclass
class Proxy:
    """``instead`` is asked for the answer first, by method, path and body; None lets the node answer."""

    url: str
    certificate: Path
    instead: Callable[[str, str, bytes], Answer | None] = lambda method, path, body: None
    logins: list[str | None] = field(default_factory=list)
    pause_s: float = 0.0


@contextmanager
def proxied(node: str, folder: Path) -> Iterator[Proxy]:
    """A proxy before the node, with a certificate for 127.0.0.1 that nobody else has signed."""
    certificate, key = _certificate(folder)
    behind = urlsplit(node).netloc

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def pass_on(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            made.logins.append(self.headers.get("Authorization"))
            time.sleep(made.pause_s)
            status, kind, answer = 0, "application/vnd.elasticsearch+json;compatible-with=8", b""
            if told := made.instead(self.command, self.path, body):
                status, answer = told
            else:
                there = http.client.HTTPConnection(behind, timeout=60)
                there.request(self.command, self.path, body, _kept(self.headers.items()))
                got = there.getresponse()
                status, kind, answer = got.status, got.headers["Content-Type"] or kind, got.read()
                there.close()
            self.send_response(status)
            for name, value in (("Content-Type", kind), ("X-Elastic-Product", "Elasticsearch")):
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(answer)))
            self.end_headers()
            if self.command != "HEAD":
                self.wfile.write(answer)

        do_GET = do_POST = do_PUT = do_DELETE = do_HEAD = pass_on  # noqa: N815

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    server.socket = context.wrap_socket(server.socket, server_side=True)
    made = Proxy(f"https://127.0.0.1:{server.server_port}", certificate)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield made
    finally:
        server.shutdown()
        server.server_close()


def _kept(headers: list[tuple[str, str]]) -> dict[str, str]:
    return {name: value for name, value in headers if name.lower() in ("content-type", "accept")}


def _certificate(folder: Path) -> tuple[Path, Path]:
    certificate, key = folder / "certificate.pem", folder / "key.pem"
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=127.0.0.1",
         "-addext", "subjectAltName=IP:127.0.0.1", "-keyout", key, "-out", certificate],
        check=True, capture_output=True,
    )  # fmt: skip
    return certificate, key
