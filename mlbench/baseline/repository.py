"""The git repository that a project lies in, as far as a baseline needs it."""

from __future__ import annotations

import base64
import os
from collections.abc import Mapping
from pathlib import Path

from mlbench.errors import EnvironmentFault
from mlbench.util.git import FULL_COMMIT, Git, Remote, remote_of, without_userinfo
from mlbench.util.subprocesses import Finished

FETCH_SECONDS = 900.0
"""Host time for one fetch."""


class NoRepository(EnvironmentFault):
    """There is no git repository, or git cannot read it."""


class Repository:
    """Reads one repository, and fetches single commits into it.

    ``token`` reaches git by its environment for fetching alone, only for ``server_url``; it is in no
    argument list, in no file, and cut out of messages.

    Raises:
        NoRepository: ``folder`` is not in a git repository.
        EnvironmentFault: git is missing.
    """

    def __init__(
        self,
        folder: Path,
        *,
        token: str = "",
        server_url: str = "https://github.com",
        remote: str = "origin",
        environ: Mapping[str, str] | None = None,
    ) -> None:
        self._environ = os.environ if environ is None else environ
        self._secrets: tuple[str, ...] = ()
        # In a container the checkout often belongs to another user, and git refuses to read it. Whoever
        # measures a project runs its `prepare` commands, and so trusts it with more than its git settings.
        safe = (("safe.directory", "*"),)
        self._git = Git(Remote("", "", True), self._environ, folder, "", FETCH_SECONDS, config=safe)
        done = self._git("rev-parse", "--show-toplevel")
        if done.status:
            what = f"no git repository to take a baseline from ({_last_line(done.stderr)})"
            raise NoRepository(what, where=str(folder), do="run it in the project's checkout")
        self.root = Path(done.stdout.rstrip("\n"))
        self.remote = remote
        url = self.output("config", "--get", f"remote.{remote}.url")
        self._remote = remote_of(url, "") if url else None
        config = list(safe)
        if token:
            basic = base64.b64encode(f"x-access-token:{token}".encode()).decode()
            key = f"http.{server_url.rstrip('/')}/.extraheader"
            # The empty value drops the header that a checkout may have left: two are refused by servers.
            config += [(key, ""), (key, f"AUTHORIZATION: basic {basic}")]
            self._secrets = (token, basic)
        self._fetching = Git(
            self._remote or Remote("", "", True), self._environ, self.root, "", FETCH_SECONDS, config=config
        )

        # A clone that leaves contents out fetches them by itself, whatever git is asked.
        self.partial = self.output("config", "--get", f"remote.{remote}.promisor") == "true"
        if self.partial:
            self._git = self._fetching

    def run(self, *arguments: str, network: bool = False, cwd: Path | None = None) -> Finished:
        """Run git to its end, whatever its status; ``network``: with what fetching needs."""
        git = self._fetching if network else self._git
        return git(*arguments, cwd=cwd or self.root)

    def output(self, *arguments: str) -> str:
        """What git prints, without the line break at its end; empty where it fails."""
        done = self._git(*arguments)
        return "" if done.status else done.stdout.rstrip("\n")

    def said(self, done: Finished) -> str:
        """What git complained of, in one line without secrets."""
        text = _last_line(without_userinfo(done.stderr)) or f"git ended with {done.status}"
        for secret in self._secrets:
            text = text.replace(secret, "***")
        return text

    @property
    def head(self) -> str:
        """The commit that is checked out; empty where there is none yet."""
        return self.commit("HEAD")

    @property
    def has_remote(self) -> bool:
        """Whether there is somewhere to fetch from."""
        return self._remote is not None

    @property
    def shallow(self) -> bool:
        """Whether history was cut off when it was fetched."""
        return self.output("rev-parse", "--is-shallow-repository") == "true"

    def commit(self, name: str) -> str:
        """The full name of the commit that a name stands for; empty where there is none."""
        if name.startswith("-"):
            return ""
        sha = self.output("rev-parse", "--quiet", "--verify", f"{name}^{{commit}}")
        return sha if FULL_COMMIT.fullmatch(sha) else ""

    def has(self, commit: str) -> bool:
        """Whether a commit with its files is here."""
        done = self._git("rev-parse", "--quiet", "--verify", f"{commit}^{{tree}}")
        return bool(FULL_COMMIT.fullmatch(commit)) and not done.status

    def parents(self, commit: str) -> tuple[str, ...]:
        """The parents that the commit itself names: at the edge of a shallow clone log hides them."""
        lines = self.output("cat-file", "-p", commit).partition("\n\n")[0].splitlines()
        return tuple(line.split()[1] for line in lines if line.startswith("parent "))

    def merge_base(self, one: str, other: str) -> str:
        """The best common ancestor of what history is here; empty where there is none."""
        lines = self.output("merge-base", one, other).splitlines()
        return lines[0] if lines else ""

    def fetch(self, *commits: str, depth: int = 1) -> str:
        """Fetch commits by their full names. Returns why that failed; empty where it did not.

        A clone with its whole history stays one: ``depth`` is for shallow clones.
        """
        if not self.has_remote:
            return f"there is no remote {self.remote!r}"
        if not all(FULL_COMMIT.fullmatch(commit) for commit in commits):
            return "that is no full name of a commit"
        cut = [f"--depth={depth}"] if self.shallow else []
        done = self.run(
            *("fetch", "--quiet", "--no-tags", "--no-recurse-submodules", "--no-write-fetch-head"),
            *("--no-auto-maintenance", *cut, self.remote, *commits),
            network=True,
        )
        return self.said(done) if done.status else ""

    def obtain(self, commit: str) -> str:
        """Have a commit here. Returns why it cannot be had; empty where it can."""
        if self.has(commit):
            return ""
        return self.fetch(commit) or ("" if self.has(commit) else "it came without its files")

    def show(self, commit: str, path: str) -> str | None:
        """The text of a file at a commit; None where it is not there."""
        done = self._git("cat-file", "blob", f"{commit}:{path}")
        return None if done.status else done.stdout


def _last_line(text: str) -> str:
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    errors = [line for line in lines if line.startswith(("fatal:", "error:", "remote: ERROR"))]
    return (errors or lines[-1:] or [""])[0]
