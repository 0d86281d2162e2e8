"""Running git for one repository: no questions, few protocols, no secrets in sight."""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

from mlbench.errors import EnvironmentFault, UsageError
from mlbench.util.subprocesses import Finished, run

FULL_COMMIT = re.compile(r"[0-9a-f]{40}|[0-9a-f]{64}")
"""The whole name of a commit, SHA-1 or SHA-256, as git writes it."""

_PROTOCOLS = ("https", "ssh", "git", "file")
_USERINFO = re.compile(r"(?<=://)[^/\s]*@")
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


class OutOfReach(EnvironmentFault):
    """A repository cannot be had: asking again for the next sketch would only take as long again."""


@dataclass(frozen=True)
class Remote:
    """A repository's address: ``url`` can be shown and stored, ``secret`` is the same with its userinfo."""

    url: str
    secret: str
    local: bool


def without_userinfo(text: str) -> str:
    """``text`` with user name, password or token cut out of every URL in it."""
    return _USERINFO.sub("", text)


def remote_of(url: str, where: str) -> Remote:
    """What a URL, an scp-like address or a folder stands for. ``where`` is for messages.

    Raises:
        UsageError: git must not see it: another protocol, a helper's command, an option.
    """
    do = f"give an address that begins with {', '.join(f'{name}://' for name in _PROTOCOLS)} or a folder"
    scp = re.fullmatch(r"(?:[\w.-]+@)?[\w.-]+:[^:]+", url)
    if url.startswith("-") or re.search(r"[\s\x00-\x1f\x7f]", url) or re.match(r"[\w+.-]+::", url):
        raise UsageError(f"{without_userinfo(url)!r} is no address of a git repository", where=where, do=do)
    if "://" not in url:
        if scp and not Path(url).exists():
            return Remote(url, url, False)
        path = str(Path(url).expanduser().resolve())
        return Remote(path, path, True)
    try:
        parts = urlsplit(url)
    except ValueError as error:
        raise UsageError(f"{without_userinfo(url)!r} is no URL: {error}", where=where, do=do) from None
    if parts.scheme.lower() not in _PROTOCOLS:
        raise UsageError(f"git by {parts.scheme}:// is not allowed", where=where, do=do)
    if parts.scheme.lower() == "ssh":  # the user name of ssh is no secret, and needed
        user = (parts.username or "") + "@" if parts.username else ""
        netloc = user + parts.netloc.rpartition("@")[2]
    else:
        netloc = parts.netloc.rpartition("@")[2]
    clean = urlunsplit((parts.scheme, netloc, parts.path, "", ""))
    return Remote(clean, urlunsplit((parts.scheme, parts.netloc, parts.path, "", "")), parts.scheme == "file")


class Git:
    """Runs git for one remote: no questions, few protocols, no secrets on its command line.

    ``config`` are settings that git gets by its environment.
    """

    def __init__(
        self,
        remote: Remote,
        environ: Mapping[str, str],
        cwd: Path,
        where: str,
        seconds: float,
        *,
        config: Sequence[tuple[str, str]] = (),
    ) -> None:
        self.remote = remote
        self._cwd = cwd
        self.where = where
        self._seconds = seconds
        self._environment = _environment(remote, environ, config)
        self._program = shutil.which("git", path=environ.get("PATH", os.defpath))

    def __call__(self, *arguments: str, cwd: Path | None = None, seconds: float | None = None) -> Finished:
        """Run git to its end, whatever its status.

        Raises:
            EnvironmentFault: git is missing, or took too long.
        """
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

    def fault(self, done: Finished) -> OutOfReach:
        """What git said, in one line."""
        lines = [line.strip() for line in without_userinfo(done.stderr).splitlines() if line.strip()]
        errors = [
            line for line in lines if line.startswith(("fatal:", "error:", "remote: ERROR", "ssh:"))
        ] or lines[-1:]
        reason = errors[0] if errors else f"git ended with {done.status}"
        what = f"{self.remote.url} is out of reach ({reason})"
        do = "check the address, the network and your access"
        if "terminal prompts disabled" in reason or "Authentication failed" in reason:
            do = "it does not exist or is private: check the address, or give git credentials for it"
        return OutOfReach(what, where=self.where, do=do)


def _environment(
    remote: Remote, environ: Mapping[str, str], config: Sequence[tuple[str, str]] = ()
) -> dict[str, str]:
    environment = {
        name: value
        for name, value in environ.items()
        if name in _KEPT or name.startswith(_KEPT_PREFIXES) or name.lower() in _PROXIES
    }
    environment |= {
        "LC_ALL": "C",
        "GIT_TERMINAL_PROMPT": "0",
        "GIT_ASKPASS": "",
        "SSH_ASKPASS": "",
        "GCM_INTERACTIVE": "never",
        # A submodule must not reach this machine's own repositories unless the project lies here too.
        "GIT_ALLOW_PROTOCOL": ":".join(name for name in _PROTOCOLS if name != "file" or remote.local),
    }
    environment.setdefault("GIT_SSH_COMMAND", "ssh -o BatchMode=yes -o ConnectTimeout=30")
    if remote.secret != remote.url:
        host, secret_host = (
            urlunsplit((*urlsplit(text)[:2], "/", "", "")) for text in (remote.url, remote.secret)
        )
        config = (*config, (f"url.{secret_host}.insteadOf", host))
    # By the environment: neither the process list nor the checkout's configuration shows what is secret.
    for index, (key, value) in enumerate(config):
        environment |= {f"GIT_CONFIG_KEY_{index}": key, f"GIT_CONFIG_VALUE_{index}": value}
    return environment | ({"GIT_CONFIG_COUNT": str(len(config))} if config else {})
