"""Whole runs of mlbench on simulated boards: as processes, two at once, and killed."""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from simulated_boards import boards_in

ROOT = Path(__file__).parents[2]


def start(project: Path, port: Path, out: Path, *options: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "mlbench", "run", "--port", str(port), "--json", str(out), *options],
        cwd=project,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def measures(out: Path) -> dict[str, object]:
    (result,) = json.loads(out.read_text())["results"]
    assert result["failure"] is None, result["failure"]
    assert result["instrument"]["backend"] == "board"
    return result["measures"]


def emulated(project: Path, out: Path) -> dict[str, object]:
    command = [sys.executable, "-m", "mlbench", "run", "--backend", "emulator", "--json", str(out)]
    subprocess.run(command, cwd=project, check=True, capture_output=True, timeout=120)
    (result,) = json.loads(out.read_text())["results"]
    return result["measures"]


def children_of(pid: int) -> list[int]:
    found = []
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = stat.read_text().rpartition(")")[2].split()
        except OSError:
            continue
        if int(fields[1]) == pid:
            found.append(int(stat.parent.name))
    return found


@pytest.mark.slow
def test_two_runs_at_once_on_two_boards(project: Path, tmp_path: Path) -> None:
    base = emulated(project, tmp_path / "emulated.json")
    folders = [tmp_path / name for name in ("one", "two")]
    for folder in folders:
        folder.mkdir()
    with boards_in(folders[0]) as first, boards_in(folders[1]) as second:
        boards = [first("--fast"), second("--fast")]
        for board in boards:
            board.wait_for(board.link.exists)
        runs = [start(project, b.link, f / "out.json") for b, f in zip(boards, folders, strict=True)]
        for run, folder in zip(runs, folders, strict=True):
            _, said = run.communicate(timeout=180)
            assert run.returncode == 0, said
            mine = measures(folder / "out.json")
            assert mine["flash"]["bytes"] == base["flash"]["bytes"]
            assert mine["unused_ram"]["bytes"] == base["unused_ram"]["bytes"]
            us = mine["inference_time"]["median_us"]
            assert us == pytest.approx(base["inference_time"]["median_us"], rel=0.02, abs=3)


@pytest.mark.slow
def test_two_runs_at_once_on_one_board_wait_for_each_other(project: Path, tmp_path: Path, simulated) -> None:
    board = simulated("--fast")
    board.wait_for(board.link.exists)
    runs = [start(project, board.link, tmp_path / f"{n}.json", "--ram-search", "none") for n in range(2)]
    said = [run.communicate(timeout=180)[1] for run in runs]
    assert [run.returncode for run in runs] == [0, 0], said
    assert any("waiting for a board" in text for text in said)
    assert measures(tmp_path / "0.json")["inference_time"]["median_us"] > 0
    assert measures(tmp_path / "1.json")["inference_time"]["median_us"] > 0


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(4))
def test_killed_at_a_random_moment_it_leaves_nothing(
    project: Path, tmp_path: Path, simulated, seed: int
) -> None:
    board = simulated("--fast")
    board.wait_for(board.link.exists)
    after = random.Random(seed).uniform(0.5, 5.0)
    print(f"seed {seed}: killed after {after:.2f} s")
    run = start(project, board.link, tmp_path / "out.json")
    time.sleep(after)
    mine = children_of(run.pid)
    run.send_signal(signal.SIGKILL)
    run.communicate(timeout=30)
    until = time.monotonic() + 10
    while any(Path(f"/proc/{pid}").exists() and os.getpgid(pid) for pid in mine if alive(pid)):
        assert time.monotonic() < until, [pid for pid in mine if alive(pid)]
        time.sleep(0.05)
    # The next run has the board at once, whatever state the last one has left it in.
    again = start(project, board.link, tmp_path / "again.json", "--ram-search", "none")
    _, said = again.communicate(timeout=180)
    assert again.returncode == 0, said
    assert "waiting for a board" not in said
    assert measures(tmp_path / "again.json")["inference_time"]["median_us"] > 0


def alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def test_no_board_is_one_line(project: Path, tmp_path: Path) -> None:
    run = start(project, tmp_path / "nowhere", tmp_path / "out.json")
    out, _ = run.communicate(timeout=120)
    assert run.returncode == 4
    assert "there is no port" in out
