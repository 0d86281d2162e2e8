"""One commit fetched with a token that is stored nowhere."""

from __future__ import annotations

import base64
import os
import shutil
import subprocess
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from histories import Server, git, shallow

from mlbench.baseline import Repository

TOKEN = "ghs_abcDEF0123456789secret"
BASIC = base64.b64encode(f"x-access-token:{TOKEN}".encode()).decode()


class Private:
    """Serves a repository by HTTP to whoever shows the token, once and not twice."""

    def __init__(self, folder: Path) -> None:
        self.headers: list[list[str]] = []
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                self._serve(b"")

            def do_POST(self) -> None:
                self._serve(self.rfile.read(int(self.headers["Content-Length"])))

            def _serve(self, body: bytes) -> None:
                shown = self.headers.get_all("Authorization") or []
                outer.headers.append(shown)
                if shown != [f"basic {BASIC}"]:
                    self.send_response(401 if not shown else 400)
                    self.end_headers()
                    return
                path, _, query = self.path.partition("?")
                environment = {
                    "GIT_PROJECT_ROOT": str(folder),
                    "GIT_HTTP_EXPORT_ALL": "1",
                    "PATH_INFO": path,
                    "QUERY_STRING": query,
                    "REQUEST_METHOD": self.command,
                    "CONTENT_TYPE": self.headers.get("Content-Type", ""),
                    "CONTENT_LENGTH": str(len(body)),
                    "GIT_PROTOCOL": self.headers.get("Git-Protocol", ""),
                    "HTTP_CONTENT_ENCODING": self.headers.get("Content-Encoding", ""),
                    "PATH": os.environ["PATH"],
                }
                done = subprocess.run(
                    ["git", "http-backend"], input=body, env=environment, capture_output=True, check=True
                )
                head, _, content = done.stdout.partition(b"\r\n\r\n")
                fields = dict(line.split(": ", 1) for line in head.decode().splitlines())
                self.send_response(int(fields.pop("Status", "200").split()[0]))
                for name, value in fields.items():
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(content)

            def log_message(self, *_: object) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()


@pytest.fixture
def private(server: Server, monkeypatch: pytest.MonkeyPatch) -> Iterator[Private]:
    # git's own protocols are few here; this server stands for one with https.
    monkeypatch.setattr("mlbench.util.git._PROTOCOLS", ("https", "ssh", "git", "file", "http"))
    found = Private(server.path.parent)
    yield found
    found.server.shutdown()
    found.server.server_close()


@pytest.fixture
def clone(server: Server, private: Private, tmp_path: Path) -> Path:
    """A clone that was made elsewhere: no credentials are left in it."""
    folder = shallow(tmp_path / "clone", server.url, server.merge)
    git(folder, "remote", "set-url", "origin", f"{private.url}/project/.git")
    return folder


def everything_in(folder: Path) -> bytes:
    return b"".join(path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file())


def test_the_token_serves_one_fetch_and_is_stored_nowhere(clone, private, server, tmp_path):
    repository = Repository(clone, token=TOKEN, server_url=private.url)
    assert repository.obtain(server.moved) == ""
    assert repository.show(server.moved, "moved.txt") == "moved\n"
    assert private.headers
    assert all(shown == [f"basic {BASIC}"] for shown in private.headers)
    left = everything_in(tmp_path)
    assert TOKEN.encode() not in left
    assert BASIC.encode() not in left


def test_a_header_that_the_checkout_left_is_not_sent_twice(clone, private, server):
    git(clone, "config", f"http.{private.url}/.extraheader", "AUTHORIZATION: basic b2xk")
    repository = Repository(clone, token=TOKEN, server_url=private.url)
    assert repository.obtain(server.moved) == ""
    assert all(len(shown) == 1 for shown in private.headers)


def test_the_header_of_the_checkout_serves_where_there_is_no_token(clone, private, server):
    git(clone, "config", f"http.{private.url}/.extraheader", f"AUTHORIZATION: basic {BASIC}")
    assert Repository(clone).obtain(server.moved) == ""


def test_the_token_goes_to_its_own_server_alone(clone, private, server):
    repository = Repository(clone, token=TOKEN, server_url="https://github.example")
    assert repository.obtain(server.moved)
    assert private.headers == [[]]


def test_no_argument_list_has_the_token(clone, private, server, tmp_path, monkeypatch):
    log = tmp_path / "argv"
    fake = tmp_path / "bin" / "git"
    fake.parent.mkdir()
    fake.write_text(f'#!/bin/sh\necho "$@" >> {log}\nexec {shutil.which("git")} "$@"\n')
    fake.chmod(0o755)
    monkeypatch.setenv("PATH", f"{fake.parent}:{os.environ['PATH']}")
    assert Repository(clone, token=TOKEN, server_url=private.url).obtain(server.moved) == ""
    assert "fetch" in log.read_text()
    assert TOKEN not in log.read_text()
    assert BASIC not in log.read_text()


def test_messages_are_cut(clone, private, server):
    repository = Repository(clone, token=TOKEN, server_url=private.url)
    git(clone, "remote", "set-url", "origin", f"{private.url}/{TOKEN}/{BASIC}")
    repository = Repository(clone, token=TOKEN, server_url=private.url)
    reason = repository.obtain(server.moved)
    assert reason
    assert TOKEN not in reason
    assert BASIC not in reason


def test_a_whole_clone_stays_one(server, tmp_path):
    folder = tmp_path / "whole"
    git(tmp_path, "clone", "-q", server.url, str(folder))
    late = server.commit("late")
    repository = Repository(folder)
    assert repository.obtain(late) == ""
    assert not repository.shallow
    assert repository.merge_base(late, server.root) == server.root


def test_a_clone_without_contents_gets_those_of_the_commit(server, tmp_path):
    folder = tmp_path / "partial"
    git(tmp_path, "clone", "-q", "--filter=blob:none", "--depth=1", server.url, str(folder))
    repository = Repository(folder)
    assert repository.partial
    assert repository.obtain(server.head) == ""
    assert repository.show(server.head, "head.txt") == "head\n"


def test_contents_that_come_later_come_with_the_token(server, private, tmp_path):
    folder = tmp_path / "partial"
    git(tmp_path, "clone", "-q", "--filter=blob:none", "--depth=1", server.url, str(folder))
    git(folder, "remote", "set-url", "origin", f"{private.url}/project/.git")
    repository = Repository(folder, token=TOKEN, server_url=private.url)
    assert repository.obtain(server.head) == ""
    assert repository.show(server.head, "head.txt") == "head\n"
    assert all(shown == [f"basic {BASIC}"] for shown in private.headers)


@pytest.mark.parametrize("commit", ["f" * 40, "main", "--upload-pack=x", "HEAD:file"])
def test_what_cannot_be_fetched_is_a_reason(server, tmp_path, commit):
    repository = Repository(shallow(tmp_path / "clone", server.url, server.merge))
    assert repository.obtain(commit)


def test_without_a_remote(tmp_path):
    git(tmp_path, "init", "-q")
    assert Repository(tmp_path).obtain("a" * 40) == "there is no remote 'origin'"
