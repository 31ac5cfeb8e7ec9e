"""Reading the environment: `NAME`, or `NAME_FILE` naming a file that holds the value."""

from __future__ import annotations

import io
import os
import re
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import environ
from django.core.exceptions import ImproperlyConfigured

_env = environ.FileAwareEnv()

LINE = re.compile(r"(export )?\w+=(?!\s)", re.ASCII)  # what django-environ reads; blanks would hide quotes from it
COMMENT = re.compile(r"#(\S*\s|$)")
LONE_COMMENT = re.compile(r"#(\s|$)")  # not “#1 Example Brand”
COMMENT_AFTER_A_VALUE = re.compile(r"\s#")
SUCH_AS = {
    "db": "postgres://user:password@host:5432/name or sqlite:////absolute/path",
    "cache": "rediscache://host:6379/0",
    "email": "smtp+tls://user:password@host:587",
}
PROSE = {"BRAND_NAME", "BRAND_ADDRESS", "DEFAULT_FROM_EMAIL", "SUPPORT_PHONE"}  # “1 Example Street, Suite #5”


class Reader:
    """Typed access to the environment that knows whether defaults for development are allowed.

    Every value is stripped: a secret mounted as a file ends in a newline more often than not.
    """

    def __init__(self, dotenv: Path) -> None:
        named = os.environ.get("ENV_FILE")
        if named or dotenv.exists():
            _read(Path(named or dotenv))
        self.debug = self.flag("DEBUG", default=False)

    def text(self, name: str, default: str = "", *, development: str | None = None) -> str:
        """Return a setting that may be left out; set to nothing is left out too."""
        if development is not None and self.debug:
            default = development
        _refuse_comment(name)
        try:
            # Not by `_env.str`, which takes what begins with “$” for the name of another setting.
            return str(_env.ENVIRON.get(name, default)).strip() or default
        except (OSError, UnicodeError) as error:
            raise ImproperlyConfigured(f"{name}_FILE cannot be read: {error}") from error

    def required(self, name: str, *, development: str) -> str:
        """Return a setting that has a default only while DEBUG is on.

        Raises ImproperlyConfigured, naming the setting, when it is missing or empty.
        """
        value = self.text(name, development=development)
        if not value:
            raise ImproperlyConfigured(f"{name} (or {name}_FILE) must be set when DEBUG is off. See .env.example.")
        return value

    def flag(self, name: str, *, default: bool) -> bool:
        """Return a yes/no setting; anything that is neither is refused."""
        return _yes_or_no(name, self.text(name, "on" if default else "off"))

    def with_flag(self, options: dict[str, Any], name: str) -> dict[str, Any]:
        """Return options of an address, which are text, with this one as a yes/no; what is neither is refused."""
        return options | {name: _yes_or_no(name, str(options[name]))}

    def one_of(self, name: str, *values: str, default: str) -> str:
        """Return one of these words; anything else is refused."""
        value = self.text(name, default)
        if value not in values:
            raise ImproperlyConfigured(f"{name} must be one of {', '.join(values)}, not {value!r}.")
        return value

    def number(self, name: str, *, default: int) -> int:
        """Return a whole number of 0 or more."""
        value = self.text(name, str(default))
        if not value.isdecimal():
            raise ImproperlyConfigured(f"{name} must be a whole number, not {value!r}.")
        return int(value)

    def folder(self, name: str) -> Path | None:
        """Return a folder that may be left out; one that is named and not there is refused."""
        path = self.text(name)
        if path and not Path(path).is_dir():
            raise ImproperlyConfigured(f"{name} must be a folder that exists, not {path!r}.")
        return Path(path).resolve() if path else None

    def names(self, name: str, default: str = "", *, development: str | None = None) -> list[str]:
        """Return a comma-separated list without blanks."""
        return [item.strip() for item in self.text(name, default, development=development).split(",") if item.strip()]

    def url_config(self, kind: str, name: str, default: str) -> dict[str, Any]:
        """Return what django-environ makes of a database, cache or email URL; one that is none is refused unshown."""
        parse = {"db": _env.db_url_config, "cache": _env.cache_url_config, "email": _env.email_url_config}[kind]
        url = self.text(name, default)
        is_cut_off = "#" in url and kind != "db"  # there django-environ encodes it by itself
        found = {} if is_cut_off else _parsed(parse, url)
        if not found:
            raise ImproperlyConfigured(
                f"{name} must be an address such as {SUCH_AS[kind]}. What is special in its user name or password is "
                "percent-encoded: # is %23, / is %2F, @ is %40."
            )
        if found.get("BACKEND") == "django.core.cache.backends.redis.RedisCache":
            found["BACKEND"] = "optin_site.patience.RedisCache"
        return found


def _read(dotenv: Path) -> None:
    """Read settings from a file. One that cannot be read is refused, or another setting would get the blame."""
    try:
        lines = [line.rstrip() for line in dotenv.read_text(encoding="utf-8-sig").splitlines()]
    except (OSError, UnicodeError) as error:
        raise ImproperlyConfigured(f"ENV_FILE (or .env) cannot be read: {error}") from error
    lines = ["" if line.lstrip().startswith("#") else line for line in lines]  # still under their numbers
    _refuse_what_is_no_setting(lines)
    # Not of the other one, which would open what NAME_FILE names already here.
    environ.Env.read_env(io.StringIO("\n".join(lines)))


def _refuse_what_is_no_setting(lines: list[str]) -> None:
    """Refuse a line that django-environ would leave out, and write into the log as it stands, a secret or not."""
    for number, line in enumerate(lines, 1):
        if line and not LINE.match(line):
            raise ImproperlyConfigured(
                f"Line {number} of ENV_FILE (or .env) is neither a comment nor NAME=value: no blanks before the name "
                "or around the =, and a value has one line."
            )


def _refuse_comment(name: str) -> None:
    """Refuse a value that a comment has got into, where it would become a key or a token without a word.

    Keys may well begin with “#”, but have no blanks in them. In a file of its own a value is taken as it stands.
    """
    value = "" if os.environ.get(f"{name}_FILE") else os.environ.get(name, "").strip()
    comment = LONE_COMMENT if name in PROSE else COMMENT
    if comment.match(value) or (name not in PROSE and COMMENT_AFTER_A_VALUE.search(value)):
        raise ImproperlyConfigured(
            f"{name} has a comment in its value: comments need a line of their own. "
            f"(A value that really has “#” after a blank goes into a file, named by {name}_FILE.)"
        )


def _parsed(parse: Callable[[str], dict[str, Any]], url: str) -> dict[str, Any]:
    """Return nothing where it fails: what it says then, as an error or a warning, may have the password in it."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", UserWarning)
            found = dict(parse(url))
            urlsplit(url).port  # noqa: B018 - it raises ValueError: of a cache it is not looked at before it is used
    except (ValueError, ImproperlyConfigured, UserWarning):
        return {}
    return found if "." in found.get("ENGINE", ".") else {}  # a scheme that nobody knows, as it stands


def _yes_or_no(name: str, value: str) -> bool:
    if value.lower() in {"1", "true", "yes", "on"}:
        return True
    if value.lower() in {"0", "false", "no", "off", ""}:
        return False
    raise ImproperlyConfigured(f"{name} must be on or off, not {value.lower()!r}.")
