"""The verbs of the command line, a module each: its NAME, its HELP, its ``arguments`` and ``run``."""

from __future__ import annotations

from mlbench.cli.parser import Verb
from mlbench.cli.verbs import (
    board_check,
    boards,
    build,
    cache,
    comment,
    compare,
    doctor,
    elf,
    flash,
    history,
    init,
    monitor,
    renode,
    report,
    run,
    simulate_board,
    uninstall,
)

_MODULES = (
    *(run, build, flash, elf, monitor),
    *(compare, history, report, comment, init),
    *(boards, board_check, simulate_board, doctor, renode, cache, uninstall),
)
VERBS = tuple(Verb(module.NAME, module.HELP, module.arguments, module.run) for module in _MODULES)
"""In the order that ``--help`` shows them."""


def names() -> tuple[str, ...]:
    """Their names."""
    return tuple(verb.name for verb in VERBS)
