"""The face towards GitHub Actions. ``action.yml`` runs its steps one by one, each in a process of its own."""

from __future__ import annotations

import sys
import traceback
from collections.abc import MutableMapping, Sequence

from mlbench.action.commands import Commands
from mlbench.errors import MLBenchError, UsageError

STEPS = ("setup", "plan", "measure", "report")
"""Steps of ``action.yml`` that run in our own environment, in their order. ``prepare`` comes before."""


def main(environ: MutableMapping[str, str], arguments: Sequence[str]) -> int:
    """Run one step; returns its exit status. What goes wrong becomes an annotation of one line."""
    from mlbench.util.interrupt import Interrupted, interruptible, leave

    commands = Commands(sys.stdout)
    try:
        with interruptible():
            return _step(environ, list(arguments), commands)
    except MLBenchError as error:
        commands.annotate("error", str(error), title="mlbench")
        return error.exit_status
    except Interrupted as interrupted:
        leave(interrupted.status)
    except Exception as error:
        what = f"internal error: {type(error).__name__}: {' '.join(str(error).split())}"
        with commands.stopped():
            sys.stdout.write(traceback.format_exc())
        commands.annotate("error", f"{what}; report it with this log", title="mlbench")
        return 4


def _step(environ: MutableMapping[str, str], arguments: list[str], commands: Commands) -> int:
    from mlbench.action.files import set_outputs
    from mlbench.action.scrub import TOKEN, scrub
    from mlbench.util.progress import make_progress

    if len(arguments) != 1 or arguments[0] not in STEPS:
        raise UsageError(
            f"--action needs one of: {', '.join(STEPS)}", do="start the action by its action.yml"
        )
    # Children inherit this process's environment: git, compilers, `prepare` commands.
    given = scrub(environ)
    commands.mask(given.get(TOKEN, ""))
    progress = make_progress(sys.stderr)
    if arguments[0] == "setup":
        from mlbench.action.set_up import set_up

        with commands.stopped():
            outputs = set_up(given, progress)
        set_outputs(given, outputs)
        return 0
    if arguments[0] == "plan":
        from mlbench.action.plan import plan

        with commands.stopped():  # what git and GitHub say is shown, and is no command either
            plan(given, progress)
        return 0
    if arguments[0] == "measure":
        from mlbench.action.measure import measure

        measure(given, progress, commands)
        return 0
    from mlbench.action.report import report

    return report(given, progress, commands)
