"""A stateful fake of GitHub's REST API on a real socket of this machine.

``FakeGitHub(port)`` holds repositories, pull requests, comments, labels, runs, artifacts, people and
tokens with rights. It enforces what GitHub does beside its own description of the API: the greatest
length of a comment, tokens that may only read, rate limits, pages, locked conversations. Faults come on
demand. With a description, every request and every answer is held against it (``violations``).

    with FakeGitHub() as github:
        demo = github.repository("owner/demo")
        token = github.token("ghs_secret", repository="owner/demo")
        github.pull("owner/demo", 1, head_sha="1" * 40)
        ... GITHUB_API_URL=github.url ...
        assert github.bodies("owner/demo", 1) == [...]
"""

from __future__ import annotations

import threading
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Protocol
from urllib.parse import urlsplit

from fake_call import Request
from fake_faults import Fault, Gate, Reply
from fake_routes import Routes
from fake_state import (
    BOT,
    REPORTING,
    Artifact,
    Comment,
    Commit,
    Event,
    Pull,
    Repository,
    Run,
    Token,
    User,
    zipped,
)


class Description(Protocol):
    """Holds exchanges against GitHub's own description of its API."""

    def check(self, request: Request, reply: Reply) -> list[str]:
        """What is not as described."""


@dataclass(frozen=True)
class Seen:
    """One request that came, and how it was answered (0: not at all)."""

    method: str
    path: str
    token: str
    status: int


class FakeGitHub:
    """The fake. Its state may be changed at any time; use ``lock`` where several values belong together."""

    def __init__(self, port: int = 0, *, description: Description | None = None) -> None:
        self.lock = threading.RLock()
        self.users: dict[str, User] = {}
        self.tokens: dict[str, Token] = {}
        self.repositories: dict[str, Repository] = {}
        self.seen: list[Seen] = []
        self.violations: list[str] = []
        self.faults: list[Fault] = []
        self.gates: list[Gate] = []
        self.stopped = threading.Event()
        self._serving = False
        self._description = description
        self._ids = 0
        self._servers = [_server(self, _Api, port), _server(self, _Storage, 0)]
        self.url = _address(self._servers[0])
        """What GITHUB_API_URL is to be."""
        self.enterprise_url = f"{self.url}/api/v3"
        """The same, with paths as GitHub Enterprise Server has them."""
        self.storage = _address(self._servers[1])
        self._routes = Routes(self)
        self.user(BOT, 41898282)

    def __enter__(self) -> FakeGitHub:
        for server in self._servers:
            threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
        self._serving = True
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Give the sockets back, whether they were served or not."""
        self.stopped.set()
        for server in self._servers:
            if self._serving:
                server.shutdown()
            server.server_close()

    # What there is.

    def user(self, login: str, number: int = 0) -> User:
        """A user of that name, made if there is none. Apps end in ``[bot]``."""
        with self.lock:
            return self.users.setdefault(login, User(login, number or self.next_id()))

    def token(
        self,
        value: str,
        login: str = BOT,
        *,
        repository: str = "",
        rights: Mapping[str, str] = REPORTING,
        app: bool = True,
    ) -> Token:
        """A token with its rights. ``app``: of an installation, as GITHUB_TOKEN is."""
        made = Token(value, self.user(login), repository, rights, app)
        self.tokens[value] = made
        return made

    def repository(self, name: str, *, fork_of: str = "", private: bool = False) -> Repository:
        """The repository ``owner/name``, made if there is none."""
        with self.lock:
            if name not in self.repositories:
                owner, _, short = name.partition("/")
                parent = self.repositories.get(fork_of)
                made = Repository(self.next_id(), short, self.user(owner), private, parent)
                self.repositories[name] = made
            return self.repositories[name]

    def pull(
        self,
        repository: str,
        number: int,
        *,
        head_sha: str,
        base_sha: str = "b" * 40,
        head_ref: str = "change",
        base_ref: str = "main",
        head_repository: str = "",
        author: str = "author",
    ) -> Pull:
        """An open pull request; from a fork where ``head_repository`` is another one."""
        head = self.repository(head_repository or repository, fork_of=repository)
        made = Pull(number, head_sha, base_sha, head_ref, base_ref, head, self.user(author))
        self.repository(repository).pulls[number] = made
        return made

    def comment(self, repository: str, number: int, body: str, login: str = "author") -> Comment:
        """A comment that is there already."""
        with self.lock:
            now = self.next_id()
            made = Comment(now, number, self.user(login), body, now, now)
            self.repository(repository).comments[made.id] = made
            return made

    def label(self, repository: str, number: int, name: str, login: str = "maintainer") -> None:
        """Put a label on a pull request."""
        with self.lock:
            pull = self.repository(repository).pulls[number]
            pull.labels.append(name)
            pull.events.append(Event(self.next_id(), "labeled", name, self.user(login)))

    def run(
        self,
        repository: str,
        event: str,
        head_sha: str,
        *,
        head_branch: str = "main",
        head_repository: str = "",
        **more: object,
    ) -> Run:
        """A run of a workflow; ``more`` are further values of ``Run``."""
        with self.lock:
            number = self.next_id()
            head = self.repository(head_repository or repository, fork_of=repository)
            made = Run(number, event, head_sha, head_branch, head, created=number, **more)  # type: ignore[arg-type]
            self.repository(repository).runs[number] = made
            return made

    def artifact(
        self, repository: str, run: Run, name: str, content: Mapping[str, str | bytes] | bytes
    ) -> Artifact:
        """What a run kept: files by name, or the zip itself."""
        with self.lock:
            number = self.next_id()
            data = content if isinstance(content, bytes) else zipped(content)
            made = Artifact(number, run, name, data, created=number)
            self.repository(repository).artifacts[number] = made
            return made

    def commits(self, repository: str, *shas: str, message: str = "A change") -> None:
        """A line of commits, oldest first. The first may be known: then they come after it."""
        known = self.repository(repository).commits
        for parent, sha in zip(("", *shas), shas, strict=False):
            known.setdefault(sha, Commit(sha, (parent,) if parent else (), message))

    def bodies(self, repository: str, number: int, login: str = "") -> list[str]:
        """The comments of a pull request, oldest first; only one author's where named."""
        with self.lock:
            found = sorted(self.repository(repository).comments.values(), key=lambda comment: comment.id)
            return [
                comment.body
                for comment in found
                if comment.number == number
                and (not login or (comment.user is not None and comment.user.login == login))
            ]

    def writes(self) -> list[Seen]:
        """The requests that were to change something."""
        return [seen for seen in self.seen if seen.method != "GET" and not seen.path.endswith("/graphql")]

    # What goes wrong.

    def fault(self, fault: Fault) -> None:
        """Let something go wrong; the oldest fault that fits a request befalls it."""
        with self.lock:
            self.faults.append(fault)

    def hold(self, method: str, path: str, parties: int = 2, seconds: float = 20) -> None:
        """Hold the answers of the next requests that fit until ``parties`` of them have come."""
        with self.lock:
            self.gates.append(Gate(method, path, parties, seconds))

    # What the servers call.

    def next_id(self) -> int:
        """A number greater than all before."""
        with self.lock:
            self._ids += 1
            return 1000 + self._ids

    def answer(self, request: Request) -> tuple[Reply, Fault | None]:
        """Carry out one request. The fault says how the answer is to be spoilt."""
        fault = self._take_fault(request)
        if fault and not fault.after:
            if fault.reply is None and not fault.drip:
                return Reply(0), fault
            if fault.reply is not None:
                return fault.reply, fault
        with self.lock:
            reply = self._routes.answer(request)
            if self._description:
                self.violations += self._description.check(request, reply)
        self._wait(request)
        if fault and fault.after:
            return fault.reply or Reply(0), fault
        return reply, fault

    def note(self, request: Request, status: int) -> None:
        """Remember that a request came."""
        with self.lock:
            self.seen.append(Seen(request.method, request.path, request.token, status))

    def _take_fault(self, request: Request) -> Fault | None:
        with self.lock:
            for fault in self.faults:
                if fault.times and fault.fits(request.method, request.path):
                    if fault.skip:
                        fault.skip -= 1
                        continue
                    fault.times -= fault.times > 0
                    return fault
        return None

    def _wait(self, request: Request) -> None:
        with self.lock:
            gate = next((gate for gate in self.gates if gate.fits(request.method, request.path)), None)
            if gate:
                gate.left -= 1
        if gate:
            gate.wait()


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False
    request_queue_size = 32
    fake: FakeGitHub

    def handle_error(self, request: object, client_address: object) -> None:
        import sys

        error = sys.exc_info()[1]
        if not isinstance(error, ConnectionError):  # whoever asked may have given up: no news
            self.fake.violations.append(f"the fake itself failed: {error!r}")


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    server: _Server

    def log_message(self, *_: object) -> None:
        pass

    def serve(self) -> None:
        length = int(self.headers.get("Content-Length") or 0)
        body = self.rfile.read(length) if length else b""
        headers = {name.lower(): value for name, value in self.headers.items()}
        self.handle_one(Request(self.command, self.path, headers, body))

    do_GET = do_POST = do_PATCH = do_DELETE = serve  # noqa: N815 (the base class looks for these)

    def handle_one(self, request: Request) -> None:
        raise NotImplementedError

    def send(self, reply: Reply, drip: float = 0) -> None:
        self.send_response(reply.status)
        for name, value in reply.headers.items():
            self.send_header(name, value)
        if reply.status != 204:
            self.send_header("Content-Length", str(len(reply.body)))
        self.end_headers()
        if not drip:
            self.wfile.write(reply.body)
            return
        for index in range(len(reply.body)):
            if self.server.fake.stopped.wait(drip):
                return
            self.wfile.write(reply.body[index : index + 1])


class _Api(_Handler):
    def handle_one(self, request: Request) -> None:
        fake = self.server.fake
        reply, fault = fake.answer(request)
        fake.note(request, reply.status)
        if fault and fault.hang:
            fake.stopped.wait(fault.hang)
        with suppress(ConnectionError):
            if reply.status:
                self.send(reply, fault.drip if fault else 0)
                return
        self.close_connection = True


class _Storage(_Handler):
    """Where artifacts lie: another host, which must never see a token."""

    def handle_one(self, request: Request) -> None:
        fake = self.server.fake
        if "authorization" in request.headers:
            fake.violations.append("a token was sent to the storage host")
            self.send(Reply(400, b"InvalidAuthenticationInfo"))
            return
        fault = fake._take_fault(request)
        fake.note(request, 0 if fault and fault.reply is None else 200)
        if fault and fault.hang:
            fake.stopped.wait(fault.hang)
        if fault and fault.reply is not None:
            self.send(fault.reply)
            return
        if fault and not fault.drip:
            self.close_connection = True
            return
        number = int(urlsplit(request.path).path.rsplit("/", 1)[-1])
        with fake.lock:
            content = next(
                repository.artifacts[number].content
                for repository in fake.repositories.values()
                if number in repository.artifacts
            )
        with suppress(ConnectionError):
            self.send(Reply(200, content, {"Content-Type": "application/zip"}), fault.drip if fault else 0)


def _server(fake: FakeGitHub, handler: type[_Handler], port: int) -> _Server:
    server = _Server(("127.0.0.1", port), handler)
    server.fake = fake
    return server


def _address(server: _Server) -> str:
    return f"http://127.0.0.1:{server.server_address[1]}"
