"""Installing Debian packages, with a stand-in for apt-get that keeps what it was asked."""

from __future__ import annotations

import os
import pty
import subprocess
import sys
from pathlib import Path

import pytest
from small_project import ROOT

from mlbench.errors import EnvironmentFault
from mlbench.host import apt
from mlbench.host.policy import Policy

Q = "--no-install-recommends"


@pytest.fixture
def asked(tmp_path: Path, program, own_home: Path, monkeypatch: pytest.MonkeyPatch):
    """What apt-get was asked, a line a call; it is root's, and its lists are full."""
    log = tmp_path / "asked"
    program("apt-get", f'echo "$DEBIAN_FRONTEND $*" >> "{log}"')
    lists = tmp_path / "lists"
    lists.mkdir()
    (lists / "mirror_Packages").touch()
    monkeypatch.setattr(apt, "LISTS", lists)
    monkeypatch.setattr(os, "geteuid", lambda: 0)

    def read() -> list[str]:
        return log.read_text().splitlines() if log.exists() else []

    return read


def install(said: list[str], policy: Policy | None = None) -> None:
    apt.install(["tool", "more"], policy or Policy(), said.append, missing=["a tool"])


def test_root_installs_after_saying_so(asked, said: list[str]) -> None:
    install(said)
    assert said == ["installing Debian packages: tool more"]
    (call,) = asked()
    assert call.startswith("noninteractive install -y -q --no-install-recommends ")
    assert call.endswith(" tool more")


def test_lists_are_fetched_first_where_there_are_none(asked, said: list[str]) -> None:
    (apt.LISTS / "mirror_Packages").unlink()
    install(said)
    assert [call.split()[1] for call in asked()] == ["update", "install"]


def test_old_lists_are_renewed_after_a_failure(asked, program, tmp_path: Path, said: list[str]) -> None:
    log = tmp_path / "asked"
    renewed = tmp_path / "renewed"
    program(
        "apt-get",
        f'echo "x $*" >> "{log}"\nif [ "$1" = update ]; then echo > "{renewed}"; else [ -e "{renewed}" ]; fi',
    )
    install(said)
    assert [call.split()[1] for call in asked()] == ["install", "update", "install"]


def test_failure_gives_apts_reason(asked, program, said: list[str], own_home: Path) -> None:
    program("apt-get", "echo 'Reading lists'; echo 'E: Unable to locate package tool'; exit 100")
    with pytest.raises(EnvironmentFault, match=r"E: Unable to locate package tool") as caught:
        install(said)
    assert "apt-get install" in caught.value.do
    assert "Unable to locate" in (own_home / "apt.log").read_text()
    assert apt.recorded() == ()


def test_packages_that_were_there_before_are_not_recorded(asked, program, said: list[str]) -> None:
    program("dpkg-query", 'if [ "$3" = tool ]; then echo installed; else exit 1; fi')
    install(said)
    install(said)
    assert apt.recorded() == ("more",)


@pytest.mark.parametrize(
    ("policy", "words"),
    [
        (Policy(offline=True), "--offline"),
        (Policy(install=False), "--no-install"),
        (Policy(self_hosted=True), "self-hosted"),
        (Policy(self_hosted=True, yes=True), "self-hosted"),
    ],
)
def test_forbidden_is_one_line_that_says_what_to_install(
    asked, said: list[str], policy: Policy, words: str
) -> None:
    with pytest.raises(EnvironmentFault) as caught:
        install(said, policy)
    text = str(caught.value)
    assert words in text
    assert f"apt-get install {Q} tool more" in text
    assert "\n" not in text
    assert caught.value.exit_status == 4
    assert asked() == []
    assert said == []


def test_no_apt_get(bin_folder: Path, own_home: Path, said: list[str]) -> None:
    with pytest.raises(EnvironmentFault, match="a tool is missing; install what Debian calls tool more"):
        install(said)


def test_not_root_and_no_sudo(asked, said: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    with pytest.raises(EnvironmentFault, match="not root and has no sudo"):
        install(said, Policy(yes=True))
    assert asked() == []


@pytest.fixture
def user(asked, program, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Not root, but sudo is there; gives the file that keeps what sudo was asked."""
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    log = tmp_path / "sudo asked"
    program("sudo", f'echo "$*" >> "{log}"; if [ "$1" = -n ]; then shift; fi; exec "$@"')
    return log


def test_without_terminal_sudo_needs_yes(user: Path, asked, said: list[str]) -> None:
    with pytest.raises(EnvironmentFault, match=r"run `sudo apt-get install .*--yes"):
        install(said)
    assert not user.exists()
    install(said, Policy(yes=True))
    # -n: a sudo that wants a password must fail, for nobody can type it.
    assert user.read_text().startswith("-n env DEBIAN_FRONTEND=noninteractive")
    assert asked()[0].startswith("noninteractive install")
    assert said == ["installing Debian packages with sudo: tool more"]


DRIVER = """
import os, sys
sys.path.insert(0, sys.argv[1])
from pathlib import Path
from mlbench.host import apt
from mlbench.host.policy import Policy
os.geteuid = lambda: 1000
apt.LISTS = Path(sys.argv[2])
try:
    apt.install(["tool"], Policy.read(), lambda text: print("said:", text), missing=["a tool"])
except Exception as error:
    print("refused:", error)
"""


@pytest.mark.parametrize(
    ("answer", "words"), [("y", "said: installing"), ("n", "refused: a tool is missing"), ("", "refused")]
)
def test_on_a_terminal_sudo_is_asked_about(user: Path, asked, answer: str, words: str) -> None:
    ours, theirs = pty.openpty()
    with subprocess.Popen(
        [sys.executable, "-c", DRIVER, str(ROOT), str(apt.LISTS)],
        stdin=theirs,
        stdout=subprocess.PIPE,
        stderr=theirs,
        text=True,
    ) as process:
        os.close(theirs)
        prompt = b""
        while b"[y/N]" not in prompt:
            prompt += os.read(ours, 1000)
        assert b"sudo apt-get install --no-install-recommends tool" in prompt
        os.write(ours, f"{answer}\n".encode())
        output, _ = process.communicate(timeout=60)
    os.close(ours)
    assert words in output
    assert user.exists() == (answer == "y")
    assert bool(asked()) == (answer == "y")


@pytest.mark.parametrize(
    ("arguments", "environ", "expected"),
    [
        ([], {}, Policy()),
        (["run", "--offline"], {}, Policy(offline=True)),
        (["--no-install"], {}, Policy(install=False)),
        (["--yes"], {}, Policy(yes=True)),
        (["--", "--yes", "--offline"], {}, Policy()),
        ([], {"MLBENCH_OFFLINE": "1"}, Policy(offline=True)),
        ([], {"INPUT_INSTALL": "true"}, Policy(yes=True)),
        ([], {"INPUT_INSTALL": "false"}, Policy(install=False)),
        ([], {"RUNNER_ENVIRONMENT": "self-hosted"}, Policy(self_hosted=True)),
        (["--yes"], {"RUNNER_ENVIRONMENT": "self-hosted"}, Policy(self_hosted=True, yes=True)),
        ([], {"RUNNER_ENVIRONMENT": "self-hosted", "INPUT_INSTALL": "true"}, Policy(yes=True)),
        ([], {"RUNNER_ENVIRONMENT": "self-hosted", "MLBENCH_INSTALL": "True"}, Policy(yes=True)),
        ([], {"RUNNER_ENVIRONMENT": "github-hosted"}, Policy()),
    ],
)
def test_policy(arguments: list[str], environ: dict[str, str], expected: Policy) -> None:
    assert Policy.read(arguments, environ) == expected
