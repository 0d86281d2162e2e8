"""Model projects by git URL and ref: fetched shallow, once for each commit, without credentials in sight."""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from mlbench.errors import EnvironmentFault, UsageError
from mlbench.host.cache_dir import locked, remove_tree
from mlbench.suite.suite_file import Source
from mlbench.util.git import FULL_COMMIT, Git, Remote, remote_of
from mlbench.util.progress import Progress
from mlbench.util.schema import nearest

DEADLINE_SECONDS = 900.0
"""Host time for one git command. A model project with its submodules can be some hundred megabytes."""

_ASK_SECONDS = 60.0
_SHORT_COMMIT = re.compile(r"[0-9a-f]{4,63}")
_DONE = "mlbench-complete"


@dataclass(frozen=True)
class Checkout:
    """A commit's files on disk, complete, not to be written to."""

    root: Path
    commit: str
    url: str
    """Without user name and password."""


def checkout(
    source: Source,
    cache: Path,
    progress: Progress,
    *,
    where: str = "",
    offline: bool = False,
    environ: Mapping[str, str] | None = None,
    seconds: float = DEADLINE_SECONDS,
) -> Checkout:
    """The files of ``source.url`` at ``source.ref`` (default: the repository's own default branch).

    Args:
        source: what to fetch.
        cache: folder of all checkouts.
        progress: told when something is fetched.
        where: file and line that named the source, for messages.
        offline: use what was fetched earlier, or fail.
        environ: variables of this process; git gets a few of them.
        seconds: deadline of each git command.

    Raises:
        UsageError: the URL or the ref is not one that can be used, or the ref does not exist.
        EnvironmentFault: the repository is out of reach, git is missing or took too long.
    """
    remote = remote_of(source.url, where)
    if source.ref.startswith("-") or re.search(r"[\s\x00-\x1f\x7f~^:?*\[\\]|\.\.|@\{", source.ref):
        raise UsageError(
            f"{source.ref!r} is no ref of git", where=where, do="give a branch, a tag or a commit"
        )
    folder = cache / f"{_slug(remote.url)}-{hashlib.sha256(remote.url.encode()).hexdigest()[:12]}"
    folder.mkdir(parents=True, exist_ok=True)
    git = Git(remote, os.environ if environ is None else environ, folder, where, seconds)
    with locked(folder / "lock", progress.note, f"fetching {remote.url}"):
        if offline:
            return _known(remote, source, folder, where)
        commit = _listed_commit(git, remote, source.ref, where)
        if commit:
            target = folder / _name(commit, source)
            if not (target / ".git" / _DONE).is_file():
                with progress.step(f"fetching {remote.url} at {source.ref or commit[:12]}"):
                    _fetch(git, target, commit, source)
        else:
            with progress.step(f"fetching all of {remote.url} to find {source.ref}"):
                commit = _search(git, folder, source, where)
            target = folder / _name(commit, source)
        _remember(folder, source.ref, commit)
        return Checkout(target, commit, remote.url)


def _listed_commit(git: Git, remote: Remote, ref: str, where: str) -> str:
    """The commit that the remote lists under ``ref``; empty when it may be one it does not list."""
    if FULL_COMMIT.fullmatch(ref):
        return ref
    done = git("ls-remote", "--quiet", "--", remote.url, seconds=_ASK_SECONDS)
    if done.status:
        raise git.fault(done)
    refs: dict[str, str] = {}
    for line in done.stdout.splitlines():
        commit, _, name = line.partition("\t")
        refs[name] = commit
    if not ref and "HEAD" not in refs:
        what = f"{remote.url} has no default branch"
        raise UsageError(what, where=where, do="name a branch, a tag or a commit as ref")
    for name in (
        f"refs/tags/{ref}^{{}}",
        f"refs/tags/{ref}",
        f"refs/heads/{ref}",
        ref or "HEAD",
        f"{ref}^{{}}",
    ):
        if name in refs:
            return refs[name]
    if _SHORT_COMMIT.fullmatch(ref):
        tips = {commit for commit in refs.values() if commit.startswith(ref)}
        return tips.pop() if len(tips) == 1 else ""
    names = [re.sub(r"^refs/(heads|tags)/|\^\{\}$", "", name) for name in refs]
    close = nearest(ref, names)
    do = f"did you mean {close!r}?" if close else "give a branch, a tag or a commit that is there"
    raise UsageError(f"ref {ref!r} does not exist in {remote.url}", where=where, do=do)


def _fetch(git: Git, target: Path, commit: str, source: Source) -> None:
    remove_tree(target)
    _init(git, target)
    done = git("fetch", "--quiet", "--depth", "1", "--no-tags", "origin", commit, cwd=target)
    if done.status:
        # Servers may refuse a commit that is no tip of a branch; then only the whole history helps.
        _fetch_all(git, target)
        if git("cat-file", "-e", f"{commit}^{{commit}}", cwd=target).status:
            raise _no_commit(git, source.ref or commit)
    _populate(git, target, commit, source)


def _search(git: Git, folder: Path, source: Source, where: str) -> str:
    """Fetch everything, and make the checkout of the commit whose abbreviation ``source.ref`` is."""
    whole = folder / "whole"
    remove_tree(whole)
    try:
        _init(git, whole)
        _fetch_all(git, whole)
        done = git("rev-parse", "--quiet", "--verify", f"{source.ref}^{{commit}}", cwd=whole)
        commit = done.stdout.strip()
        if done.status or not FULL_COMMIT.fullmatch(commit):
            raise _no_commit(git, source.ref, where)
        target = folder / _name(commit, source)
        if not (target / ".git" / _DONE).is_file():
            remove_tree(target)
            whole.rename(target)
            _populate(git, target, commit, source)
        return commit
    finally:
        remove_tree(whole)


def _init(git: Git, target: Path) -> None:
    git.checked("init", "--quiet", "--", str(target))
    git.checked("remote", "add", "origin", git.remote.url, cwd=target)  # relative submodules need it


def _fetch_all(git: Git, target: Path) -> None:
    git.checked("fetch", "--quiet", "--tags", "origin", "+refs/heads/*:refs/remotes/origin/*", cwd=target)


def _populate(git: Git, target: Path, commit: str, source: Source) -> None:
    git.checked("checkout", "--quiet", "--force", "--detach", commit, "--", cwd=target)
    if source.submodules and (target / ".gitmodules").is_file():
        update = ("submodule", "--quiet", "update", "--init", "--recursive")
        if git(*update, "--depth", "1", cwd=target).status:
            git.checked(*update, cwd=target)
    (target / ".git" / _DONE).write_text(f"{commit}\n")


def _no_commit(git: Git, ref: str, where: str = "") -> UsageError:
    what = f"commit {ref!r} does not exist in {git.remote.url}, or is not the only one that begins so"
    return UsageError(what, where=where or git.where, do="give a branch, a tag or a commit that is there")


def _name(commit: str, source: Source) -> str:
    return commit if source.submodules else f"{commit}-bare"


def _slug(url: str) -> str:
    last = url.rstrip("/").rpartition("/")[2].removesuffix(".git")
    return re.sub(r"[^\w.-]", "_", last)[:40] or "project"


def _remember(folder: Path, ref: str, commit: str) -> None:
    refs = folder / "refs"
    refs.mkdir(exist_ok=True)
    (refs / hashlib.sha256(ref.encode()).hexdigest()[:32]).write_text(f"{commit}\n")


def _known(remote: Remote, source: Source, folder: Path, where: str) -> Checkout:
    note = folder / "refs" / hashlib.sha256(source.ref.encode()).hexdigest()[:32]
    full = FULL_COMMIT.fullmatch(source.ref)
    commit = source.ref if full else note.read_text().strip() if note.is_file() else ""
    target = folder / _name(commit, source)
    if not commit or not (target / ".git" / _DONE).is_file():
        what = f"{remote.url} at {source.ref or 'its default branch'} was not fetched before"
        raise EnvironmentFault(what, where=where, do="run once without --offline")
    return Checkout(target, commit, remote.url)
