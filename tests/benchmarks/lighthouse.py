"""`python -m tests.benchmarks.lighthouse`: what Lighthouse gives the sign-up over gunicorn, on a phone and on a desk.

Lighthouse comes from npm, into data/rivals, when it is first asked for; Chromium must be installed.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from typing import Any

from tests.benchmarks import rivals
from tests.benchmarks.databases import DATABASES
from tests.benchmarks.processes import environment, gunicorn, run
from tests.browsing import ARGUMENTS

FORMS = {"phone": [], "desk": ["--preset=desktop"]}
FLAGS = " ".join(["--headless", *ARGUMENTS])


def main() -> None:
    """Print the scores, and what costs points."""
    chromium = shutil.which("chromium")
    if not chromium:
        raise SystemExit("Install Chromium: on Debian, apt-get install chromium")
    with DATABASES["SQLite"]() as database, tempfile.TemporaryDirectory() as static:
        env = environment(database.url, settings="variants.plain_settings") | {"STATIC_FOR_LIGHTHOUSE": static}
        run("manage.py", "collectstatic", "--noinput", "--verbosity", "0", env=env)
        with gunicorn(env) as (host, port):
            for form, options in FORMS.items():
                found = _ask(f"http://{host}:{port}/", chromium, options)
                print(form, *(f"{name} {100 * it['score']:.0f}" for name, it in found["categories"].items()), sep=", ")
                print(*_lost(found), sep="\n")


def _ask(url: str, chromium: str, options: list[str]) -> dict[str, Any]:
    lighthouse = rivals.installed("lighthouse") / "node_modules/.bin/lighthouse"
    asked = [url, "--quiet", "--output=json", f"--chrome-flags={FLAGS}", *options]
    env = os.environ | {"CHROME_PATH": chromium}
    return dict(json.loads(subprocess.run([lighthouse, *asked], env=env, check=True, capture_output=True).stdout))


def _lost(found: dict[str, Any]) -> Iterator[str]:
    for category in found["categories"].values():
        for asked in category["auditRefs"]:
            audit = found["audits"][asked["id"]]
            if asked["weight"] and audit["score"] not in (None, 1):
                yield f"  {audit['title']}: {audit['score']} {audit.get('displayValue', '')}"


if __name__ == "__main__":
    main()
