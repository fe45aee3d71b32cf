"""What can stand between this project and an MLflow server: one that dies half way, asks for a token, or hangs."""

from __future__ import annotations

import contextlib
import http.client
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import urlsplit


@contextlib.contextmanager
def passing_on(target: str, *, most: int | None = None, token: str = "", refusal: int = 401, hangs: float = 0.0) -> Iterator[str]:
    """The address of a server that passes requests on to `target`.

    After `most` requests it is gone, in the middle of the next one. Without `token` it answers with `refusal`. It hangs so many seconds.
    """
    host = urlsplit(target).netloc
    count = [0]
    lock = threading.Lock()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def _pass(self) -> None:
            with lock:
                count[0] += 1
                gone = most is not None and count[0] > most
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            if hangs:
                time.sleep(hangs)
            if gone or hangs:
                self.close_connection = True
                return
            if token and self.headers.get("Authorization") != f"Bearer {token}":
                self._answer(refusal, b"You are not authenticated.", "text/plain")
                return
            connection = http.client.HTTPConnection(host, timeout=120)
            kept = {key: value for key, value in self.headers.items() if key.lower() not in ("host", "connection", "accept-encoding")}
            connection.request(self.command, self.path, body, {**kept, "Host": host})
            reply = connection.getresponse()
            self._answer(reply.status, reply.read(), reply.headers.get("Content-Type", ""))
            connection.close()

        do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = _pass

        def _answer(self, status: int, content: bytes, kind: str) -> None:
            self.send_response(status)
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, format: str, *args: object) -> None:
            """Says nothing."""

    class Server(ThreadingHTTPServer):
        daemon_threads = True

    with Server(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_address[1]}"
        finally:
            server.shutdown()
            thread.join()
