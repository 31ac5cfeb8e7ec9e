"""The HTTP server: a thread per connection, kept open, one write per reply."""

from __future__ import annotations

import contextlib
import re
import socket
import socketserver
import threading
from collections.abc import Callable
from typing import Any, BinaryIO, cast

from .wire import BadRequestError, Reply, Request, read_request

Handler = Callable[[Request], Reply | None]
PORT = re.compile(r":\d+$")
LOOPBACK_NAMES = ("127.0.0.1", "localhost", "[::1]")


class Server(socketserver.ThreadingTCPServer):
    """Serves `handle` on a loopback address. `handle` returns None to hang up without an answer."""

    allow_reuse_address = True
    daemon_threads = True
    block_on_close = False
    request_queue_size = 1024

    def __init__(self, host: str, port: int, handle: Handler) -> None:
        self.address_family = socket.AF_INET6 if ":" in host else socket.AF_INET
        self.handle = handle
        self._open: set[socket.socket] = set()
        self._lock = threading.Lock()
        super().__init__((host, port), Connection)
        self._thread = threading.Thread(target=self.serve_forever, args=(0.05,), name="braze", daemon=True)

    @property
    def port(self) -> int:
        return int(self.server_address[1])

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        """Stop listening and hang up on whoever is still connected."""
        self.shutdown()
        self.server_close()
        self._thread.join(timeout=5)
        with self._lock:
            for connection in self._open:
                with contextlib.suppress(OSError):
                    connection.shutdown(socket.SHUT_RDWR)

    def process_request(self, request: Any, client_address: Any) -> None:
        with self._lock:
            self._open.add(request)
        super().process_request(request, client_address)

    def shutdown_request(self, request: Any) -> None:
        with self._lock:
            self._open.discard(request)
        super().shutdown_request(request)


class Connection(socketserver.StreamRequestHandler):
    """One client's connection, answered until either side closes it."""

    # TCP_NODELAY: small answers leave at once.
    disable_nagle_algorithm = True

    def handle(self) -> None:
        with contextlib.suppress(OSError):  # the client went away
            while self._exchange():
                pass

    def _exchange(self) -> bool:
        """Answer one request. Return whether the connection stays open."""
        writer = cast(BinaryIO, self.wfile)
        try:
            request = read_request(cast(BinaryIO, self.rfile), writer)
        except BadRequestError as error:
            writer.write(Reply.of_json(400, {"message": str(error)}, {"Connection": "close"}).encode())
            return False
        if request is None:
            return False
        reply = self._reply(request)
        if reply is None:
            return False
        writer.write(reply.encode(with_body=request.method != "HEAD"))
        return request.keeps_alive

    def _reply(self, request: Request) -> Reply | None:
        """Refuse foreign host names: a web page elsewhere may have its name resolve to this machine."""
        server = cast(Server, self.server)
        name = PORT.sub("", request.headers.get("host", "localhost"))
        if name not in (*LOOPBACK_NAMES, server.server_address[0]):
            return Reply.of_json(421, {"message": "This sandbox answers on loopback names only"})
        return server.handle(request)
