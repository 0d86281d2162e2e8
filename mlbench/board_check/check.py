"""Checks a board: measures two sketches there and on its emulator, then counts the costs of instructions."""

from __future__ import annotations

import shutil
import time
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timezone
from importlib.resources import as_file, files
from pathlib import Path

from mlbench.board_check import costs
from mlbench.board_check.findings import BoardCheck, BoardPoint, LoopCost
from mlbench.board_check.findings import costs as cost_pairs
from mlbench.boards import Board
from mlbench.core import backends, measures
from mlbench.core.firmware import BoardBuild, BuildRequest, Firmware
from mlbench.errors import EnvironmentFault, SketchError, UsageError
from mlbench.pipeline.run import Services, profile_all
from mlbench.pipeline.services import board_request, make_services
from mlbench.results.values import Absent, Result, Time
from mlbench.suite.suite_file import load_suite
from mlbench.targets.board.console import SerialConsole
from mlbench.targets.board.lease import BoardRequest
from mlbench.testing.device import Device
from mlbench.util.progress import Progress
from mlbench.util.scratch import ScratchFolder
from mlbench.util.settings import Settings
from mlbench.version import __version__

_HANG, _FIGURES = "hang", "figures"
_HUNG = "hung: "
"""What the reason of a run that the watchdog ended begins with (``targets/board/records.py``)."""
_SILENCE_SECONDS = 20.0
"""For one loop; a core of 64 MHz needs some milliseconds."""
_CLOCK_PERCENT = 2.0
"""By which a clock may differ: RC oscillators do by 1.5 % (nRF52840 PS 1.8, 5.4.3, HFINT)."""


def check_board(board: Board, fqbn: str, settings: Settings, progress: Progress) -> BoardCheck:
    """Check a board at a port.

    Args:
        board: its definition.
        fqbn: what sketches are compiled for.
        settings: among them the port; empty: the one that looks like the board.
        progress: told of each step.

    Raises:
        UsageError: the board has no port, or no emulator to be held against.
        EnvironmentFault: there is no such board, or it cannot be uploaded to.
        SketchError: a sketch of the check does not build.
    """
    request = board_request(board, fqbn, settings, progress, "mlbench board-check")
    if board.emulator is None:
        what = f"board {board.id} has no emulator to be held against"
        raise UsageError(what, do="name a board that has one: mlbench boards")
    begin = time.monotonic()
    services = make_services(settings, progress)
    with ScratchFolder("mlbench-board-check-") as folder:
        results = {
            backend: _measured(folder, fqbn, backend, services, progress)
            for backend in (backends.of_boards(), backends.default())
        }
        on_board, emulated = results.values()
        checks = [*_about_runs(on_board), *_about_figures(on_board[_FIGURES], emulated[_FIGURES])]
        port, clock, cost_rows = _costs(request, folder / costs.NAME, services, progress)
    build, instrument = on_board[_FIGURES].build, emulated[_FIGURES].instrument
    keys = {
        "compiler": build.compiler if build is not None else "",
        "platform": build.platform if build is not None else "",
        "cost table": instrument.cost_table if instrument is not None else "",
    }
    return BoardCheck(
        board.id,
        fqbn,
        port,
        datetime.now(timezone.utc).strftime("%Y-%m-%d"),
        __version__,
        keys,
        round(time.monotonic() - begin, 1),
        (*checks, clock),
        cost_rows,
    )


def _measured(
    folder: Path, fqbn: str, backend: str, services: Services, progress: Progress
) -> Mapping[str, Result]:
    """The two sketches, by name, one after the other.

    Raises:
        EnvironmentFault: there is no board, or no tool.
        SketchError: one does not build.
    """
    suite = _suite(folder)
    by_name = {}
    for spec in load_suite(suite).sketches:
        (result,) = profile_all([replace(spec, board=fqbn, backend=backend)], services, progress)
        failure = result.failure
        if failure is not None and failure.exit_status != SketchError.exit_status:
            raise EnvironmentFault(failure.message)
        if failure is not None and result.build is None:
            raise SketchError(failure.message)
        by_name[result.sketch] = result
    return by_name


def _suite(folder: Path) -> Path:
    """A copy of the sketches, since a compiler must not write among installed files."""
    place = folder / "sketches"
    if not place.is_dir():
        with as_file(files(__package__).joinpath("sketches")) as shipped:
            shutil.copytree(shipped, place)
    return place / "mlbench.yml"


def _about_runs(results: Mapping[str, Result]) -> Sequence[BoardPoint]:
    """Whether the board is uploaded to, answers by records, and comes back from what hangs."""
    hang, figures = results[_HANG], results[_FIGURES]
    answered = figures.failure is None
    failed = figures.failure.message if figures.failure is not None else ""
    took = next((note for note in figures.notes if "upload" in note), "")
    hung = hang.failure is not None and _HUNG in hang.failure.message
    return (
        BoardPoint("upload and records", None, None, answered, note=failed or took),
        BoardPoint(
            "watchdog", None, None, hung and answered, note=hang.failure.message if hang.failure else ""
        ),
    )


def _about_figures(on_board: Result, emulated: Result) -> Sequence[BoardPoint]:
    """The same measures of both."""
    checks = []
    for measure in (measures.FLASH, measures.UNUSED_RAM, measures.INIT_TIME, measures.INFERENCE_TIME):
        mine, its = on_board.measures.of(measure), emulated.measures.of(measure)
        row = measures.row(measure)
        if isinstance(mine, Time) and isinstance(its, Time):
            percent = its.basis.error_percent if its.basis is not None else 0
            step_us = 2 * (mine.resolution_us or 0)
            off = abs(mine.median_us - its.median_us)
            close = off <= max(percent / 100 * its.median_us, step_us)
            expected = f"±{percent} % is expected"
            checks.append(BoardPoint(row.name, mine.median_us, its.median_us, close, "us", expected))
            continue
        board_bytes, emulated_bytes = (
            None if isinstance(value, Absent) else value.amount for value in (mine, its)
        )
        reasons = [value.reason for value in (mine, its) if isinstance(value, Absent)]
        agrees = None if reasons else board_bytes == emulated_bytes
        checks.append(
            BoardPoint(
                row.name, board_bytes, emulated_bytes, agrees, "bytes", "; ".join(dict.fromkeys(reasons))
            )
        )
    return checks


def _costs(
    request: BoardRequest, sketch: Path, services: Services, progress: Progress
) -> tuple[str, BoardPoint, tuple[LoopCost, ...]]:
    """How the board shows itself, its clock, and what instructions cost there and on the emulator."""
    every = costs.benches()
    costs.write_sketch(sketch, every)
    firmware = services.build(BuildRequest(sketch, request.fqbn, board=BoardBuild()))
    text, port = _heard(request, firmware, every, progress)
    clock = clock_of(text, request.board)
    if clock.board is None:
        return port, clock, ()
    on_board = costs.costs_of(text, every)
    with progress.step("count the same costs on the emulator"):
        # The very image that was uploaded: where code lies is part of what it costs.
        emulated = costs.costs_of(
            Device(firmware, board=request.fqbn).run_until(costs.DONE, timeout="60 s"), every
        )
    return port, clock, tuple(cost_pairs(on_board, emulated))


def clock_of(text: str, board: Board) -> BoardPoint:
    """The clock of a board by what the sketch of costs printed there."""
    mhz, hertz = board.clock_hz / 1e6, costs.clock_hz(text)
    if hertz is None:
        return BoardPoint("clock", None, mhz, None, "MHz", costs.NO_COUNTER)
    close = abs(hertz / board.clock_hz - 1) * 100 <= _CLOCK_PERCENT
    note = "" if close else "another clock than the board's definition says: only cycles can be compared"
    return BoardPoint("clock", round(hertz / 1e6, 2), mhz, close, "MHz", note)


def _heard(
    request: BoardRequest, firmware: Firmware, every: tuple[costs.CostBench, ...], progress: Progress
) -> tuple[str, str]:
    """What the sketch of costs prints on the board, and how the board shows itself on USB."""
    image = firmware.board
    if image is None:
        raise SketchError("the sketch of costs does not fit the board", where=request.fqbn)
    lock, held = request()
    with lock, progress.step("count what instructions cost, on the board"):
        try:
            held.upload(image)
            text = _listen(held.console, every)
        finally:
            held.console.close()
    return text, str(lock.port.usb or "no USB identity")


def _listen(console: SerialConsole, every: tuple[costs.CostBench, ...]) -> str:
    """What the sketch of costs says, once all of it has come; it says it again and again."""
    deadline = console.times.clock() + _SILENCE_SECONDS
    while console.times.clock() < deadline:
        if console.listen(_SILENCE_SECONDS):
            deadline = console.times.clock() + _SILENCE_SECONDS
        text = console.reader.text().decode("utf-8", "replace")
        if costs.is_whole(text, every):
            return text
    what = "the sketch of costs sent no more" if console.heard else "the sketch of costs sent nothing"
    raise EnvironmentFault(what, where=console.port.device, do="look at cable and port, and try again")
