"""The example of docs/api.md does what it says: its very requests over real HTTP, and itself where there is Node."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
import requests
from django.core.management import call_command

from sms_consent.sandbox import Sandbox
from tests.people import ALICE, ALICES_PHONE, acts

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("programs")]

DOCS = Path(__file__).resolve().parents[3] / "docs" / "api.md"
EXAMPLE = DOCS.read_text().split("```js\n")[1].split("```")[0]
CALL = re.compile(r'await call\("([A-Z]+)", ["`]([^"`]+)["`](?:, \{ (.+) \})?\)')
DONE = ["granted", "withdrawn"]


def test_it_has_twenty_lines() -> None:
    assert len(EXAMPLE.splitlines()) == 20
    assert len(CALL.findall(EXAMPLE)) == 7


def test_its_requests(live_server: Any, sandbox: Sandbox) -> None:
    site = requests.Session()
    known: dict[str, Any] = {"email": ALICE, "phone": ALICES_PHONE}
    for method, path, names in CALL.findall(EXAMPLE):
        if "code:" in names:
            known["code"] = code_in_the_mail(sandbox)
        body = {name: known[name] for name in re.findall(r"(\w+)(?=,|:|$)", names)}
        where = re.sub(r"\$\{.+\}", known.get("mine", ""), path)
        answer = site.request(method, f"{live_server.url}/api{where}", json=body or None, timeout=30).json()
        assert "errors" not in answer
        _keep(answer, site, known)
    assert acts(ALICES_PHONE, "sms") == DONE


def code_in_the_mail(sandbox: Sandbox) -> str:
    """Return the code; the sign-up's mail may arrive after it."""
    call_command("send_mail", "--once")
    texts = "\n".join(mail.text for mail in sandbox.world.mails)
    (code,) = re.findall(r"^\s*([A-Z0-9]{4}-?[A-Z0-9]{4})\s*$", texts, re.MULTILINE)
    return str(code)


def _keep(answer: Any, site: requests.Session, known: dict[str, Any]) -> None:
    """Keep of an answer what the example keeps."""
    if token := answer.get("meta", {}).get("session_token"):
        site.headers["X-Session-Token"] = token
    if "opened" in answer:
        first = answer["sign_up"][0]
        known |= {"opened": answer["opened"], "programs": {first["program"]: first["disclosure"]}}
    if "history" in answer:
        known["mine"] = answer["programs"][0]["program"]


@pytest.mark.skipif(not shutil.which("node"), reason="Node is not installed; the requests are tried without it")
def test_it_runs(live_server: Any, sandbox: Sandbox) -> None:
    around = (
        'import { createInterface } from "node:readline/promises";\n'
        "const lines = createInterface({ input: process.stdin, output: process.stdout });\n"
        'const askFor = (what) => lines.question(what + "\\n");\n'
        f'const email = "{ALICE}", phone = "{ALICES_PHONE}";\n'
    )
    program = around + EXAMPLE.replace("https://optin.example.com", live_server.url) + "lines.close();\n"
    run = ["node", "--input-type=module", "--eval", program]
    with subprocess.Popen(run, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as app:
        assert app.stdout.readline() == "The code from the mail\n"
        app.communicate(f"{code_in_the_mail(sandbox)}\n", timeout=30)
    assert (app.returncode, acts(ALICES_PHONE, "sms")) == (0, DONE)
