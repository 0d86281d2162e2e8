"""`link_modes`: a job for each way to link a sketch that a loader starts."""

from __future__ import annotations

from pathlib import Path

import pytest

from mlbench.core.fqbn import starts_by_loader, with_option
from mlbench.errors import UsageError
from mlbench.suite.options import RunOptions
from mlbench.suite.selection import select

LOADED, OTHER = "arduino:zephyr:nano33ble", "mlbench:nrf52840:nano33ble"


def boards(folder: Path, keys: str, *chosen: str) -> list[str]:
    (folder / "small").mkdir()
    (folder / "small" / "small.ino").write_text("void setup() {}\nvoid loop() {}\n")
    (folder / "mlbench.yml").write_text(f"sketches:\n- {{path: small, {keys}}}\n")
    options = RunOptions(sketch=str(folder / "mlbench.yml"), boards=chosen)
    return [spec.board for spec in select(options).specs]


def test_each_mode_is_a_job(tmp_path: Path) -> None:
    listed = boards(tmp_path, f'board: ["{LOADED}:debug=true", "{OTHER}"], link_modes: [dynamic, static]')
    modes = [f"{LOADED}:debug=true,link_mode={mode}" for mode in ("dynamic", "static")]
    assert listed == [*modes, OTHER]


def test_a_board_of_the_command_line_is_linked_so_too(tmp_path: Path) -> None:
    assert boards(tmp_path, "link_modes: static", LOADED) == [f"{LOADED}:link_mode=static"]


def test_other_modes_are_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="link_modes"):
        boards(tmp_path, "link_modes: [fast]")


def test_options_of_board_names() -> None:
    assert with_option(LOADED, "link_mode", "static") == f"{LOADED}:link_mode=static"
    assert with_option(f"{LOADED}:link_mode=dynamic,a=b", "link_mode", "static") == (
        f"{LOADED}:a=b,link_mode=static"
    )
    assert starts_by_loader("arduino:zephyr_main:nano33ble")
    assert not starts_by_loader(OTHER)
    assert not starts_by_loader("zephyr")
