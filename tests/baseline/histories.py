"""Git histories as pull requests make them, and clones of them as CI services make them."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

NULL = "0" * 40


def git(folder: Path, *arguments: str, check: bool = True) -> str:
    environment = {
        **{name: value for name, value in os.environ.items() if not name.startswith("GIT_")},
        "GIT_CONFIG_GLOBAL": "/dev/null",
        "GIT_CONFIG_SYSTEM": "/dev/null",
        "GIT_AUTHOR_NAME": "a",
        "GIT_AUTHOR_EMAIL": "a@b",
        "GIT_COMMITTER_NAME": "a",
        "GIT_COMMITTER_EMAIL": "a@b",
    }
    command = ["git", "-c", "protocol.file.allow=always", *arguments]
    done = subprocess.run(command, cwd=folder, env=environment, check=check, capture_output=True, text=True)
    return done.stdout.strip()


class Server:
    """A repository as a server has it: ``main`` moved on after ``feature`` left it.

    main:     root - fork - moved
    feature:          \\- mine - head
    merge:    moved + head, as the server makes it for a pull request
    """

    def __init__(self, folder: Path) -> None:
        self.path = folder / "project"
        self.path.mkdir(parents=True)
        git(self.path, "init", "-q", "-b", "main")
        # What GitHub allows: any commit that a branch or a pull request has ever had.
        git(self.path, "config", "uploadpack.allowAnySHA1InWant", "true")
        git(self.path, "config", "uploadpack.allowFilter", "true")
        self.root = self.commit("root")
        self.fork = self.commit("fork")
        git(self.path, "checkout", "-q", "-b", "feature")
        self.mine = self.commit("mine", "mine.txt")
        self.head = self.commit("head", "head.txt")
        git(self.path, "checkout", "-q", "main")
        self.moved = self.commit("moved", "moved.txt")
        git(self.path, "checkout", "-q", "--detach", "main")
        git(self.path, "merge", "-q", "--no-ff", "-m", "test merge", "feature")
        self.merge = git(self.path, "rev-parse", "HEAD")
        git(self.path, "update-ref", "refs/pull/7/merge", self.merge)
        git(self.path, "checkout", "-q", "main")

    def commit(self, text: str, name: str = "file.txt", **files: str) -> str:
        for path, content in {name: f"{text}\n", **files}.items():
            target = self.path / path
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_text(content)
        git(self.path, "add", "-A")
        git(self.path, "commit", "-q", "-m", text)
        return git(self.path, "rev-parse", "HEAD")

    @property
    def url(self) -> str:
        return f"file://{self.path}"

    def pull_request(self, head: str = "", base: str = "") -> dict[str, object]:
        """The event of a pull request, as far as it names commits."""
        return {
            "pull_request": {
                "number": 7,
                "head": {"sha": head or self.head, "ref": "feature"},
                "base": {"sha": base or self.moved, "ref": "main"},
            }
        }


def checkout(folder: Path, url: str, commit: str, *depth: str) -> Path:
    """A clone as actions/checkout makes it: one commit, fetched by its name, no branch."""
    folder.mkdir(parents=True)
    git(folder, "init", "-q")
    git(folder, "remote", "add", "origin", url)
    git(folder, "fetch", "-q", "--no-tags", *depth, "origin", commit)
    git(folder, "checkout", "-q", "--detach", "FETCH_HEAD")
    return folder


def shallow(folder: Path, url: str, commit: str) -> Path:
    return checkout(folder, url, commit, "--depth=1")
