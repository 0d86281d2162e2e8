"""Runs that publish at the same time, one request at a time, in an order that a test chooses."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from typing import Any

import requests
from fake_api import FakeGitHub
from fake_call import Request
from fake_faults import Fault

from mlbench.github.client import GitHub
from mlbench.github.comment import Published, publish
from mlbench.github.marker import Stamp

PATIENCE = 20.0


class Stepped:
    """One run in a thread of its own. It stands still before each request until ``step`` is called."""

    def __init__(
        self, fake: FakeGitHub, repository: str, token: str, key: str, stamp: Stamp, body: str
    ) -> None:
        self.key = key
        self.stamp = stamp
        self.result: Published | None = None
        self.problems: list[BaseException] = []
        self.fault: Fault | None = None
        self.watch: Callable[[Stepped, Request], None] = lambda *_: None
        self.answered: Callable[[Stepped, Request, int, Any], None] = lambda *_: None
        self._fake = fake
        self._go = threading.Semaphore(0)
        self._still = threading.Semaphore(0)
        self._ended = False
        github = GitHub(
            *(fake.url, repository, token), session=_Session(self), sleep=lambda _: None, clock=lambda: 0.0
        )

        def work() -> None:
            try:
                self.result = publish(github, 1, body, key=key, stamp=stamp)
            except BaseException as error:
                self.problems.append(error)
            finally:
                self._ended = True
                self._still.release()

        threading.Thread(target=work, daemon=True).start()
        self._wait()

    @property
    def done(self) -> bool:
        return self._ended

    def step(self, fault: Fault | None = None) -> None:
        """Let it make one request, spoilt by ``fault``, and come to a stand before the next."""
        assert not self.done
        self.fault = fault
        self._go.release()
        self._wait()

    def _wait(self) -> None:
        assert self._still.acquire(timeout=PATIENCE), "a run does not get on"

    def send(self, request: Request) -> tuple[int, bytes, dict[str, str]]:
        """Called by the run's own session."""
        self._still.release()
        assert self._go.acquire(timeout=PATIENCE), "nobody lets the run go on"
        try:
            self.watch(self, request)
        except BaseException as error:  # what a request raises is taken for a broken connection
            self.problems.append(error)
            raise
        if self.fault:
            self._fake.faults = [self.fault]
        reply, _ = self._fake.answer(request)
        self._fake.faults = []
        if not reply.status:
            raise requests.ConnectionError("Connection aborted")
        self.answered(self, request, reply.status, reply.body)
        return reply.status, reply.body, reply.headers


class _Session(requests.Session):
    """Hands requests to the fake without a socket in between: some thousands of them a test."""

    def __init__(self, run: Stepped) -> None:
        super().__init__()
        self._run = run

    def request(self, method: str, url: str, **more: Any) -> Any:  # type: ignore[override]
        signed = requests.PreparedRequest()
        signed.headers = dict(more["headers"])  # type: ignore[assignment]
        more["auth"](signed)
        headers = {name.lower(): value for name, value in signed.headers.items()}
        path = url.removeprefix(self._run._fake.url)
        return Response(*self._run.send(Request(method, path, headers, more["data"] or b"")))


class Response:
    def __init__(self, status: int, body: bytes, headers: dict[str, str]) -> None:
        self.status_code = status
        self.headers = headers
        self._body = body

    def __enter__(self) -> Response:
        return self

    def __exit__(self, *_: object) -> None:
        pass

    def iter_content(self, _: int) -> Iterator[bytes]:
        yield self._body
