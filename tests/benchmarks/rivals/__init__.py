"""Others, as their makers publish them, each in an environment of its own under data/rivals."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.benchmarks.databases import EMPTY, MissingError
from tests.benchmarks.processes import ROOT, gunicorn
from tests.benchmarks.visitors import Browser

HERE = Path(__file__).parent
WEB = ("Django>=5.2,<5.3", "django-environ", "gunicorn", "psycopg[binary]")
REQUIREMENTS = {
    "newsletter": ("django-newsletter==1.2.1", "sorl-thumbnail", *WEB),
    "allauth": ("django-allauth==65.21.1", *WEB),
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


def _python_of(name: str) -> Path:
    """Return the Python that has this rival. Raises MissingError where it cannot be installed."""
    home = ROOT / "data" / "rivals" / name
    python, is_ready = home / "bin" / "python", home / "ready"
    if not is_ready.exists():
        _run(sys.executable, "-m", "venv", "--clear", home)
        _run(python, "-m", "pip", "install", "--quiet", *REQUIREMENTS[name])
        is_ready.touch()
    return python


def _run(*command: str | Path) -> None:
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode:
        raise MissingError(f"{command[-1]} cannot be installed: {done.stderr.strip().splitlines()[-1]}")
