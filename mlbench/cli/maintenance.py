"""The verbs that measure nothing: init, boards, doctor, renode, cache, uninstall. Each gives a status."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from mlbench.cli.output import say
from mlbench.errors import EnvironmentFault, UsageError
from mlbench.host.policy import Policy


def init(force: bool) -> int:
    """Write what the project that the current folder is in needs to be measured."""
    from mlbench.suite.starter import init as write

    for line in write(Path.cwd(), force=force):
        print(line)
    return 0


def boards() -> int:
    """List the boards."""
    from mlbench.boards import load_boards

    known = load_boards()
    for board in known:
        if board.file:  # for ours tests do this
            from mlbench.emulator.chips import check_chip

            check_chip(board)
    for board in known:
        print(f"{board.id}: {board.name}, {board.cpu} at {board.clock_hz / 1e6:g} MHz")
        if board.file:
            print(f"    described in {board.file}")
        print(f"    flash {board.flash.size:,} bytes, RAM {board.ram.size:,} bytes")
        for option in board.options:
            print(f"    {option.key}: {', '.join(value for value, _ in option.values)}")
        print(f"    backends: {', '.join(board.backends) or 'none: flash only'}")
        if board.serial is not None:
            usb = ", ".join(map(str, board.serial.usb)) or "named by its port"
            print(f"    serial: {usb}; reset by {board.reset.by}; upload by {board.upload.by}")
        for fqbn in board.fqbns:
            print(f"    {fqbn}")
    return 0


def doctor() -> int:
    """Look over this machine; status 4 when something that is needed is missing."""
    from mlbench.cli.doctor import checks

    found = checks()
    for check in found:
        mark = "ok" if check.ok else "missing" if check.needed else "without"
        print(f"{mark:8}{check.name}: {check.detail}")
        if check.do and not check.ok:
            print(f"        {check.do}")
    return 4 if any(check.needed and not check.ok for check in found) else 0


def install_renode(version: str, policy: Policy) -> int:
    """Fetch a release of Renode into mlbench's own folder.

    Raises:
        EnvironmentFault: it cannot be had, or may not be fetched.
    """
    from mlbench.renode.install import RELEASE, install

    if policy.offline or not policy.install:
        word = "--offline" if policy.offline else "--no-install"
        raise EnvironmentFault(f"Renode is not fetched: {word}", do="leave it out, or set MLBENCH_RENODE")
    print(install(version or RELEASE, say))
    return 0


def cache(action: str, rooms: Sequence[str]) -> int:
    """List or clean what is kept, in these rooms or in all.

    Raises:
        UsageError: there is no such room.
    """
    from mlbench.host.cache import clean, entries
    from mlbench.host.cache_dir import ROOMS, home_path
    from mlbench.util.schema import suggestion

    for name in rooms:
        if name not in ROOMS:
            raise UsageError(f"there is no room {name!r}", do=suggestion(name, ROOMS))
    if action == "clean":
        print(f"freed {_megabytes(clean(say, rooms))} of {home_path()}")
        return 0
    found = entries(rooms)
    print(f"{home_path()}: {_megabytes(sum(entry.bytes for entry in found))}")
    for name, meaning in ROOMS.items():
        here = [entry for entry in found if entry.room == name]
        if here:
            print(f"{name} ({meaning}): {_megabytes(sum(entry.bytes for entry in here))}")
        for entry in here:
            print(f"    {_megabytes(entry.bytes):>10}  {entry.name}{' (in use)' if entry.in_use else ''}")
    return 0


def uninstall() -> int:
    """Remove all that mlbench made here."""
    from mlbench.host.cache import uninstall as remove

    remove(say)
    return 0


def _megabytes(count: int) -> str:
    return f"{count / 1e6:,.1f} MB"
