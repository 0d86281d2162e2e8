"""A client of GitHub's REST API: pages, rate limits, retries where they do no harm, and nothing unbounded."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Callable, Iterator
from copy import copy
from typing import Any
from urllib.parse import quote, urlencode, urljoin, urlsplit

import requests

from mlbench.errors import UsageError
from mlbench.github.answers import error_of, next_link
from mlbench.github.errors import GitHubError, NotFound, RateLimited, Unavailable, Unexpected
from mlbench.github.shape import items, mapping
from mlbench.github.transport import (
    NO_TOKEN,
    Deadline,
    HttpResponse,
    Outgoing,
    Token,
    Transport,
    origin,
    place,
)

DEFAULT_API = "https://api.github.com"
OPERATION_SECONDS = 90.0
"""How long all requests of a client may take together, waiting included; see ``within``."""
EXCHANGE_SECONDS = 30.0
"""How long one request may take, those for files apart."""
LONGEST_WAIT = 60.0
"""How long a rate limit is waited for. GitHub asks for a minute at least where it names no time."""
BODY_BYTES = 16 << 20
MOST_PAGES = 50
"""Of 100 items each: 5,000 comments, runs or artifacts."""
TRIES = 4
_PAUSE = 0.5
_REPOSITORY = re.compile(r"[A-Za-z0-9][A-Za-z0-9-]{0,38}/[A-Za-z0-9._-]{1,100}")
_HOPS = 3


class GitHub:
    """One repository seen with one token.

    Args:
        api_url: root of the API, ``https://api.github.com`` or ``https://HOST/api/v3``.
        repository: ``owner/name``.
        token: may be empty; then only what is public can be read.
        session: carries the requests.
        sleep: waits; replaced by tests.
        clock: seconds on a clock that never goes back.
        seconds: how long all requests may take together.

    Raises:
        UsageError: the address, the repository or the token cannot be one.
    """

    def __init__(
        self,
        api_url: str,
        repository: str,
        token: str,
        *,
        session: requests.Session | None = None,
        sleep: Callable[[float], None] = time.sleep,
        clock: Callable[[], float] = time.monotonic,
        seconds: float = OPERATION_SECONDS,
    ) -> None:
        parts = urlsplit(api_url)
        if parts.scheme not in ("https", "http") or not parts.hostname or parts.query or "@" in parts.netloc:
            raise UsageError("not the address of an API", where=place(api_url), do="set GITHUB_API_URL")
        if not _REPOSITORY.fullmatch(repository):
            raise UsageError(f"{repository[:100]!r} is not owner/name", do="name the repository")
        self.api_url = api_url.rstrip("/")
        self.repository = repository
        self._token = Token(token)
        self._transport = Transport(session)
        self._sleep = sleep
        self._clock = clock
        self._deadline = Deadline(seconds, clock)
        self.cache: dict[str, Any] = {}
        """What does not change while a token lives, kept by whoever asked for it."""

    def __repr__(self) -> str:
        return f"GitHub({self.api_url!r}, {self.repository!r}, {self._token!r})"

    @property
    def has_token(self) -> bool:
        """Whether there is a token at all."""
        return not self._token.empty

    @property
    def seconds_left(self) -> float:
        """Host seconds until the deadline."""
        return self._deadline.left

    def within(self, seconds: float) -> GitHub:
        """The same client with a new deadline, ``seconds`` from now."""
        other = copy(self)
        other._deadline = Deadline(seconds, self._clock)
        return other

    def path(self, *parts: object) -> str:
        """A path below the repository, its parts quoted."""
        return "/".join(
            (f"/repos/{self.repository}", *(quote(str(part), safe="") for part in parts)),
        )

    def get(self, path: str, **query: object) -> Any:
        """Read one thing. ``path`` begins with ``/`` and is taken below the API's root.

        Raises:
            GitHubError: in its kinds, see ``mlbench.github.errors``.
        """
        return self._json(self._read(self._url(path, query)))

    def pages(self, path: str, key: str = "", **query: object) -> Iterator[Any]:
        """All items of a list, over its pages; ``key`` names the list in an object.

        Raises:
            GitHubError: also when there are more than ``MOST_PAGES`` pages.
        """
        url = self._url(path, {"per_page": 100, **query})
        for _ in range(MOST_PAGES):
            answer = self._read(url)
            data = self._json(answer)
            yield from items(mapping(data, key).get(key), key) if key else items(data, path)
            following = next_link(answer)
            if not following:
                return
            url = _joined(url, following)
            if origin(url) != origin(self.api_url):
                raise Unexpected("the next page lies on another host", where=place(url))
        raise Unexpected(f"more than {MOST_PAGES} pages", where=place(url), do="clean up there")

    def post(self, path: str, data: object) -> Any:
        """Make something. Sent once: whether it was carried out is not known when no answer comes."""
        return self._json(self._send("POST", self._url(path, {}), data))

    def patch(self, path: str, data: object) -> Any:
        """Change something. Sent once: who changes text that others change too looks again before a retry."""
        return self._json(self._send("PATCH", self._url(path, {}), data))

    def delete(self, path: str) -> None:
        """Remove something; what is gone already is no error."""
        try:
            self._send("DELETE", self._url(path, {}), None)
        except NotFound:
            return

    def graphql(self, query: str) -> dict[str, Any]:
        """Read from the GraphQL API what REST does not tell; tried once more. Gives ``data``."""
        root = self.api_url
        url = f"{root.removesuffix('/v3')}/graphql" if root.endswith("/api/v3") else f"{root}/graphql"
        response = self._again(lambda: self._send("POST", url, {"query": query}), tries=2)
        answer = mapping(self._json(response), "graphql")
        return mapping(answer.get("data"), "data")

    def download(self, path: str, limit: int) -> bytes:
        """A file that the API redirects to; the other host gets no token.

        Raises:
            GitHubError: also when it is longer than ``limit`` bytes.
        """
        url = self._url(path, {})
        for _ in range(_HOPS):
            same = origin(url) == origin(self.api_url)
            token = self._token if same else NO_TOKEN
            answer = self._read(url, limit=limit, token=token, hops=0, seconds=OPERATION_SECONDS)
            if answer.status < 300:
                return answer.body
            url = _joined(url, answer.headers.get("location", ""))
            if urlsplit(url).scheme not in ("https", urlsplit(self.api_url).scheme):
                raise Unexpected("the download is not encrypted", where=place(url))
        raise Unexpected("redirected too often", where=place(url))

    def _url(self, path: str, query: dict[str, object]) -> str:
        query_string = urlencode({name: value for name, value in query.items() if value is not None})
        return f"{self.api_url}{path}{'?' if query_string else ''}{query_string}"

    def _read(
        self,
        url: str,
        *,
        limit: int = BODY_BYTES,
        token: Token | None = None,
        hops: int = _HOPS,
        seconds: float = EXCHANGE_SECONDS,
    ) -> HttpResponse:
        """GET, again after what passes."""
        return self._again(
            lambda: self._send("GET", url, None, limit=limit, token=token, hops=hops, seconds=seconds)
        )

    def _again(self, send: Callable[[], HttpResponse], tries: int = TRIES) -> HttpResponse:
        for attempt in range(1, tries + 1):
            try:
                return send()
            except RateLimited as error:
                pause = error.seconds
                last: GitHubError = error
            except Unavailable as error:
                pause = _PAUSE * 2**attempt
                last = error
            if attempt == tries or pause > LONGEST_WAIT or pause >= self._deadline.left:
                raise last
            self.pause(pause)
        raise AssertionError  # the loop ends by itself

    def pause(self, seconds: float) -> None:
        """Wait, but not beyond the deadline."""
        self._sleep(min(seconds, self._deadline.left))

    def _send(
        self,
        method: str,
        url: str,
        data: object,
        *,
        limit: int = BODY_BYTES,
        token: Token | None = None,
        hops: int = _HOPS,
        seconds: float = EXCHANGE_SECONDS,
    ) -> HttpResponse:
        """One request; a redirect on the same host is followed (a repository that was renamed)."""
        body = None if data is None else json.dumps(data).encode()
        for _ in range(hops + 1):
            left = self._deadline.left
            if left <= 0:
                raise Unavailable("the time for GitHub is used up", where=place(url))
            outgoing = Outgoing(method, url, self._token if token is None else token, body, limit)
            answer = self._transport.send(outgoing, min(left, seconds))
            if answer.status not in (301, 302, 307, 308):
                break
            if not hops:
                return answer
            # 301 and 302 may turn a request that writes into one that reads; only the others repeat it.
            target = _joined(url, answer.headers.get("location", ""))
            if origin(target) != origin(self.api_url) or (method != "GET" and answer.status < 307):
                raise NotFound(
                    "redirected elsewhere", where=place(url), do="name the repository as it is called now"
                )
            url = target
        if answer.status >= 300:
            raise error_of(answer, place(url), self._token)
        return answer

    def _json(self, answer: HttpResponse) -> Any:
        try:
            return json.loads(answer.body)
        except (ValueError, RecursionError):
            raise Unexpected("GitHub's answer is not JSON", do="try again later") from None


def _joined(url: str, target: str) -> str:
    try:
        joined = urljoin(url, target)
        origin(joined)
    except ValueError:
        raise Unexpected("GitHub points to what is no address", where=place(url)) from None
    return joined
