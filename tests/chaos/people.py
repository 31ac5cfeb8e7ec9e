"""People who sign up, confirm, change their minds and their numbers, each with a browser, a mailbox and a phone."""

from __future__ import annotations

import math
import random
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote

import requests

from tests.benchmarks.processes import Sandbox
from tests.benchmarks.visitors import hidden_fields
from tests.chaos import diary
from tests.chaos.diary import Diary, Table
from tests.chaos.post import Post

PATIENCE = 60.0  # seconds: longer than anything that is suspended here, so that no answer is given up on
TEXTS = "Text messages"  # the program's name
APART = 3.0  # seconds between two acts: providers tell whole seconds
AT_ONCE = 0.4  # how often an opt-out comes at the heels of an opt-in, while that is on its way


@dataclass
class Town:
    """Where people live: the site, the sandbox, and numbers to be had."""

    url: str
    sandbox: Sandbox
    post: Post
    numbers: list[str]
    lost: int = 0  # requests that nobody answered
    done: Counter[str] = field(default_factory=Counter)


class Person:
    """One of them. Acts one at a time, from one thread."""

    def __init__(self, town: Town, number: int, chance: random.Random) -> None:
        self._town, self._chance = town, chance
        self.email, self.phone = f"person{number}@example.com", town.numbers.pop()
        self.diary = Diary()
        self._browser = requests.Session()
        self._browser.headers["User-Agent"] = "Mozilla/5.0 (chaos)"
        self._phones = [self.phone]
        self._sign_ups = 0
        self._is_proven = self._is_signed_in = False
        self._code_asked: tuple[str, int] | None = None
        self.free_at = 0.0

    def act(self) -> None:
        """Do one thing that makes sense now."""
        self._do(doing := self._next())
        if doing in self._opt_ins and self._chance.random() < AT_ONCE:
            time.sleep(self._chance.random())
            self._do(self._chance.choice(self._opt_outs))
        self.free_at = max(self.free_at, time.time() + APART)

    def _do(self, doing: Callable[[], None]) -> None:
        self._town.done[doing.__name__.strip("_").replace("_", " ")] += 1
        doing()

    @property
    def _opt_ins(self) -> list[Callable[[], None]]:
        return [self._sign_up, self._opt_in_word, self._join, self._change_number, self._press]

    @property
    def _opt_outs(self) -> list[Callable[[], None]]:
        """Those that are open to them now."""
        one_click = [self._one_click] if self._town.post.leaving.get(self.phone) else []
        return [self._stop, *one_click, *([self._leave] if self._is_signed_in else [])]

    def _retire(self) -> None:
        """Nobody knows which address is theirs now: the diary could not be kept any more."""
        self.free_at = math.inf

    def _next(self) -> Callable[[], None]:
        if not self._sign_ups:
            return self._sign_up
        if self._code_asked and self._has_code():
            return self._enter_code
        some = [self._sign_up, self._stop, self._stop, self._opt_in_word, self._start, self._yes, self._ask_for_texts]
        if self._town.post.links[self.email] and not self._is_proven:
            some += [self._press] * 8
        if self._town.post.leaving.get(self.phone):
            some += [self._one_click] * 2
        if self._is_proven:
            some += [self._leave, self._join, self._change_number, self._change_email] * 2 if self._is_signed_in else []
            some += [self._sign_in] * (0 if self._is_signed_in else 4)
        return self._chance.choice(some)

    # --- by form

    def _sign_up(self) -> None:
        self._sign_ups += 1
        boxes = {"program_sms": "on", "program_email": "on"}
        status = self._fill_in("/", {"email": self.email, "phone": self.phone} | boxes)
        self._note(self.phone, diary.TICK_TEXTS, "tick", status)
        self._note(self.email, diary.TICK_EMAILS, "tick", status)

    def _ask_for_texts(self) -> None:
        self._note(self.phone, diary.ASK, "phone form", self._fill_in("/phone/", {"phone": self.phone}))

    def _press(self) -> None:
        link = self._town.post.links[self.email][-1].removeprefix(self._town.url)
        status = self._fill_in(link, {"answer": "confirm"})
        first = self._sign_ups == 1
        self._note(self.email, diary.PRESS if first else diary.PRESS_ONE_OF_SEVERAL, "button", status)
        self._is_proven = self._is_proven or (status == 302 and first)

    # --- signed in

    def _sign_in(self) -> None:
        if self._fill_in("/accounts/login/", {"email": self.email}) == 302:
            self._code_asked = (self.email, len(self._town.post.codes[self.email]))

    def _change_email(self) -> None:
        new = self.email.replace("@", "x@")
        if self._fill_in("/preferences/email/", {"email": new}) == 302:
            self._code_asked = (new, len(self._town.post.codes[new]))

    def _has_code(self) -> bool:
        assert self._code_asked is not None
        mailbox, before = self._code_asked
        return len(self._town.post.codes[mailbox]) > before

    def _enter_code(self) -> None:
        assert self._code_asked is not None
        mailbox, self._code_asked = self._code_asked[0], None
        code = {"code": self._town.post.codes[mailbox][-1]}
        if mailbox == self.email:
            self._is_signed_in = self._fill_in("/accounts/login/code/confirm/", code) == 302
            return
        status = self._fill_in("/preferences/email/", code)
        self._note(self.email, diary.LEAVE_EMAILS, "address changed", status)
        if status == 302:
            self.email = mailbox
        else:
            self._retire()

    def _leave(self) -> None:
        what = self._chance.choice(("all", "emails", "texts"))
        status = self._fill_in("/preferences/", {"leave": what})
        if what != "texts":
            self._note(self.email, diary.LEAVE_EMAILS, "leave", status)
        for phone in self._phones if what != "emails" else ():
            self._note(phone, diary.LEAVE, "leave", status)

    def _join(self) -> None:
        fields = {"phone": self.phone, "program_sms": "on", "program_email": "on"}
        status = self._fill_in("/preferences/", fields)
        self._note(self.email, diary.JOIN_EMAILS, "join", status)
        self._note(self.phone, diary.JOIN_TEXTS, "join", status)

    def _change_number(self) -> None:
        old, new = self.phone, self._town.numbers.pop()
        status = self._fill_in("/preferences/", {"phone": new, "program_sms": "on"})
        self._note(old, diary.LEAVE, "number changed", status)
        self._note(new, diary.JOIN_TEXTS, "join", status)
        self._phones.append(new)
        if status == 302:
            self.phone = new
        else:
            self._retire()

    def _one_click(self) -> None:
        """The link names the number until the mailbox is proven, and then whoever has it: the answer says which."""
        link = self._town.post.leaving[self.phone]
        answer = self._ask("POST", link, {"List-Unsubscribe": "One-Click"})
        status = answer.status_code if answer is not None else None
        if answer is None or answer.status_code != 200 or TEXTS not in answer.text:
            self._note(self.email, diary.LEAVE_EMAILS, "one click", 302 if status == 200 else None)
        if answer is None or answer.status_code != 200 or TEXTS in answer.text:
            self._note(self.phone, diary.LEAVE_BY_NUMBER, "one click", 302 if status == 200 else None)

    # --- by phone

    def _stop(self) -> None:
        self._text(diary.STOP, "STOP")

    def _opt_in_word(self) -> None:
        self._text(diary.OPT_IN_WORD, "UNSTOP")

    def _start(self) -> None:
        self._text(diary.OPT_IN_WORD_ASKED, "START")

    def _yes(self) -> None:
        self._text(diary.YES, "Y")

    def _text(self, table: Table, words: str) -> None:
        self._town.sandbox.ask(f"phones/{quote(self.phone)}/texts", {"body": words})
        self.diary.note(self.phone, table, words, is_certain=True)

    # --- HTTP

    def _note(self, address: str, table: Table, words: str, status: int | None) -> None:
        self.diary.note(address, table, words, is_certain=status == 302)

    def _fill_in(self, path: str, fields: dict[str, str]) -> int | None:
        """Open a page and send its form; 302 says that it was taken."""
        page = self._ask("GET", self._town.url + path)
        if page is None or page.status_code != 200:
            return None
        answer = self._ask("POST", self._town.url + path, hidden_fields(page.text) | fields)
        return answer.status_code if answer is not None else None

    def _ask(self, method: str, url: str, data: dict[str, str] | None = None) -> Any:
        try:
            return self._browser.request(method, url, data=data, timeout=PATIENCE, allow_redirects=False)
        except requests.RequestException:
            self._town.lost += 1
            return None
