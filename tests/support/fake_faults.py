"""What can go wrong between us and GitHub, on demand."""

from __future__ import annotations

import json
import re
import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass
class Reply:
    """One answer."""

    status: int
    body: bytes = b""
    headers: dict[str, str] = field(default_factory=dict)

    @classmethod
    def json(cls, status: int, data: Any, headers: Mapping[str, str] | None = None) -> Reply:
        more = {"Content-Type": "application/json; charset=utf-8", **(headers or {})}
        return cls(status, json.dumps(data).encode(), more)

    @classmethod
    def error(cls, status: int, message: str, headers: Mapping[str, str] | None = None, **more: Any) -> Reply:
        url = "https://docs.github.com/rest"
        data = {"message": message, "documentation_url": url, "status": str(status), **more}
        return cls.json(status, data, headers)


@dataclass
class Fault:
    """What happens to requests that fit.

    Args:
        method: ``GET``, ``POST``, ...; empty: any.
        path: a regular expression, searched in the path with its query.
        times: how many requests it befalls; -1: all.
        skip: how many that fit pass unharmed before.
        reply: what is answered; None: nothing is, the connection is closed.
        hang: seconds of silence before that.
        drip: seconds between the bytes of the answer that is right otherwise.
        after: the request is carried out first, only its answer is lost.
    """

    method: str = ""
    path: str = ""
    times: int = 1
    skip: int = 0
    reply: Reply | None = None
    hang: float = 0
    drip: float = 0
    after: bool = False

    def fits(self, method: str, path: str) -> bool:
        return self.method in ("", method) and re.search(self.path, path) is not None


class Gate:
    """Holds the answers of requests that fit until enough of them have come, then lets all go."""

    def __init__(self, method: str, path: str, parties: int, seconds: float) -> None:
        self.method = method
        self.path = path
        self.left = parties
        self._barrier = threading.Barrier(parties)
        self._seconds = seconds

    def fits(self, method: str, path: str) -> bool:
        return self.left > 0 and method == self.method and re.search(self.path, path) is not None

    def wait(self) -> None:
        self._barrier.wait(self._seconds)


def secondary_limit(retry_after: int | None = None, status: int = 403) -> Reply:
    """The answer to who writes too fast."""
    headers = {} if retry_after is None else {"Retry-After": str(retry_after)}
    message = "You have exceeded a secondary rate limit. Please wait a few minutes before you try again."
    return Reply.error(status, message, headers)
