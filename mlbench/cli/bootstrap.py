"""From the machine's Python to the environment's: what ``entrypoint.py`` does before mlbench starts.

``entrypoint.py [ARGUMENTS]`` starts mlbench; ``entrypoint.py --dev COMMAND...`` runs a command with the
tools of tests and checks at hand, which is how the Makefile gets them. Either way this process becomes
the other one, so that signals and the exit status are its own. ``entrypoint.py --action STEP`` is a step of
``action.yml``: no installer sees its token, and a step that installs or builds has none.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from functools import partial
from pathlib import Path

from mlbench.errors import MLBenchError, UsageError
from mlbench.host import cache, native
from mlbench.host.cache_dir import BYTECODE, cache_area, home_path
from mlbench.host.environment import Locks, ensure_environment, python_of
from mlbench.host.packages import missing
from mlbench.host.policy import Policy
from mlbench.host.streams import guard_streams

ROOT = Path(__file__).resolve().parents[2]
_INTERRUPTED = 130
_WITH_TOKEN = (["plan"], ["report"])
"""Steps of the action that need a token, once everything is installed."""
_NEVER_BUILD = frozenset(
    ("boards", "cache", "comment", "compare", "doctor", "elf", "init", "monitor", "report")
)


def say(text: str) -> None:
    """Print one line of progress."""
    sys.stderr.write(f"mlbench: {text}\n")
    sys.stderr.flush()


def main(arguments: Sequence[str]) -> int:
    """Make what is missing and become mlbench; returns an exit status only when that fails."""
    guard_streams()
    dev = list(arguments[:1]) == ["--dev"]
    if list(arguments[:1]) == ["--action"]:
        return _action(list(arguments[1:]))
    try:
        if list(arguments) == ["uninstall"]:
            cache.uninstall(say)  # nothing is to be made first, only to be removed
            return 0
        policy = Policy.read([] if dev else arguments)
        later = partial(missing, builds=_builds(arguments), tests=dev)
        environment = ensure_environment(Locks.of(ROOT, dev=dev), policy, say, later)
        native.build(environment, say)
        if dev:
            _become_command(environment, list(arguments[1:]))
        else:
            _become_mlbench(environment, arguments)
    except MLBenchError as error:
        sys.stderr.write(f"mlbench: {error}\n")
        return error.exit_status
    except KeyboardInterrupt:
        sys.stderr.write("mlbench: interrupted\n")
        return _INTERRUPTED
    return 0


def _action(words: list[str]) -> int:
    """A step of the action: what goes wrong becomes an annotation too."""
    from mlbench.action.commands import Commands
    from mlbench.action.prepare import prepare
    from mlbench.action.scrub import hold

    held = hold(os.environ)
    try:
        if words == ["prepare"]:
            prepare(os.environ)
            return 0
        environment = _environment_of_step(words, Policy.read(words))
        if words in _WITH_TOKEN:
            os.environ.update(held)
        _become_mlbench(environment, ["--action", *words])
    except MLBenchError as error:
        Commands(sys.stdout).annotate("error", str(error), title="mlbench")
        return error.exit_status
    except KeyboardInterrupt:
        return _INTERRUPTED
    return 0


def _environment_of_step(words: list[str], policy: Policy) -> Path:
    """The environment that a step runs in; in a job that only reports, one made for that job.

    A kept one may hold what a build of another job has written into it, and this step has a token.
    """
    from mlbench.action.state import ActionFolder

    if words == ["report"] and (own := ActionFolder.of(os.environ).home).is_dir():
        os.environ["MLBENCH_HOME"] = str(own)
        return ensure_environment(Locks.of(ROOT), policy, say)  # nothing is emulated: no block hook is built
    later = partial(missing, builds=words[:1] == ["measure"])
    environment = ensure_environment(Locks.of(ROOT), policy, say, later)
    native.build(environment, say)
    return environment


def _builds(arguments: Sequence[str]) -> bool:
    """Whether a start builds sketches, as far as its first word tells."""
    verb = next((word for word in arguments if not word.startswith("-")), "run")
    return verb not in _NEVER_BUILD


def _become_mlbench(environment: Path, arguments: Sequence[str]) -> None:
    python = str(python_of(environment))
    # -E: modules that PYTHONPATH brings in are made for another Python as often as not.
    command = [python, "-E"]
    if not os.access(ROOT / "mlbench", os.W_OK):
        command += ["-X", f"pycache_prefix={_bytecode_folder(environment)}"]
    command += [str(ROOT / "mlbench" / "cli" / "start.py"), *arguments]
    sys.stdout.flush()
    os.execv(python, command)  # noqa: S606 (no shell is wanted)


def _become_command(environment: Path, command: list[str]) -> None:
    if not command:
        raise UsageError("--dev needs a command", do="for example: entrypoint.py --dev python -m pytest")
    os.environ["PATH"] = f"{environment / 'bin'}{os.pathsep}{os.environ.get('PATH', os.defpath)}"
    os.environ["VIRTUAL_ENV"] = str(environment)
    os.environ.pop("PYTHONHOME", None)
    try:
        os.execvp(command[0], command)  # noqa: S606 (no shell is wanted)
    except OSError as error:
        raise UsageError(f"cannot run {command[0]} ({error.strerror})") from error


def _bytecode_folder(environment: Path) -> Path:
    if os.access(environment, os.W_OK):
        return cache_area(BYTECODE)
    return home_path() / BYTECODE
