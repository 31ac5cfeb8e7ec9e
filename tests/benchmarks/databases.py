"""A database for each benchmark: made for it, dropped after it."""

from __future__ import annotations

import getpass
import os
import secrets
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from urllib.parse import urlsplit

from tests.benchmarks.processes import environment, inside

WHERE = "127.0.0.1:5432"
_on_a_server: set[str] = set()  # URLs


@dataclass(frozen=True)
class Database:
    """An empty site's database, migrated and with the default programs."""

    name: str
    url: str


class MissingError(Exception):
    """There is no such server here."""


@contextmanager
def _file() -> Iterator[str]:
    """Make a file; the site opens it with its own settings (WAL, synchronous FULL)."""
    with tempfile.TemporaryDirectory(prefix="optin-benchmark-") as folder:
        yield f"sqlite:///{folder}/site.sqlite3"


@contextmanager
def _on_the_server() -> Iterator[str]:
    """Make a database on the server at 127.0.0.1:5432. Raises MissingError where that cannot be done."""
    server, name = _server(), f"optin_benchmark_{secrets.token_hex(4)}"
    _execute(server, f'CREATE DATABASE "{name}"')
    url = urlsplit(server)._replace(path=f"/{name}").geturl()
    _on_a_server.add(url)
    try:
        yield url
    finally:
        _on_a_server.discard(url)
        _execute(server, f'DROP DATABASE "{name}" WITH (FORCE)')


def analyse() -> None:
    """Have the server look at how big the tables of all these databases are, as autovacuum does every minute.

    A statement that was prepared on empty tables is planned for those until then: it reads them from end to end.
    """
    for url in _on_a_server:
        _execute(url, "ANALYZE")


EMPTY = {"SQLite": _file, "PostgreSQL": _on_the_server}  # each yields the URL of a database without tables


@contextmanager
def _of_a_site(name: str) -> Iterator[Database]:
    with EMPTY[name]() as url:
        inside("prepare", env=environment(url))
        yield Database(name, url)


DATABASES = {name: partial(_of_a_site, name) for name in EMPTY}


def _server() -> str:
    given = [os.environ.get("BENCHMARK_POSTGRESQL_URL", ""), os.environ.get("DATABASE_URL", "")]
    guessed = [
        f"postgres://{getpass.getuser()}@{WHERE}/postgres",
        f"postgres://optin_ci:optin_ci@{WHERE}/postgres",
    ]
    reasons = []
    for url in [url for url in given if url.startswith("postgres")] + guessed:
        try:
            _execute(url, "SELECT 1")
        except MissingError as error:
            reasons.append(str(error))
        else:
            return url
    raise MissingError(reasons[0])


def _execute(url: str, statement: str) -> None:
    try:
        import psycopg
    except ImportError as error:
        raise MissingError("psycopg is not installed") from error
    try:
        with psycopg.connect(url, autocommit=True, connect_timeout=3) as connection:
            connection.execute(statement)
    except psycopg.OperationalError as error:
        raise MissingError(f"no PostgreSQL at {WHERE}: {str(error).splitlines()[0]}") from error
