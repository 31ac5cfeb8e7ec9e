"""What stands between a worker and the sandbox, and answers as no sandbox does."""

from __future__ import annotations

import socket
import threading
from abc import ABC, abstractmethod
from contextlib import suppress
from typing import Any
from urllib.parse import urlsplit


class Front(ABC):
    """Hands calls on to the sandbox, or does as `answer` says."""

    def __init__(self, url: str) -> None:
        self._to = urlsplit(url)
        self._door = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._door.getsockname()[1]}"
        threading.Thread(target=self._accept, daemon=True).start()

    def close(self) -> None:
        self._door.close()

    @abstractmethod
    def answer(self, here: socket.socket, head: bytes, body: bytes) -> None:
        """Answer one call; raise OSError to hang up."""

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                threading.Thread(target=self._serve, args=(self._door.accept()[0],), daemon=True).start()

    def _serve(self, here: socket.socket) -> None:
        with here, suppress(OSError), here.makefile("rb") as reader:
            while head := _head(reader):
                self.answer(here, head, reader.read(_length(head)))

    def ask(self, head: bytes, body: bytes) -> bytes:
        with socket.create_connection((self._to.hostname, self._to.port)) as there, there.makefile("rb") as reader:
            there.sendall(head + body)
            answer = _head(reader)
            return answer + reader.read(_length(answer))


def _head(reader: Any) -> bytes:
    lines = []
    while line := reader.readline():
        lines.append(line)
        if line == b"\r\n":
            break
    return b"".join(lines)


def _length(head: bytes) -> int:
    found = [line for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:")]
    return int(found[0].split(b":")[1]) if found else 0
