"""Debian's packages: installed by root after saying so, by sudo after a yes, else only named."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from mlbench.errors import EnvironmentFault
from mlbench.host.cache_dir import APT_LOG, APT_RECORD, Say, home
from mlbench.host.policy import Policy

LISTS = Path("/var/lib/apt/lists")
"""Where apt keeps what it knows of packages; empty on a fresh container image."""

_OPTIONS = (
    "-y",
    "-q",
    "--no-install-recommends",
    "-o",
    "DPkg::Lock::Timeout=120",
    "-o",
    "Dpkg::Options::=--force-confold",
    "-o",
    "Acquire::Retries=2",
    "-o",
    "Acquire::http::Timeout=30",
)


def install(packages: Sequence[str], policy: Policy, say: Say, *, missing: Sequence[str]) -> None:
    """Install Debian packages, or say in one line what to install.

    Args:
        packages: their names.
        policy: what the user allows.
        say: gets a line before anything is changed.
        missing: what the user lacks, ``a sketch compiler`` say.

    Raises:
        EnvironmentFault: they cannot or may not be installed; the error's ``do`` names them.
    """
    command = " ".join(("apt-get install --no-install-recommends", *packages))
    tool = shutil.which("apt-get")
    *others, last = missing
    what = f"{', '.join(others)} and {last} are missing" if others else f"{last} is missing"
    if not tool:
        raise EnvironmentFault(what, do=f"install what Debian calls {' '.join(packages)}")
    root = os.geteuid() == 0
    by_hand = f"run `{command}`" if root or not shutil.which("sudo") else f"run `sudo {command}`"
    if policy.offline:
        raise EnvironmentFault(f"{what}, and --offline forbids the network", do=by_hand)
    if not policy.install:
        raise EnvironmentFault(f"{what}, and --no-install forbids to install it", do=by_hand)
    if policy.self_hosted:
        raise EnvironmentFault(
            f"{what}, and nothing is installed on a self-hosted runner unasked",
            do=f"{by_hand} there, or set `install: true`",
        )
    prefix = [] if root else _sudo(policy, what, by_hand)
    say(f"installing Debian packages{'' if root else ' with sudo'}: {' '.join(packages)}")
    new = [name for name in packages if not _installed(name)]
    _run_apt(
        [*prefix, "env", "DEBIAN_FRONTEND=noninteractive", "LC_ALL=C.UTF-8", tool], packages, what, by_hand
    )
    _record(new)


def recorded() -> tuple[str, ...]:
    """Packages that an earlier start installed; they stay when mlbench is uninstalled."""
    try:
        return tuple(dict.fromkeys((home() / APT_RECORD).read_text().split()))
    except OSError:
        return ()


def _sudo(policy: Policy, what: str, by_hand: str) -> list[str]:
    sudo = shutil.which("sudo")
    if not sudo:
        raise EnvironmentFault(f"{what}, and this is not root and has no sudo", do=f"as root, {by_hand}")
    terminal = sys.stdin is not None and sys.stdin.isatty() and sys.stderr.isatty()
    if policy.yes:
        # Without a terminal a password can never be given: sudo must fail instead of waiting for one.
        return [sudo] if terminal else [sudo, "-n"]
    if not terminal:
        raise EnvironmentFault(what, do=f"{by_hand}, or give --yes to let mlbench do it")
    sys.stderr.write(f"mlbench: {what}. {by_hand.removeprefix('run ')} now? [y/N] ")
    sys.stderr.flush()
    if sys.stdin.readline().strip().lower() not in {"y", "yes"}:
        raise EnvironmentFault(what, do=by_hand)
    return [sudo]


def _run_apt(apt: list[str], packages: Sequence[str], what: str, by_hand: str) -> None:
    def run(*arguments: str) -> tuple[int, str]:
        try:
            done = subprocess.run(
                [*apt, *arguments],
                stdin=None if apt[0].endswith("sudo") and "-n" not in apt else subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                check=False,
            )
        except OSError as error:
            raise EnvironmentFault(f"apt-get does not run ({error})", do=by_hand) from error
        text = done.stdout.decode("utf-8", "replace")
        with (home() / APT_LOG).open("a") as log:
            log.write(f"$ {' '.join(arguments)}\n{text}")
        return done.returncode, text

    fresh = not any(LISTS.glob("*_Packages*")) if LISTS.is_dir() else True
    if fresh:
        run("update", "-q")
    status, text = run("install", *_OPTIONS, *packages)
    if status and not fresh:
        # Old lists name versions that the mirror no longer has.
        run("update", "-q")
        status, text = run("install", *_OPTIONS, *packages)
    if status:
        errors = [line.strip() for line in text.splitlines() if line.startswith(("E:", "sudo:", "Err:"))]
        why = errors[-1] if errors else f"exit status {status}"
        raise EnvironmentFault(
            f"{what}, and apt-get could not install it ({why})", do=f"{by_hand} and see why"
        )


def _installed(package: str) -> bool:
    query = shutil.which("dpkg-query")
    if not query:
        return False
    done = subprocess.run(
        [query, "-W", "-f=${db:Status-Status}", package], capture_output=True, text=True, check=False
    )
    return done.stdout.strip() == "installed"


def _record(packages: Sequence[str]) -> None:
    known = dict.fromkeys((*recorded(), *packages))
    if known:
        (home() / APT_RECORD).write_text("".join(f"{name}\n" for name in known))
