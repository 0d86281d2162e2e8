"""Model projects by git URL and ref: fetched shallow, once for each commit, without credentials in sight."""

from __future__ import annotations

import hashlib
import os
import re
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

from mlbench.build.process import Finished, run
from mlbench.errors import EnvironmentFault, UsageError
from mlbench.progress import Progress
from mlbench.schema import nearest
from mlbench.setup.home import locked, remove_tree
from mlbench.suite import Source

DEADLINE_SECONDS = 900.0
"""Host time for one git command. A model project with its submodules can be some hundred megabytes."""

_ASK_SECONDS = 60.0
_PROTOCOLS = ("https", "ssh", "git", "file")
_FULL_COMMIT = re.compile(r"[0-9a-f]{40}|[0-9a-f]{64}")
_SHORT_COMMIT = re.compile(r"[0-9a-f]{4,63}")
_USERINFO = re.compile(r"(?<=://)[^/\s]*@")
_DONE = "mlbench-complete"
_KEPT = (
    "PATH",
    "HOME",
    "USER",
    "LOGNAME",
    "TMPDIR",
    "XDG_CONFIG_HOME",
    "SSH_AUTH_SOCK",
    "GIT_SSH_COMMAND",
    "GIT_SSH",
)
_KEPT_PREFIXES = ("SSL_CERT_", "GIT_SSL_", "GIT_PROXY_")
_PROXIES = ("http_proxy", "https_proxy", "all_proxy", "no_proxy")


@dataclass(frozen=True)
class Checkout:
    """A commit's files on disk, complete, not to be written to."""

    root: Path
    commit: str
    url: str
    """Without user name and password."""


@dataclass(frozen=True)
class _Remote:
    """A repository's address: ``url`` can be shown and stored, ``secret`` is the same with its userinfo."""

    url: str
    secret: str
    local: bool


def without_userinfo(text: str) -> str:
    """``text`` with user name, password or token cut out of every URL in it."""
    return _USERINFO.sub("", text)


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
    remote = _remote(source.url, where)
    if source.ref.startswith("-") or re.search(r"[\s\x00-\x1f\x7f~^:?*\[\\]|\.\.|@\{", source.ref):
        raise UsageError(
            f"{source.ref!r} is no ref of git", where=where, do="give a branch, a tag or a commit"
        )
    folder = cache / f"{_slug(remote.url)}-{hashlib.sha256(remote.url.encode()).hexdigest()[:12]}"
    folder.mkdir(parents=True, exist_ok=True)
    git = _Git(remote, os.environ if environ is None else environ, folder, where, seconds)
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


def _remote(url: str, where: str) -> _Remote:
    do = f"give an address that begins with {', '.join(f'{name}://' for name in _PROTOCOLS)} or a folder"
    scp = re.fullmatch(r"(?:[\w.-]+@)?[\w.-]+:[^:]+", url)
    if url.startswith("-") or re.search(r"[\s\x00-\x1f\x7f]", url) or re.match(r"[\w+.-]+::", url):
        raise UsageError(f"{without_userinfo(url)!r} is no address of a git repository", where=where, do=do)
    if "://" not in url:
        if scp and not Path(url).exists():
            return _Remote(url, url, False)
        path = str(Path(url).expanduser().resolve())
        return _Remote(path, path, True)
    parts = urlsplit(url)
    if parts.scheme.lower() not in _PROTOCOLS:
        raise UsageError(f"git by {parts.scheme}:// is not allowed", where=where, do=do)
    if parts.scheme.lower() == "ssh":  # the user name of ssh is no secret, and needed
        user = (parts.username or "") + "@" if parts.username else ""
        netloc = user + parts.netloc.rpartition("@")[2]
    else:
        netloc = parts.netloc.rpartition("@")[2]
    clean = urlunsplit((parts.scheme, netloc, parts.path, "", ""))
    return _Remote(
        clean, urlunsplit((parts.scheme, parts.netloc, parts.path, "", "")), parts.scheme == "file"
    )


class _Git:
    """Runs git for one remote: no questions, few protocols, no secrets on its command line."""

    def __init__(
        self, remote: _Remote, environ: Mapping[str, str], cwd: Path, where: str, seconds: float
    ) -> None:
        self.remote = remote
        self._cwd = cwd
        self.where = where
        self._seconds = seconds
        self._environment = _environment(remote, environ)
        self._program = shutil.which("git", path=environ.get("PATH", os.defpath))

    def __call__(self, *arguments: str, cwd: Path | None = None, seconds: float | None = None) -> Finished:
        if self._program is None:
            raise EnvironmentFault("git is not installed", where=self.where, do="install git")
        argv = (
            self._program,
            "-c",
            "core.hooksPath=/dev/null",
            "-c",
            "advice.detachedHead=false",
            *arguments,
        )
        limit = min(seconds or self._seconds, self._seconds)
        return run(argv, cwd=cwd or self._cwd, environment=self._environment, seconds=limit)

    def checked(self, *arguments: str, cwd: Path | None = None) -> str:
        """Run, and raise EnvironmentFault when git fails."""
        done = self(*arguments, cwd=cwd)
        if done.status:
            raise self.fault(done)
        return done.stdout

    def fault(self, done: Finished) -> EnvironmentFault:
        """What git said, in one line."""
        lines = [line.strip() for line in without_userinfo(done.stderr).splitlines() if line.strip()]
        said = [
            line for line in lines if line.startswith(("fatal:", "error:", "remote: ERROR", "ssh:"))
        ] or lines[-1:]
        reason = said[0] if said else f"git ended with {done.status}"
        what = f"{self.remote.url} is out of reach ({reason})"
        do = "check the address, the network and your access"
        if "terminal prompts disabled" in reason or "Authentication failed" in reason:
            do = "it does not exist or is private: check the address, or give git credentials for it"
        return EnvironmentFault(what, where=self.where, do=do)


def _environment(remote: _Remote, environ: Mapping[str, str]) -> dict[str, str]:
    kept = {
        name: value
        for name, value in environ.items()
        if name in _KEPT or name.startswith(_KEPT_PREFIXES) or name.lower() in _PROXIES
    }
    kept |= {
        "LC_ALL": "C",
        "GIT_TERMINAL_PROMPT": "0",
        "GIT_ASKPASS": "",
        "SSH_ASKPASS": "",
        "GCM_INTERACTIVE": "never",
        # A submodule must not reach this machine's own repositories unless the project lies here too.
        "GIT_ALLOW_PROTOCOL": ":".join(name for name in _PROTOCOLS if name != "file" or remote.local),
    }
    kept.setdefault("GIT_SSH_COMMAND", "ssh -o BatchMode=yes -o ConnectTimeout=30")
    if remote.secret != remote.url:
        # By the environment: neither the process list nor the checkout's configuration shows it.
        host, secret_host = (
            urlunsplit((*urlsplit(text)[:2], "/", "", "")) for text in (remote.url, remote.secret)
        )
        kept |= {
            "GIT_CONFIG_COUNT": "1",
            "GIT_CONFIG_KEY_0": f"url.{secret_host}.insteadOf",
            "GIT_CONFIG_VALUE_0": host,
        }
    return kept


def _listed_commit(git: _Git, remote: _Remote, ref: str, where: str) -> str:
    """The commit that the remote lists under ``ref``; empty when it may be one it does not list."""
    if _FULL_COMMIT.fullmatch(ref):
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


def _fetch(git: _Git, target: Path, commit: str, source: Source) -> None:
    remove_tree(target)
    _init(git, target)
    done = git("fetch", "--quiet", "--depth", "1", "--no-tags", "origin", commit, cwd=target)
    if done.status:
        # Servers may refuse a commit that is no tip of a branch; then only the whole history helps.
        _fetch_all(git, target)
        if git("cat-file", "-e", f"{commit}^{{commit}}", cwd=target).status:
            raise _no_commit(git, source.ref or commit)
    _populate(git, target, commit, source)


def _search(git: _Git, folder: Path, source: Source, where: str) -> str:
    """Fetch everything, and make the checkout of the commit whose abbreviation ``source.ref`` is."""
    whole = folder / "whole"
    remove_tree(whole)
    try:
        _init(git, whole)
        _fetch_all(git, whole)
        done = git("rev-parse", "--quiet", "--verify", f"{source.ref}^{{commit}}", cwd=whole)
        commit = done.stdout.strip()
        if done.status or not _FULL_COMMIT.fullmatch(commit):
            raise _no_commit(git, source.ref, where)
        target = folder / _name(commit, source)
        if not (target / ".git" / _DONE).is_file():
            remove_tree(target)
            whole.rename(target)
            _populate(git, target, commit, source)
        return commit
    finally:
        remove_tree(whole)


def _init(git: _Git, target: Path) -> None:
    git.checked("init", "--quiet", "--", str(target))
    git.checked("remote", "add", "origin", git.remote.url, cwd=target)  # relative submodules need it


def _fetch_all(git: _Git, target: Path) -> None:
    git.checked("fetch", "--quiet", "--tags", "origin", "+refs/heads/*:refs/remotes/origin/*", cwd=target)


def _populate(git: _Git, target: Path, commit: str, source: Source) -> None:
    git.checked("checkout", "--quiet", "--force", "--detach", commit, "--", cwd=target)
    if source.submodules and (target / ".gitmodules").is_file():
        update = ("submodule", "--quiet", "update", "--init", "--recursive")
        if git(*update, "--depth", "1", cwd=target).status:
            git.checked(*update, cwd=target)
    (target / ".git" / _DONE).write_text(f"{commit}\n")


def _no_commit(git: _Git, ref: str, where: str = "") -> UsageError:
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


def _known(remote: _Remote, source: Source, folder: Path, where: str) -> Checkout:
    note = folder / "refs" / hashlib.sha256(source.ref.encode()).hexdigest()[:32]
    full = _FULL_COMMIT.fullmatch(source.ref)
    commit = source.ref if full else note.read_text().strip() if note.is_file() else ""
    target = folder / _name(commit, source)
    if not commit or not (target / ".git" / _DONE).is_file():
        what = f"{remote.url} at {source.ref or 'its default branch'} was not fetched before"
        raise EnvironmentFault(what, where=where, do="run once without --offline")
    return Checkout(target, commit, remote.url)
