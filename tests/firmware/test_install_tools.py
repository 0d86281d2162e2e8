"""Finding tools and getting missing ones: real processes, a real server on this machine."""

from __future__ import annotations

import hashlib
import io
import socketserver
import tarfile
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler
from pathlib import Path

import pytest

from mlbench.errors import EnvironmentFault
from mlbench.firmware import install_tools as tools
from mlbench.host import apt, packages
from mlbench.host.policy import Policy
from mlbench.util.download import Unreachable, download, public

CLI = b"#!/bin/sh\necho 'arduino-cli  Version: 1.5.1 Commit: 0 Date: 0'\n"
GCC = """
case "$*" in
  *print-file-name*) echo {libc};;
  *fsyntax*) exit {headers};;
  *) echo 'arm-none-eabi-gcc (fake) 12.2.1';;
esac
"""
GOOD_GCC = GCC.format(libc="/usr/lib/libc.a", headers=0)


def archive(name: str = "arduino-cli", content: bytes = CLI) -> bytes:
    made = io.BytesIO()
    with tarfile.open(fileobj=made, mode="w:gz") as tar:
        for member, data in (("LICENSE.txt", b"text"), (name, content)):
            info = tarfile.TarInfo(member)
            info.size = len(data)
            tar.addfile(info, io.BytesIO(data))
    return made.getvalue()


ARCHIVE = archive()
SHA256 = hashlib.sha256(ARCHIVE).hexdigest()


class _Handler(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        server: Server = self.server  # type: ignore[assignment]
        server.paths.append(self.path)
        if self.path == "/hang":
            server.stop.wait(30)
            return
        if self.path == "/missing":
            self.send_error(404)
            return
        self.send_response(200)
        body = server.body
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.path == "/stall":
            self.wfile.write(body[:20])
            self.wfile.flush()
            server.stop.wait(30)
        elif self.path == "/short":
            self.wfile.write(body[:-7])
        else:
            self.wfile.write(body)

    def log_message(self, *arguments: object) -> None:
        pass


class Server(socketserver.ThreadingTCPServer):
    daemon_threads = True
    allow_reuse_address = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.paths: list[str] = []
        self.stop = threading.Event()
        self.body = ARCHIVE

    def url(self, path: str) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}{path}"


@pytest.fixture
def server() -> Iterator[Server]:
    with Server() as serving:
        thread = threading.Thread(target=serving.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield serving
        serving.stop.set()
        serving.shutdown()
        thread.join()


def test_good_file_arrives_whole(server: Server, tmp_path: Path) -> None:
    download(server.url("/file"), SHA256.upper(), tmp_path / "file")
    assert (tmp_path / "file").read_bytes() == ARCHIVE
    assert [path.name for path in tmp_path.iterdir()] == ["file"]


@pytest.mark.parametrize(
    ("path", "words"),
    [
        ("/missing", "the server answers 404"),
        ("/hang", "no answer in time"),
        ("/stall", "no answer in time"),
        ("/short", "broke off|ended after"),
    ],
)
def test_file_that_cannot_be_had(server: Server, tmp_path: Path, path: str, words: str) -> None:
    started = time.monotonic()
    with pytest.raises(Unreachable, match=words):
        download(server.url(path), SHA256, tmp_path / "file", connect_seconds=0.2, stall_seconds=0.3)
    assert time.monotonic() - started < 5
    assert list(tmp_path.iterdir()) == []


def test_nobody_listens(tmp_path: Path) -> None:
    with pytest.raises(Unreachable, match="refused"):
        download("http://127.0.0.1:9/file", SHA256, tmp_path / "file")


def test_unknown_host(tmp_path: Path) -> None:
    with pytest.raises(Unreachable, match=r"not known here|no answer in time|no connection"):
        download("http://no-such-host.invalid/file", SHA256, tmp_path / "file")


def test_slow_file_is_given_up(server: Server, tmp_path: Path) -> None:
    with pytest.raises(Unreachable, match="too slow"):
        download(server.url("/file"), SHA256, tmp_path / "file", total_seconds=0)


def test_other_content_is_an_error_and_not_just_unreachable(server: Server, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("older")
    with pytest.raises(EnvironmentFault, match="SHA-256") as caught:
        download(server.url("/file?token=secret"), "0" * 64, tmp_path / "file")
    assert not isinstance(caught.value, Unreachable)
    assert "secret" not in str(caught.value)
    assert (tmp_path / "file").read_text() == "older"


def test_address_for_logs() -> None:
    assert public("https://me:pass@host:8/a/b.tar.gz?key=1#x") == "https://host:8/a/b.tar.gz"


@pytest.fixture
def bare(bin_folder: Path, own_home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """No tool on PATH, root, apt-get without any package; gives the log of its calls."""
    log = tmp_path / "apt asked"
    monkeypatch.setattr(apt, "LISTS", tmp_path)
    monkeypatch.setattr("os.geteuid", lambda: 0)
    monkeypatch.setenv("MLBENCH_ARDUINO_CLI_URL", "http://127.0.0.1:9/nothing")
    monkeypatch.setenv("MLBENCH_ARDUINO_CLI_SHA256", SHA256)
    return log


@pytest.fixture
def debian(bare: Path, program, bin_folder: Path, tmp_path: Path) -> Path:
    """An apt-get that brings the tools."""
    store = tmp_path / "store"
    store.mkdir()
    for name, body in (
        ("arduino-builder", "echo 'Arduino Builder 1.3.25'"),
        ("arduino-ctags", "exit 0"),
        ("arm-none-eabi-gcc", GOOD_GCC),
        ("arm-none-eabi-objcopy", "exit 0"),
    ):
        program(name, body, store)
    program(
        "apt-get",
        f'echo "$*" >> "{bare}"; [ "$1" = update ] && exit 0\n'
        f'case "$*" in *arduino-builder*) cp "{store}"/arduino-* "{bin_folder}";; esac\n'
        f'case "$*" in *gcc-arm-none-eabi*) cp "{store}"/arm-* "{bin_folder}";; esac',
    )
    return bare


def test_what_is_on_path_is_taken_and_arduino_cli_first(bare: Path, program, bin_folder: Path) -> None:
    assert tools.find_toolchain() == tools.Toolchain()
    program("arduino-builder", "exit 0")
    program("arduino-ctags", "exit 0")
    found = tools.find_toolchain(offline=True)
    assert (found.builder, found.ctags, found.offline) == (
        bin_folder / "arduino-builder",
        bin_folder / "arduino-ctags",
        True,
    )
    program("arduino-cli", "exit 0")
    assert tools.find_toolchain().builder == bin_folder / "arduino-cli"


def test_lone_link_to_gcc_leads_to_its_toolchain(
    bare: Path, program, bin_folder: Path, tmp_path: Path
) -> None:
    real = tmp_path / "toolchain"
    real.mkdir()
    program("arm-none-eabi-gcc", GOOD_GCC, real)
    program("arm-none-eabi-objcopy", "exit 0", real)
    (bin_folder / "arm-none-eabi-gcc").symlink_to(real / "arm-none-eabi-gcc")
    assert tools.find_toolchain().gcc_bin == real


def test_nothing_is_done_when_nothing_is_missing(debian: Path, program, said: list[str]) -> None:
    program("arduino-builder", "exit 0")
    program("arm-none-eabi-gcc", GOOD_GCC)
    found = tools.ensure_toolchain(Policy(), said.append)
    assert found.builder_name == "arduino-builder"
    assert said == []
    assert not debian.exists()


def test_release_is_fetched_once(
    bare: Path, server: Server, program, said: list[str], own_home: Path, monkeypatch
) -> None:
    program("arm-none-eabi-gcc", GOOD_GCC)
    monkeypatch.setenv("MLBENCH_ARDUINO_CLI_URL", server.url("/cli.tar.gz"))
    for _ in range(2):
        found = tools.ensure_toolchain(Policy(), said.append)
        assert found.arduino_cli == own_home / "tools/arduino-cli-1.5.1/arduino-cli"
        assert found.builder_version == "1.5.1"
    assert server.paths == ["/cli.tar.gz"]
    assert said == [f"fetching arduino-cli 1.5.1 from {server.url('/cli.tar.gz')}"]
    assert [path.name for path in (own_home / "tools").iterdir() if path.is_dir()] == ["arduino-cli-1.5.1"]


@pytest.mark.parametrize("path", ["/missing", "/hang"])
def test_debian_serves_where_the_release_is_out_of_reach(
    debian: Path, server: Server, said: list[str], monkeypatch: pytest.MonkeyPatch, path: str
) -> None:
    monkeypatch.setenv("MLBENCH_ARDUINO_CLI_URL", server.url(path))
    fetch = download

    def quickly(url: str, sha256: str, target: Path, *, total_seconds: float) -> None:
        fetch(url, sha256, target, connect_seconds=0.2, stall_seconds=0.2)

    monkeypatch.setattr("mlbench.util.download.download", quickly)
    found = tools.ensure_toolchain(Policy(), said.append)
    assert found.builder_name == "arduino-builder"
    assert found.gcc is not None
    assert any(line.startswith("arduino-cli cannot be fetched: ") for line in said)
    asked = debian.read_text()
    for package in (*packages.BUILDER, *packages.ARM):
        assert f" {package}" in asked


def test_wrong_archive_stops_everything(bare: Path, server: Server, said: list[str], monkeypatch) -> None:
    monkeypatch.setenv("MLBENCH_ARDUINO_CLI_URL", server.url("/cli.tar.gz"))
    server.body = archive(content=b"#!/bin/sh\nrm -rf ~\n")
    with pytest.raises(EnvironmentFault, match="SHA-256"):
        tools.ensure_toolchain(Policy(), said.append)
    assert tools.find_toolchain().builder is None


@pytest.mark.parametrize(
    ("body", "words"),
    [
        (archive(name="other"), "holds no arduino-cli"),
        (b"not an archive", "holds no arduino-cli"),
        (archive(content=b"#!/bin/sh\nexit 3\n"), "does not run here"),
    ],
)
def test_unusable_archive(
    bare: Path, server: Server, said: list[str], monkeypatch, body: bytes, words: str
) -> None:
    server.body = body
    monkeypatch.setenv("MLBENCH_ARDUINO_CLI_URL", server.url("/cli.tar.gz"))
    monkeypatch.setenv("MLBENCH_ARDUINO_CLI_SHA256", hashlib.sha256(body).hexdigest())
    with pytest.raises(EnvironmentFault, match=words):
        tools.ensure_toolchain(Policy(), said.append)
    assert tools.find_toolchain().builder is None


@pytest.mark.parametrize("policy", [Policy(offline=True), Policy(install=False)])
def test_forbidden_is_one_line(
    debian: Path, server: Server, said: list[str], monkeypatch, policy: Policy
) -> None:
    monkeypatch.setenv("MLBENCH_ARDUINO_CLI_URL", server.url("/cli.tar.gz"))
    with pytest.raises(
        EnvironmentFault, match=r"a sketch compiler .* and an ARM toolchain .*apt-get install"
    ):
        tools.ensure_toolchain(policy, said.append)
    assert server.paths == []
    assert not debian.exists()


@pytest.mark.parametrize(
    ("libc", "headers", "words"), [("libc.a", 0, "newlib"), ("/usr/lib/libc.a", 1, r"C\+\+ headers")]
)
def test_compiler_without_its_library(
    bare: Path, program, said: list[str], libc: str, headers: int, words: str
) -> None:
    program("arduino-builder", "exit 0")
    program("arm-none-eabi-gcc", GCC.format(libc=libc, headers=headers))
    with pytest.raises(EnvironmentFault, match=words):
        tools.ensure_toolchain(Policy(install=False), said.append)
    assert tools.ensure_toolchain(Policy(install=False), said.append, arm=False).builder is not None


def test_packages_that_do_not_help(bare: Path, program, said: list[str]) -> None:
    program("apt-get", "exit 0")
    with pytest.raises(EnvironmentFault, match="still missing after installing"):
        tools.ensure_toolchain(Policy(), said.append)
