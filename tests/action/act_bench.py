"""Runs the real action.yml under act, in repositories made for the purpose, against the fake of GitHub's API.

act's runner differs from GitHub's in what ``Stage.run`` makes up for: remote actions are stand-ins made
here, and an artifact reaches the fake through a small server that the stand-in calls.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from fake_api import FakeGitHub
from fake_state import Run
from lent_environment import WHEELHOUSE
from stand_ins import REPOSITORY, ROOT, pinned

BENCH = ".github/workflows/bench.yml"
OURS = "org/mlbench-action@v1"
TOKEN = "ghs_0123456789abcdefghijklmnopqrstuvwxyz"
SKETCH = """\
volatile int sum;
__attribute__((noinline)) void infer() { for (int i = 0; i < ROUNDS; i++) sum += i; }
void setup() {}
void loop() { infer(); asm volatile(""); }
"""
SUITE = """\
defaults: {ram: {search: none}}
sketches: [{path: blink, inference: infer}]
"""


def git(folder: Path, *words: str) -> str:
    """Run git; gives what it prints."""
    who = ("-c", "user.name=dev", "-c", "user.email=dev@example.org", "-c", "commit.gpgsign=false")
    done = subprocess.run(
        ["git", *who, "-c", "init.defaultBranch=main", *words],
        cwd=folder,
        capture_output=True,
        text=True,
        check=True,
        env={"PATH": os.environ["PATH"], "HOME": str(folder), "GIT_CONFIG_NOSYSTEM": "1"},
    )
    return done.stdout.strip()


@dataclass
class Origin:
    """The repository as the server has it."""

    folder: Path

    @classmethod
    def make(cls, folder: Path, rounds: int = 1000, suite: str = SUITE) -> Origin:
        folder.mkdir(parents=True)
        git(folder, "init", "--quiet")
        git(folder, "config", "uploadpack.allowAnySHA1InWant", "true")
        made = cls(folder)
        made.commit("first", {"mlbench.yml": suite, "blink/blink.ino": sketch(rounds)})
        return made

    def commit(self, message: str, files: Mapping[str, str]) -> str:
        """Commit files on the branch that is checked out; gives the commit."""
        for name, text in files.items():
            path = self.folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
        git(self.folder, "add", "--all")
        git(self.folder, "commit", "--quiet", "--allow-empty", "--message", message)
        return self.head

    def on(self, branch: str, start: str = "") -> None:
        """Check out a branch, made if it is not there."""
        git(self.folder, "checkout", "--quiet", *(["-B", branch, start] if start else [branch]))

    def test_merge(self, number: int, base: str, head: str) -> str:
        """The commit that GitHub checks out for a pull request, under its usual name."""
        git(self.folder, "checkout", "--quiet", "--detach", base)
        git(self.folder, "merge", "--quiet", "--no-ff", "--message", f"Merge {head} into {base}", head)
        commit = self.head
        git(self.folder, "update-ref", f"refs/pull/{number}/merge", commit)
        self.on("main")
        return commit

    @property
    def head(self) -> str:
        return git(self.folder, "rev-parse", "HEAD")


def sketch(rounds: int, more: str = "") -> str:
    """A sketch whose inference time goes up with ``rounds``."""
    return SKETCH.replace("ROUNDS", str(rounds)) + more


@dataclass(frozen=True)
class Ran:
    """What act says of one run."""

    status: int
    lines: tuple[Mapping[str, Any], ...]
    text: str

    @property
    def jobs(self) -> dict[str, str]:
        """How each job ended: ``success``, ``failure``; a matrix job's name ends in its number."""
        return {
            line["job"].rpartition("/")[2].strip(): line["jobResult"]
            for line in self.lines
            if "jobResult" in line
        }

    @property
    def raw(self) -> tuple[str, ...]:
        """The lines that steps printed."""
        return tuple(line["msg"].rstrip("\n") for line in self.lines if line.get("raw_output"))

    @property
    def summary(self) -> str:
        """The job summary."""
        return "\n".join(str(line["content"]) for line in self.lines if line.get("command") == "summary")

    @property
    def commands(self) -> tuple[Mapping[str, Any], ...]:
        """Workflow commands that the runner has understood."""
        return tuple(line for line in self.lines if "command" in line)

    @property
    def log(self) -> str:
        """What failed tests show: steps with their seconds, and what they printed."""
        return "\n".join(str(line.get("msg", "")).rstrip() for line in self.lines)

    def errors(self) -> list[str]:
        """Messages of error annotations."""
        return [str(line.get("arg", "")) for line in self.commands if line["command"] == "error"]

    def output(self, name: str) -> str:
        """An output of the action, or of one of its steps."""
        found = [
            line["arg"] for line in self.commands if line["command"] == "set-output" and line["name"] == name
        ]
        return str(found[-1]) if found else ""


@dataclass
class Stage:
    """A fake of GitHub, a copy of the action, and stand-ins for what it uses."""

    folder: Path
    fake: FakeGitHub
    home: Path
    path: str
    taker: str = ""
    runs: dict[int, Run] = field(default_factory=dict)
    secrets: Mapping[str, str] = field(default_factory=lambda: {"GITHUB_TOKEN": TOKEN})

    def run(
        self,
        workflow: str,
        checkout: Path,
        event: str,
        payload: Mapping[str, Any],
        *,
        run: Run,
        environ: Mapping[str, str] | None = None,
        api: str = "",
        seconds: float = 240,
    ) -> Ran:
        """Run a workflow's text for an event. The checkout is what a runner would find in its workspace."""
        self.runs[run.id] = run
        place = self.folder / f"run-{run.id}-{run.attempt}-{len(list(self.folder.glob('run-*')))}"
        place.mkdir()
        (place / "bench.yml").write_text(workflow)
        (place / "event.json").write_text(json.dumps(payload))
        (place / "secrets").write_text("".join(f"{name}={value}\n" for name, value in self.secrets.items()))
        variables = {
            "GITHUB_API_URL": api or self.fake.url,
            "GITHUB_SERVER_URL": self.fake.url,
            "GITHUB_REPOSITORY": REPOSITORY,
            "GITHUB_WORKFLOW_REF": f"{REPOSITORY}/.github/workflows/bench.yml@refs/heads/main",
            "GITHUB_RUN_ID": str(run.id),
            "GITHUB_RUN_ATTEMPT": str(run.attempt),
            "GITHUB_RUN_NUMBER": "1",
            "GITHUB_REF": str(payload.get("ref", "refs/pull/1/merge")),
            "SHA_REF": git(checkout, "rev-parse", "HEAD"),
            "MLBENCH_HOME": str(self.home),
            "MLBENCH_OFFLINE": "true",
            "MLBENCH_WHEELHOUSE": str(self.folder / WHEELHOUSE),
            "RUNNER_OS": "Linux",
            **(environ or {}),
        }
        words = [
            shutil.which("act") or "act",
            event,
            *("-C", str(checkout), "-W", str(place / "bench.yml"), "-e", str(place / "event.json")),
            *(
                "-P",
                "ubuntu-latest=-self-hosted",
                "-P",
                "nano33ble=-self-hosted",
                "--json",
                "--rm",
                "--no-cache-server",
            ),
            *("--action-cache-path", str(place / "act"), "--secret-file", str(place / "secrets")),
            *(word for name in ("env", "var", "input") for word in (f"--{name}-file", os.devnull)),
            *(word for name, value in variables.items() for word in ("--env", f"{name}={value}")),
            *(
                word
                for name, to in self._stand_ins(workflow).items()
                for word in ("--local-repository", f"{name}={to}")
            ),
        ]
        done = subprocess.run(
            words,
            env={"PATH": self.path, "HOME": str(place), "LANG": "C.UTF-8"},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=seconds,
            check=False,
        )
        (place / "log.txt").write_text(done.stdout + done.stderr)
        lines = [json.loads(line) for line in done.stdout.splitlines() if line.startswith("{")]
        shutil.rmtree(place / "act", ignore_errors=True)
        return Ran(done.returncode, tuple(lines), done.stdout + done.stderr)

    def _stand_ins(self, workflow: str) -> dict[str, Path]:
        pins = pinned("\n".join([*((ROOT / name).read_text() for name in ("action.yml", BENCH)), workflow]))
        found = {OURS: self.folder / "action"}
        for uses in pins:
            if uses.startswith(("./", "org/")):
                continue
            name = uses.partition("@")[0]
            found["/".join(name.split("/")[:2]) + "@" + uses.partition("@")[2]] = (
                self.folder / "stand-ins" / "/".join(name.split("/")[:2]).replace("/", "-")
            )
        return found


def shallow(origin: Origin, target: Path, commit: str, *, depth: int = 1) -> Path:
    """What actions/checkout leaves: one commit, detached."""
    target.mkdir(parents=True)
    git(target, "init", "--quiet")
    git(target, "remote", "add", "origin", origin.folder.as_uri())
    git(target, "fetch", "--quiet", "--no-tags", f"--depth={depth}", "origin", commit)
    git(target, "checkout", "--quiet", "--detach", commit)
    # As actions/checkout does; and act copies no empty folder, without refs/ of which it is no repository.
    git(target, "update-ref", "refs/remotes/pull/1/merge", commit)
    return target
