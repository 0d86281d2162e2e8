"""Fetching Renode's release: from a server of this machine, by its checksum."""

from __future__ import annotations

import hashlib
import http.server
import io
import tarfile
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from mlbench.cli.main import main
from mlbench.renode.install import installed
from mlbench.renode.process import find_renode


def archive(members: dict[str, bytes]) -> bytes:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w:gz") as tar:
        for name, data in members.items():
            info = tarfile.TarInfo(name)
            info.size, info.mode = len(data), 0o755
            tar.addfile(info, io.BytesIO(data))
    return out.getvalue()


GOOD = archive(
    {"renode_1.16.1-dotnet_portable/renode": b"#!/bin/sh\n", "renode_1.16.1-dotnet_portable/a/b": b"x"}
)


@pytest.fixture
def served(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[dict[str, bytes]]:
    files: dict[str, bytes] = {}

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            data = files.get(self.path)
            self.send_response(200 if data is not None else 404)
            self.send_header("Content-Length", str(len(data or b"")))
            self.end_headers()
            self.wfile.write(data or b"")

        def log_message(self, *_: object) -> None:
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    monkeypatch.setenv("MLBENCH_HOME", str(tmp_path / "home"))
    monkeypatch.delenv("MLBENCH_RENODE", raising=False)
    monkeypatch.setenv("MLBENCH_RENODE_URL", f"http://127.0.0.1:{server.server_address[1]}/renode.tar.gz")
    monkeypatch.setenv("MLBENCH_RENODE_SHA256", hashlib.sha256(GOOD).hexdigest())
    yield files
    server.shutdown()
    server.server_close()


def test_it_is_fetched_once_and_found(served: dict[str, bytes], capsys: pytest.CaptureFixture[str]) -> None:
    served["/renode.tar.gz"] = GOOD
    assert main(["renode", "install"]) == 0
    program = Path(capsys.readouterr().out.strip())
    assert program == installed() == find_renode()
    assert program.stat().st_mode & 0o111
    assert (program.parent / "a" / "b").read_bytes() == b"x"
    served.clear()  # out of reach from now on, and not asked for again
    assert main(["renode", "install"]) == 0


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (archive({"top/renode": b"other"}), "not the expected"),
        (None, "the server answers 404"),
    ],
)
def test_what_cannot_be_believed_is_not_kept(
    served: dict[str, bytes], data: bytes | None, message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    if data is not None:
        served["/renode.tar.gz"] = data
    assert main(["renode", "install"]) == 4
    assert message in capsys.readouterr().err
    assert installed() is None


def test_an_archive_that_leads_elsewhere(
    served: dict[str, bytes], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    data = archive({"top/../../../outside": b"x", "top/renode": b"#!/bin/sh\n"})
    served["/renode.tar.gz"] = data
    monkeypatch.setenv("MLBENCH_RENODE_SHA256", hashlib.sha256(data).hexdigest())
    assert main(["renode", "install"]) == 0
    assert not list(tmp_path.rglob("outside"))


def test_an_unknown_version(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.delenv("MLBENCH_RENODE_URL", raising=False)
    assert main(["renode", "install", "1.2.3"]) == 4
    assert "no checksum of Renode 1.2.3" in capsys.readouterr().err


def test_not_when_it_may_not(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["renode", "install", "--offline"]) == 4
    assert "not fetched: --offline" in capsys.readouterr().err
