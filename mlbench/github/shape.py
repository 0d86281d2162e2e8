"""Reading answers: every value is looked at before it is used, and an unexpected one is a clear error."""

from __future__ import annotations

from typing import Any

from mlbench.github.errors import Unexpected
from mlbench.util.git import FULL_COMMIT


def mapping(value: Any, what: str) -> dict[str, Any]:
    """A JSON object. Raises Unexpected for anything else; ``what`` names it there."""
    if not isinstance(value, dict):
        raise _unexpected(what, "no object", value)
    return value


def items(value: Any, what: str) -> list[Any]:
    """A JSON array."""
    if not isinstance(value, list):
        raise _unexpected(what, "no list", value)
    return value


def text(data: dict[str, Any], key: str, what: str) -> str:
    """The text under ``key``."""
    value = data.get(key)
    if not isinstance(value, str):
        raise _unexpected(f"{what}.{key}", "no text", value)
    return value


def commit(data: dict[str, Any], key: str, what: str) -> str:
    """The whole name of a commit under ``key``, in either case."""
    value = text(data, key, what)
    if not FULL_COMMIT.fullmatch(value.lower()):
        raise _unexpected(f"{what}.{key}", "no commit", value)
    return value


def optional_text(data: dict[str, Any], key: str) -> str:
    """The text under ``key``, empty where there is none."""
    value = data.get(key)
    return value if isinstance(value, str) else ""


def number(data: dict[str, Any], key: str, what: str) -> int:
    """The whole number under ``key``."""
    value = data.get(key)
    if not isinstance(value, int) or isinstance(value, bool):
        raise _unexpected(f"{what}.{key}", "no whole number", value)
    return value


def _unexpected(what: str, but: str, value: Any) -> Unexpected:
    kind = "missing" if value is None else f"{but} but {type(value).__name__}"
    return Unexpected(f"an answer of GitHub is not as documented: {what} is {kind}", do="try again later")
