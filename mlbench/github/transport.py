"""One HTTP exchange, bounded in time and size, that never lets a token go where it does not belong."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

import requests

from mlbench.errors import UsageError
from mlbench.github.errors import Unavailable, Unexpected
from mlbench.version import __version__

CONNECT_SECONDS = 5.0
SILENCE_SECONDS = 15.0
API_VERSION = "2022-11-28"
_CHUNK = 1 << 16


@dataclass(frozen=True)
class HttpResponse:
    """What came back. Names of headers are in small letters."""

    status: int
    headers: Mapping[str, str]
    body: bytes


class Token:
    """A secret that shows itself to nobody but the request it belongs to."""

    def __init__(self, value: str) -> None:
        value = value.strip()
        if not (value.isascii() and value.isprintable()) or " " in value:
            # Such a one would be quoted in full by the HTTP library's complaint.
            raise UsageError("the token holds characters that no token has", do="set GITHUB_TOKEN again")
        self._value = value

    @property
    def empty(self) -> bool:
        """Whether there is none. No ``__bool__``: the library takes what is false for no signer at all."""
        return not self._value

    def __repr__(self) -> str:
        return "Token(***)" if self._value else "Token()"

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        """Sign one request. Being asked at all keeps the library from looking into a .netrc."""
        if self._value:
            request.headers["Authorization"] = f"Bearer {self._value}"
        return request

    def cleaned(self, text: str) -> str:
        """``text`` as one line of at most 200 characters, without the token."""
        line = " ".join(text.split())
        line = line.replace(self._value, "***") if self._value else line
        return "".join(sign for sign in line if sign.isprintable())[:200]


NO_TOKEN = Token("")


@dataclass(frozen=True)
class Outgoing:
    """A request."""

    method: str
    url: str
    auth: Token
    data: bytes | None
    """JSON."""
    limit: int
    """How many bytes the answer may have, unpacked."""


class Deadline:
    """A point in time after which nothing is begun or waited for."""

    def __init__(self, seconds: float, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._end = clock() + seconds

    @property
    def left(self) -> float:
        """Seconds that are left, not below 0."""
        return max(0.0, self._end - self._clock())


class Transport:
    """Sends requests one at a time."""

    def __init__(self, session: requests.Session | None = None) -> None:
        self._session = session or requests.Session()

    def send(self, outgoing: Outgoing, seconds: float) -> HttpResponse:
        """One exchange of at most ``seconds``; redirects are not followed.

        Raises:
            Unavailable: no connection, or no whole answer in time.
            Unexpected: the answer is longer than allowed.
        """
        # A look-up of a name, and a server that sends a byte now and then, outlast every time-out of the
        # library: a thread that nobody has to wait for takes that upon itself.
        results: list[HttpResponse | Exception] = []
        where = place(outgoing.url)

        def exchange() -> None:
            try:
                results.append(self._exchange(outgoing, seconds))
            except Exception as error:
                results.append(error)

        thread = threading.Thread(target=exchange, daemon=True)
        thread.start()
        thread.join(seconds)
        if not results:
            # The other one is in use still. It cannot be closed from here: that would wait for the read.
            self._session = requests.Session()
            raise Unavailable("no answer in time", where=where)
        result = results[0]
        if isinstance(result, (Unavailable, Unexpected)):
            raise result
        if isinstance(result, Exception):
            # What the library says can hold addresses with signatures: only what kind it is, is told.
            raise Unavailable(_kind(result), where=where) from None
        return result

    def _exchange(self, outgoing: Outgoing, seconds: float) -> HttpResponse:
        headers = {"User-Agent": f"mlbench/{__version__}"}
        if outgoing.auth is not NO_TOKEN:
            headers |= {"Accept": "application/vnd.github+json", "X-GitHub-Api-Version": API_VERSION}
        if outgoing.data is not None:
            headers["Content-Type"] = "application/json"
        response = self._session.request(
            outgoing.method,
            outgoing.url,
            headers=headers,
            data=outgoing.data,
            auth=outgoing.auth,
            allow_redirects=False,
            stream=True,
            timeout=(min(CONNECT_SECONDS, seconds), min(SILENCE_SECONDS, seconds)),
        )
        with response:
            parts: list[bytes] = []
            size = 0
            for chunk in response.iter_content(_CHUNK):
                size += len(chunk)
                if size > outgoing.limit:
                    what = f"the answer is longer than {outgoing.limit} bytes"
                    raise Unexpected(what, where=place(outgoing.url))
                parts.append(chunk)
            response_headers = {name.lower(): value for name, value in response.headers.items()}
            return HttpResponse(response.status_code, response_headers, b"".join(parts))


def place(url: str) -> str:
    """The address fit for a message: without user, password or query."""
    parts = urlsplit(url)
    return f"{parts.hostname or ''}{parts.path}"


def origin(url: str) -> tuple[str, str, int | None]:
    """What decides whether two addresses are served by the same one."""
    parts = urlsplit(url)
    default = {"https": 443, "http": 80}.get(parts.scheme)
    return parts.scheme, parts.hostname or "", parts.port or default


def _kind(error: Any) -> str:
    described = f"{type(error).__name__} {error}"
    for sign, words in (
        ("NameResolution", "its host is not known here"),
        ("Timeout", "no answer in time"),
        ("timed out", "no answer in time"),
        ("ProxyError", "the proxy refuses"),
        ("SSL", "its certificate is not trusted here"),
        ("refused", "the connection is refused"),
        ("InvalidURL", "that is no address"),
        ("InvalidSchema", "that is no address"),
        ("MissingSchema", "that is no address"),
    ):
        if sign in described:
            return words
    return "the connection broke off"
