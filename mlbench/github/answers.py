"""What an answer of the API means: which error it is, how long to wait, where the next page lies."""

from __future__ import annotations

import email.utils
import json
import re
import time

from mlbench.github.errors import Forbidden, GitHubError, NotFound, RateLimited, Unavailable, Unprocessable
from mlbench.github.transport import HttpResponse, Token


def error_of(answer: HttpResponse, where: str, token: Token) -> GitHubError:
    """The error that an answer with a status of 300 and more stands for; its text is without ``token``."""
    status = answer.status
    message = token.cleaned(_said(answer))
    what = f"GitHub answers {status}" + (f" ({message})" if message else "")
    seconds = _wait_asked(answer, message)
    if seconds is not None:
        do = f"try again in {seconds:.0f} s"
        return RateLimited(f"{what}: too many requests", seconds=seconds, where=where, do=do)
    if status >= 500 or status == 408:
        return Unavailable(what, where=where)
    if status in (401, 403):
        return Forbidden(what, where=where)
    if status in (404, 410):
        return NotFound(what, where=where)
    return Unprocessable(what, where=where)


def next_link(answer: HttpResponse) -> str:
    """Where the next page of a list lies; empty: this is the last."""
    for link in answer.headers.get("link", "")[:10_000].split(","):
        target, _, parameters = link.partition(";")
        if re.search(r'\brel="?next"?', parameters):
            return target.strip().removeprefix("<").removesuffix(">")
    return ""


def _said(answer: HttpResponse) -> str:
    try:
        data = json.loads(answer.body[:100_000])
    except (ValueError, RecursionError):
        return ""
    if not isinstance(data, dict):
        return ""
    texts = [data.get("message")]
    errors = data.get("errors")
    if isinstance(errors, list):
        texts += [error.get("message") for error in errors[:3] if isinstance(error, dict)]
    return ": ".join(text for text in texts if isinstance(text, str))


def _wait_asked(answer: HttpResponse, message: str) -> float | None:
    """Seconds that a rate limit asks to wait; None: it is none.

    GitHub, "Rate limits for the REST API": Retry-After, else X-RateLimit-Reset where nothing remains, else
    a minute.
    """
    if answer.status not in (403, 429):
        return None
    after = answer.headers.get("retry-after", "")
    if after.isdecimal():
        return float(after[:9])
    if answer.headers.get("x-ratelimit-remaining") == "0":
        reset = answer.headers.get("x-ratelimit-reset", "")
        if reset.isdecimal():
            return max(1.0, float(reset[:15]) - _server_time(answer) + 1)
        return 60.0
    if answer.status == 429 or "secondary rate limit" in message.lower():
        return 60.0
    return None


def _server_time(answer: HttpResponse) -> float:
    # By the server's clock: this machine's may be wrong, and the server counts by its own.
    try:
        return email.utils.parsedate_to_datetime(answer.headers.get("date", "")).timestamp()
    except ValueError:
        return time.time()
