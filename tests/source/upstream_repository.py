"""A git repository to fetch from."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path


def git(folder: Path, *arguments: str) -> str:
    environment = {
        **os.environ,
        "GIT_CONFIG_GLOBAL": "/dev/null",
        "GIT_AUTHOR_NAME": "a",
        "GIT_AUTHOR_EMAIL": "a@b",
        "GIT_COMMITTER_NAME": "a",
        "GIT_COMMITTER_EMAIL": "a@b",
    }
    command = ["git", "-c", "protocol.file.allow=always", *arguments]
    return subprocess.run(
        command, cwd=folder, env=environment, check=True, capture_output=True, text=True
    ).stdout.strip()


class Upstream:
    """A repository with two commits, a branch, a light and an annotated tag, and a submodule."""

    def __init__(self, folder: Path) -> None:
        self.part = folder / "part"
        self.part.mkdir()
        git(self.part, "init", "-q", "-b", "main")
        (self.part / "part.h").write_text("part\n")
        git(self.part, "add", "-A")
        git(self.part, "commit", "-qm", "part")
        self.path = folder / "upstream"
        self.path.mkdir()
        git(self.path, "init", "-q", "-b", "main")
        git(self.path, "submodule", "--quiet", "add", "../part", "vendor/part")
        self.first = self.commit("one")
        git(self.path, "tag", "light")
        git(self.path, "tag", "-a", "v1", "-m", "v1")
        git(self.path, "checkout", "-q", "-b", "side")
        self.side = self.commit("side")
        git(self.path, "checkout", "-q", "main")
        self.middle = self.commit("two")
        self.last = self.commit("three")

    def commit(self, text: str) -> str:
        sketch = self.path / "app" / "kws"
        sketch.mkdir(parents=True, exist_ok=True)
        (sketch / "kws.ino").write_text(f"// {text}\n")
        git(self.path, "add", "-A")
        git(self.path, "commit", "-qm", text)
        return git(self.path, "rev-parse", "HEAD")

    @property
    def url(self) -> str:
        return f"file://{self.path}"
