"""Others, as their makers publish them, each in an environment of its own under data/rivals."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.benchmarks.databases import EMPTY, MissingError
from tests.benchmarks.processes import EMAIL_GROUP, KEY, ROOT, gunicorn
from tests.benchmarks.visitors import Browser

HERE = Path(__file__).parent
HTTP = ("urllib3", "idna", "certifi", "charset-normalizer")
WEB = ("Django>=5.2,<5.3", "django-environ", "gunicorn", "psycopg[binary]")
REQUIREMENTS = {
    "newsletter": ("django-newsletter==1.2.1", "sorl-thumbnail", *WEB),
    "allauth": ("django-allauth==65.21.1", *WEB),
    # It asks for a tenacity that no Python of today can import.
    "braze-client": ("--no-deps", "braze-client==2.3.3", "requests<3", "tenacity>=8,<10", *HTTP),
    "edx-braze-client": ("edx-braze-client==1.1.4",),
}
OF_NPM = {"braze-api": "braze-api@2.13.4", "lighthouse": "lighthouse@12.8.2"}
CLIENTS = {  # people a call, calls side by side
    "braze-client, one by one": ("braze-client", 1, 1),
    "braze-client, 50 a call": ("braze-client", 50, 1),
    "edx-braze-client, 50 a call": ("edx-braze-client", 50, 1),
    "braze-api (npm), 50 a call, 24 side by side": ("braze-api", 50, 24),
}
FORMS = {"newsletter": ("/news/subscribe/", "email_field"), "allauth": ("/signup/", "email")}


@contextmanager
def site(name: str, database: str) -> Iterator[Browser]:
    """Serve a rival's site on such a database of its own; yield who signs up there. Raises MissingError."""
    python = _python_of(name)
    path, email = FORMS[name]
    with EMPTY[database]() as url:
        env = {"PATH": os.environ["PATH"], "DATABASE_URL": url, "DJANGO_SETTINGS_MODULE": f"{name}_site"}
        subprocess.run([python, "wsgi.py"], env=env, cwd=HERE, check=True)
        with gunicorn(env, "wsgi", python=python, cwd=HERE) as address:
            yield Browser(address, path, email=email)


def people_per_second(label: str, braze: str, seconds: float) -> float:
    """Return at which rate a client library tells a fake Braze of new people. Raises MissingError."""
    name, per_call, side_by_side = CLIENTS[label]
    told = [braze, KEY, EMAIL_GROUP, str(per_call), str(seconds)]
    if name == "braze-api":
        command = ["node", "talk.cjs", installed(name), *told, str(side_by_side)]
    else:
        command = [_python_of(name), "talk.py", name, *told]
    said = json.loads(subprocess.run(command, cwd=HERE, check=True, capture_output=True, text=True).stdout)
    return float(said["people"] / said["seconds"])


def _python_of(name: str) -> Path:
    return installed(name) / "bin" / "python"


def installed(name: str) -> Path:
    """Return the folder that has this rival. Raises MissingError where it cannot be installed."""
    home = ROOT / "data" / "rivals" / name
    if not (home / "ready").exists():
        home.mkdir(parents=True, exist_ok=True)
        if name in OF_NPM:
            _run("npm", "install", "--silent", "--no-audit", "--no-fund", "--prefix", home, OF_NPM[name])
        else:
            _run(sys.executable, "-m", "venv", "--clear", home)
            _run(home / "bin" / "python", "-m", "pip", "install", "--quiet", *REQUIREMENTS[name])
        (home / "ready").touch()
    return home


def _run(*command: str | Path) -> None:
    try:
        done = subprocess.run(command, capture_output=True, text=True)
    except FileNotFoundError as error:
        raise MissingError(f"{command[0]} is not installed") from error
    if done.returncode:
        raise MissingError(f"{command[-1]} cannot be installed: {done.stderr.strip().splitlines()[-1]}")
