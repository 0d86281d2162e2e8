"""The costs of single instructions, as a sketch counts them by DWT on the emulated board."""

from __future__ import annotations

from pathlib import Path

import pytest

from mlbench.board_check import costs
from mlbench.devtools.costs import BOARD, emulate, main
from mlbench.errors import UsageError

EVERY = costs.benches()


def test_the_sketch_counts_what_the_table_says(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    log = tmp_path / "board.txt"
    assert main(["--sketch", str(tmp_path)]) == 0
    text = emulate(tmp_path / "costs", BOARD)
    cycles = costs.costs_of(text, EVERY)
    expected = {
        "add wide": 1, "divide 0xFFFFFFFF by 1": 12, "load and use": 3, "load from flash, same word": 4,
        "load from flash, other line": 14, "branch forward": 2, "branch not taken": 2,
        "condition that holds": 3,
        "divide on a condition that does not hold": 2, "call and return": 4, "store by two registers": 2,
    }  # fmt: skip
    assert {name: cycles[name] for name in expected} == expected
    # Lines of sixteen bytes arrive every eight cycles at most.
    assert cycles["straight code of 4 KB, wide"] == pytest.approx(2, abs=0.02)
    log.write_text(f"noise before\n{text}", encoding="utf-8")
    capsys.readouterr()
    assert main(["--log", str(log)]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == len(EVERY) + 1
    assert all(line.endswith("+0.00") for line in lines[1:]), "the log is the emulated board's own"


def test_a_log_that_is_not_whole_is_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(UsageError, match="no cycles of add narrow, and"):
        costs.costs_of("cost 0 600 1200\n", EVERY)
    with pytest.raises(UsageError, match="no cycle counter"):
        costs.costs_of("this core has no cycle counter (DWT.CYCCNT)\n", EVERY)
    assert main(["--log", str(tmp_path / "none")]) == 2
    assert "No such file" in capsys.readouterr().err
