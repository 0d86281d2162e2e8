"""The Python environment that holds the dependencies, made once for each lock file and Python.

It holds what others wrote; our own package runs from where it lies, so that an edited checkout needs
no new environment and a read-only one works. Environments cannot be moved: one is made in its final
place under a lock, and a marker, written last, says that it is whole. Without the marker it is made anew.
"""

from __future__ import annotations

import hashlib
import importlib.util
import json
import os
import shutil
import subprocess
import sys
import sysconfig
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from mlbench.errors import EnvironmentFault
from mlbench.host import apt
from mlbench.host.cache_dir import ENVIRONMENTS, Say, cache_area, home_path, locked, remove_tree, unwritable
from mlbench.host.packages import Missing
from mlbench.host.policy import Policy

MARKER = "mlbench-complete.json"
_FORMAT = b"1"
"""Raised when environments are made in another way."""

_OF_THE_USER = ("PIP_TARGET", "PIP_PREFIX", "PIP_ROOT", "PYTHONHOME", "PYTHONPATH", "__PYVENV_LAUNCHER__")
"""Settings that send an installation elsewhere than into the environment."""

_UNREACHABLE = (
    "NewConnectionError",
    "ConnectTimeoutError",
    "NameResolutionError",
    "Temporary failure in name resolution",
    "ProxyError",
)
"""Words by which pip tells, among its retries, that it is the network and not the package."""


@dataclass(frozen=True)
class Locks:
    """The lock files an environment is made from."""

    build: Path
    """What builds packages that have no wheel here; installed first."""
    packages: Path

    @classmethod
    def of(cls, root: Path, *, dev: bool = False) -> Locks:
        """Of a checkout; with ``dev`` those of its tests and checks as well."""
        folder = root / "requirements"
        return cls(folder / "build.txt", folder / ("dev.txt" if dev else "runtime.txt"))


def environment_path(locks: Locks) -> Path:
    """Where the environment for these locks and this Python is or would be.

    Raises:
        EnvironmentFault: a lock file is missing.
    """
    digest = hashlib.sha256(_FORMAT)
    try:
        for path in (locks.build, locks.packages):
            digest.update(path.read_bytes() + b"\0")
    except OSError as error:
        raise EnvironmentFault(
            f"cannot be read ({error.strerror})", where=str(error.filename), do="check out the project whole"
        ) from error
    tag = sys.implementation.cache_tag or sys.implementation.name
    for part in (sys.base_prefix, tag, sysconfig.get_platform()):
        digest.update(part.encode() + b"\0")
    return home_path() / ENVIRONMENTS / f"{tag}-{digest.hexdigest()[:16]}"


def python_of(environment: Path) -> Path:
    """The environment's interpreter."""
    return environment / "bin" / "python"


def is_complete(environment: Path) -> bool:
    """Whether it was made to the end, and its Python is still on the machine."""
    # exists() follows the link to the Python it was made with.
    return (environment / MARKER).is_file() and python_of(environment).exists()


def ensure_environment(
    locks: Locks, policy: Policy, say: Say, later: Callable[[], Missing] = Missing
) -> Path:
    """The environment for these locks, made if need be. Quick when it is there.

    Args:
        locks: what it is made from.
        policy: what the user allows.
        say: gets a line before anything is downloaded or installed.
        later: what this start will lack once the environment is there; named where nothing may be installed.

    Raises:
        EnvironmentFault: it cannot be made.
    """
    path = environment_path(locks)
    if is_complete(path):
        return path
    folder = cache_area(ENVIRONMENTS)
    with locked(folder / f"{path.name}.lock", say, "making the Python environment") as lock:
        if is_complete(path):
            return path
        remove_tree(path)
        _check_reachable(policy)
        _ensure_venv_module(policy, say, later)
        say(f"making the Python environment (once) in {path}")
        started = time.monotonic()
        try:
            _make(path, locks, policy, _Runner(folder / f"{path.name}.log", lock))
        except OSError as error:
            raise unwritable(path, error) from error
        say(f"the Python environment is ready ({time.monotonic() - started:.0f} s)")
    return path


def _make(path: Path, locks: Locks, policy: Policy, run: _Runner) -> None:
    make, pip = _tools_to_make(path)
    run(make, "the environment cannot be made")
    pip += ["install", "--require-hashes", "--progress-bar", "off"]
    wheelhouse = os.environ.get("MLBENCH_WHEELHOUSE", "")
    if wheelhouse:
        pip += ["--no-index", "--find-links", os.path.abspath(os.path.expanduser(wheelhouse))]  # noqa: PTH100, PTH111
    elif policy.offline:
        pip += ["--no-index"]
    what = "the packages cannot be installed"
    run([*pip, "-r", str(locks.build)], what)
    run([*pip, "--no-build-isolation", "-r", str(locks.packages)], what)
    marker = path / MARKER
    new_marker = marker.with_suffix(".new")
    facts = {
        "python": sys.version.split()[0],
        "base": sys.base_prefix,
        "lock": locks.packages.name,
        "made": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
    }
    new_marker.write_text(json.dumps(facts, indent=1) + "\n")
    new_marker.replace(marker)


class _Runner:
    """Runs what makes an environment; what it prints goes to a log, and becomes one line if it fails."""

    def __init__(self, log: Path, lock: int) -> None:
        self._log = log
        self._lock = lock
        self._environ = {name: value for name, value in os.environ.items() if name not in _OF_THE_USER}
        self._environ |= {"PIP_USER": "0", "PIP_DISABLE_PIP_VERSION_CHECK": "1", "PIP_NO_INPUT": "1"}
        log.write_bytes(b"")

    def __call__(self, command: Sequence[str], what: str) -> None:
        with self._log.open("ab") as output:
            try:
                done = subprocess.run(
                    command,
                    env=self._environ,
                    stdin=subprocess.DEVNULL,
                    stdout=output,
                    stderr=output,
                    # A pip that outlives this process must not meet the one of the next start.
                    pass_fds=(self._lock,),
                    check=False,
                )
            except OSError as error:
                raise EnvironmentFault(f"{what} ({error})", do=f"see {self._log}") from error
        if done.returncode:
            raise self._fault(what, done.returncode)

    def _fault(self, what: str, status: int) -> EnvironmentFault:
        text = self._log.read_text(errors="replace")
        if any(sign in text for sign in _UNREACHABLE):
            return EnvironmentFault(
                f"{what}: the package index cannot be reached",
                do="check the network and proxy settings, or set MLBENCH_WHEELHOUSE to a folder of wheels; "
                f"pip's words are in {self._log}",
            )
        lines = [line.strip() for line in text.splitlines() if line.strip()]
        errors = [line for line in lines if line.startswith(("ERROR:", "Error:", "OSError"))]
        why = errors[0] if errors else lines[-1] if lines else f"exit status {status}"
        return EnvironmentFault(f"{what}: {why.removeprefix('ERROR: ')}", do=f"see {self._log}")


def _check_reachable(policy: Policy) -> None:
    wheelhouse = os.environ.get("MLBENCH_WHEELHOUSE", "")
    if wheelhouse and not Path(wheelhouse).expanduser().is_dir():
        raise EnvironmentFault(
            "no such folder", where=f"MLBENCH_WHEELHOUSE={wheelhouse}", do="name a folder of wheels"
        )
    if policy.offline and not wheelhouse and not os.environ.get("PIP_FIND_LINKS"):
        raise EnvironmentFault(
            "the Python environment is not made yet, and --offline forbids the network",
            do="start without --offline, or set MLBENCH_WHEELHOUSE to a folder that holds the wheels",
        )


def _tools_to_make(path: Path) -> tuple[list[str], list[str]]:
    """Commands that make an environment, and that start pip for it.

    A pip that this Python has serves both: copying one into the environment takes longer than all else.
    """
    python, inside = [sys.executable, "-I"], str(python_of(path))
    if _own_pip():
        return [*python, "-m", "venv", "--without-pip", str(path)], [*python, "-m", "pip", "--python", inside]
    if importlib.util.find_spec("ensurepip"):
        return [*python, "-m", "venv", str(path)], [inside, "-I", "-m", "pip"]
    return [*(_virtualenv() or ["virtualenv"]), "--python", sys.executable, str(path)], [
        inside,
        "-I",
        "-m",
        "pip",
    ]


def _own_pip() -> bool:
    """Whether this Python has a pip that can work for another one: 22.3 or newer."""
    question = "import pip; print(pip.__version__)"
    done = subprocess.run(
        [sys.executable, "-I", "-c", question],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    numbers = done.stdout.strip().split(".")[:2]
    return (
        done.returncode == 0 and all(part.isdigit() for part in numbers) and [*map(int, numbers)] >= [22, 3]
    )


def _virtualenv() -> list[str] | None:
    if importlib.util.find_spec("virtualenv"):
        return [sys.executable, "-I", "-m", "virtualenv"]
    program = shutil.which("virtualenv")
    return [program] if program else None


def _ensure_venv_module(policy: Policy, say: Say, later: Callable[[], Missing]) -> None:
    """Debian cuts ``venv`` out of its python3: have it installed, or something that does the same."""
    if importlib.util.find_spec("ensurepip") or _own_pip() or _virtualenv():
        return
    version = f"{sys.version_info.major}.{sys.version_info.minor}"
    names, packages = [f"Python {version}'s venv module"], [f"python{version}-venv"]
    if not policy.install or policy.offline or policy.self_hosted:
        # Whoever has to install by hand does it once.
        others = later()
        names += others.names
        packages += others.packages
    apt.install(packages, policy, say, missing=names)
    importlib.invalidate_caches()
    if not importlib.util.find_spec("ensurepip"):
        raise EnvironmentFault(
            "this Python has no venv module", where=sys.executable, do="use another Python 3.10 or newer"
        )
