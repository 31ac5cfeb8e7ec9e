"""`python -m tests.browser.screenshots`: the README's picture, taken from what `make run` serves.

Start `make run` on a fresh database first. Signs somebody up, presses the button in their mail, signs in to
the admin with the code from the mailbox, and puts three pages side by side into docs/images/overview.png.
"""

from __future__ import annotations

import base64
import re
import time
from pathlib import Path
from typing import Any

import requests

from tests.browsing import chromium

SITE, SANDBOX = "http://127.0.0.1:8000", "http://127.0.0.1:8001"
OVERVIEW = Path(__file__).resolve().parents[2] / "docs/images/overview.png"
ADMIN = "admin@example.com"


def newest_mail(to: str, pattern: str) -> str:
    """Wait for a mail to this address and return what matches in its text."""
    for _ in range(100):
        mails = requests.get(f"{SANDBOX}/__sandbox/mails", timeout=5).json()
        for number in sorted((mail["number"] for mail in mails if to in mail["to"]), reverse=True):
            text = requests.get(f"{SANDBOX}/__sandbox/mails/{number}", timeout=5).json()["text"]
            if found := re.search(pattern, text):
                return found[0]
        time.sleep(0.2)
    raise SystemExit(f"No mail to {to} arrived. Is `make run` running?")


def sign_up(page: Any, email: str, phone: str) -> bytes:
    """Sign somebody up; return a picture of the form as they filled it in."""
    page.goto(SITE)
    page.fill("[name=email]", email)
    page.fill("[name=phone]", phone)
    page.check("[name=program_sms]")
    page.check("[name=program_email]")
    picture = page.screenshot()
    page.click("main button[type=submit]")
    page.wait_for_url("**/welcome/")
    page.goto(newest_mail(email, r"http\S+/confirm/\S+"))
    page.click("button[value=confirm]")
    page.wait_for_load_state()
    return bytes(picture)


def ledger(page: Any) -> bytes:
    """Sign in to the admin by code; return a picture of the ledger."""
    page.goto(f"{SITE}/admin/sms_consent/consentrecord/")
    page.fill("[name=email]", ADMIN)
    page.click("main button[type=submit]")
    page.fill("[name=code]", newest_mail(ADMIN, r"[A-Z0-9]{4}-[A-Z0-9]{4}"))
    page.click("main button[type=submit]")
    page.wait_for_load_state()
    page.goto(f"{SITE}/admin/sms_consent/consentrecord/")
    return bytes(page.screenshot())


def side_by_side(page: Any, pictures: list[bytes]) -> bytes:
    """Return one picture of several."""
    images = "".join(f'<img src="data:image/png;base64,{base64.b64encode(it).decode()}">' for it in pictures)
    style = """* { box-sizing: border-box }
        body { margin: 0; padding: 24px; display: flex; gap: 24px; background: #d9dee7 }
        img { width: calc((100% - 48px) / 3); border-radius: 8px; align-self: start }"""
    page.set_content(f"<style>{style}</style>{images}")
    return bytes(page.locator("body").screenshot())


def main() -> None:
    """Take the picture."""
    with chromium() as browser:
        page = browser.new_page(viewport={"width": 1100, "height": 1000})
        form = sign_up(page, "dana@example.com", "+1 (202) 555-0107")
        sign_up(page, "eli@example.com", "+1 (202) 555-0108")
        page.goto(SANDBOX)
        page.wait_for_timeout(2500)
        sandbox = bytes(page.screenshot())
        page.set_viewport_size({"width": 1400, "height": 1270})
        pictures = [form, sandbox, ledger(page)]
        blank = browser.new_page(viewport={"width": 1800, "height": 600})  # the site's policy allows no inline style
        OVERVIEW.write_bytes(side_by_side(blank, pictures))
    print(f"Wrote {OVERVIEW}")


if __name__ == "__main__":
    main()
