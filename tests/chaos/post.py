"""What lies in the mailboxes, and which links Braze has for its messages: looked at all the time."""

from __future__ import annotations

import re
import threading
from collections import defaultdict

from tests.benchmarks.processes import Sandbox

CODE = re.compile(r"^\s*([A-Z0-9]{4}-?[A-Z0-9]{4})\s*$", re.MULTILINE)
EVERY = 0.3  # seconds


class Post:
    """Looks at the sandbox in a thread until stopped."""

    def __init__(self, sandbox: Sandbox) -> None:
        self._sandbox = sandbox
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="post")
        self._revision = 0
        self.links: dict[str, list[str]] = defaultdict(list)  # by mailbox: of confirmations, oldest first
        self.codes: dict[str, list[str]] = defaultdict(list)  # by mailbox: of sign-ins and changes, oldest first
        self.trouble: Exception | None = None
        self._opened: set[int] = set()  # numbers of mails whose code was read: the sandbox keeps the newest mails only
        self.leaving: dict[str, str] = {}  # by address: the unsubscribe link that Braze has for it

    def __enter__(self) -> Post:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join()

    def _run(self) -> None:
        try:
            while not self._stop.wait(EVERY):
                self._look()
        except Exception as error:  # noqa: BLE001 - a thread's error would go unseen
            self.trouble = error

    def _look(self) -> None:
        since = self._revision
        mails = self._sandbox.ask(f"mails?since={since}")
        people = self._sandbox.ask(f"people?since={since}")
        self._revision = people["revision"]
        for mail in reversed(mails):
            self._sort(mail)
        for profile in people["profiles"]:
            for address, name in (("email", "unsubscribe_url"), ("phone", "text_unsubscribe_url")):
                if profile[address] and (link := profile["attributes"].get(name)):
                    self.leaving[profile[address]] = link

    def _sort(self, mail: dict) -> None:  # type: ignore[type-arg]
        """A mail that comes between two looks is seen twice, and kept once."""
        links = [link for link in mail["links"] if "/confirm/" in link]
        found = None if links or mail["number"] in self._opened else self._code(mail["number"])
        for mailbox in mail["to"]:
            if links and links[0] not in self.links[mailbox]:
                self.links[mailbox].append(links[0])
            elif found:
                self.codes[mailbox].append(found)

    def _code(self, number: int) -> str:
        self._opened.add(number)
        found = CODE.search(self._sandbox.ask(f"mails/{number}")["text"])
        return found[1] if found else ""
