"""A board held against the emulator: on a simulated one all agrees; what differs is told."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest
from simulated_boards import boards_in, defined_for

from mlbench.board_check import check, costs
from mlbench.board_check.findings import BoardCheck, BoardPoint, LoopCost, to_json, to_text
from mlbench.boards import load_boards
from mlbench.boards.catalog import VARIABLE
from mlbench.cli.main import main

FQBN = "mlbench:nrf52840:nano33ble"
FOUND = BoardCheck(
    "nano33ble", FQBN, "2341:805a", "2026-11-29", "1.0", {"compiler": "gcc"}, 61.5,
    (
        BoardPoint("flash", 8_936.0, 8_936.0, True, "bytes"),
        BoardPoint("clock", None, 64.0, None, "MHz", "no counter"),
    ),
    (LoopCost("add", 1.2, 1.0), LoopCost("divide", 12.6, 12.0)),
)  # fmt: skip


@pytest.mark.slow
def test_a_simulated_board_agrees_in_all_points(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv(VARIABLE, str(defined_for(tmp_path)))
    # All loops are counted by test_costs.py.
    few = costs.benches()[:12]
    monkeypatch.setattr(costs, "benches", lambda: few)
    out = tmp_path / "found.json"
    with boards_in(tmp_path) as start:
        board = start("--fast")
        board.wait_for(board.link.exists)
        status = main(["board-check", "--board", FQBN, "--port", str(board.link), "--json", str(out)])
        assert len(board.events("uploaded")) == 3
    text, people = capsys.readouterr()
    assert status == 0, f"{text}\n{people}"
    found = json.loads(out.read_text())
    assert found["agrees"]
    points = {point["name"]: point for point in found["checks"]}
    assert list(points) == [
        "upload and records", "watchdog", "flash", "unused RAM", "initialization", "inference", "clock",
    ]  # fmt: skip
    assert all(point["agrees"] for point in points.values()), "none was passed over"
    assert "the watchdog ended it" in points["watchdog"]["note"]
    assert points["unused RAM"]["board"] > 200_000
    assert points["clock"]["board"] == pytest.approx(64, rel=0.001)
    assert len(found["costs"]) == 12
    assert str(tmp_path) not in out.read_text()
    assert f"costs: {len(found['costs'])} of {len(found['costs'])} as emulated" in text


def test_what_differs_is_shown() -> None:
    assert FOUND.agrees, "0.2 of a cycle, and 5 %, are not told apart; what was not checked does not count"
    off = replace(FOUND, costs=(*FOUND.costs, LoopCost("load", 5.0, 4.0), LoopCost("loop", 32.0, 30.0)))
    assert not off.agrees
    assert to_text(off).splitlines() == [
        "              board  emulated",
        "flash, bytes  8,936     8,936  ok",
        "clock, MHz        -        64  not checked: no counter",
        "loop, cycles  32.00     30.00  differs",
        "load, cycles   5.00      4.00  differs",
        "costs: 2 of 4 as emulated",
    ]
    assert [cost["agrees"] for cost in json.loads(to_json(off))["costs"]] == [True, True, False, False]
    assert not replace(FOUND, checks=(replace(FOUND.checks[0], agrees=False),)).agrees


@pytest.mark.parametrize(
    ("board", "line"),
    [("uno", "board uno has no emulator to be held against"), ("spresence", "is not known")],
)
def test_a_board_that_cannot_be_checked_is_one_line(
    board: str, line: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["board-check", "--board", board, "--port", "/dev/null"]) == 2
    assert line in capsys.readouterr().err


def test_a_core_without_a_counter_or_with_another_clock_is_told() -> None:
    nano = next(board for board in load_boards() if board.id == "nano33ble")
    silent = check.clock_of("this core has no cycle counter (DWT.CYCCNT)\n", nano)
    assert silent.agrees is None
    assert "DWT.CYCCNT" in silent.note
    slow = check.clock_of("clock 4800000 100000\n", nano)
    assert (slow.board, slow.emulated, slow.agrees) == (48.0, 64.0, False)
    assert check.clock_of("clock 6400640 100010\n", nano).agrees
