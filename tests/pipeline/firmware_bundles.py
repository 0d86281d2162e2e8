"""Folders of firmware as a build writes them, without a compiler."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from mlbench.boards import board_for
from mlbench.core.execution import Functions, OutputBuffer
from mlbench.core.firmware import BoardImage, BuildKeys, Diagnostic, Firmware, Harness
from mlbench.pipeline.firmware_dir import FILE, write_entry
from mlbench.pipeline.run import BuildOutcome
from mlbench.results.values import Failure
from mlbench.suite.suite_file import SketchSpec, Source

SCRATCH = board_for("nano33ble").keeps.scratch
OWN_BOARD = "mlbench:nrf52840:nano33ble"
ODD = "models/\u202e[x](y) | <b> \x9b31m"


def outcome(place: Path, name: str, board: str = OWN_BOARD) -> BuildOutcome:
    """A sketch that was built; what its files hold is nobody's business here."""
    made = place / f"made-{len(list(place.glob('made-*')))}"
    upload = made / "upload"
    upload.mkdir(parents=True)
    for path in (made / "kws.elf", made / "kws-probe.elf", upload / "kws.ino.elf", upload / "kws.ino.bin"):
        path.write_bytes(f"{name} {path.name}".encode())
    spec = SketchSpec(
        name=name,
        sketch=Path("models") / "kws",
        board=board,
        source=Source(folder=place),
        backend="board",
        functions=Functions("init()", "infer(void*)", (OutputBuffer(1, 4),)),
        build_properties=("compiler.cpp.extra_flags=-DX",),
        ram_max=1000,
    )
    records = (0xFF000, 0x1000, 0x1000)
    harness = Harness("init()", "infer(void*)", ((1, 4),), records=records, scratch=SCRATCH)
    firmware = Firmware(
        "kws",
        place / "models" / "kws",
        made / "kws.elf",
        made / "kws-probe.elf",
        False,
        BuildKeys(board, "p:a@1", "gcc 12", "builder 1", ("Lib@1",)),
        diagnostics=(Diagnostic("warning", ODD, str(place / "models" / "kws" / "x.cpp"), 3, 4),),
        notes=("a note",),
        board=BoardImage(upload, upload / "kws.ino.elf", 12345, "", 16, harness),
    )
    return BuildOutcome(spec, None, firmware, None, 636)


def failed(name: str) -> BuildOutcome:
    spec = SketchSpec(name, Path(name), OWN_BOARD, Source(), backend="board")
    return BuildOutcome(spec, None, None, Failure(f"{ODD} was not declared", exit_status=3))


def written(place: Path, *outcomes: BuildOutcome) -> Path:
    folder = place / "firmware"
    folder.mkdir()
    for number, made in enumerate(outcomes, 1):
        write_entry(folder, number, made)
    return folder


def edit(entry: Path, change: Callable[[dict[str, Any]], Any]) -> None:
    """Change what an entry says; a change that returns something else takes its place."""
    data = json.loads((entry / FILE).read_text())
    found = change(data)
    (entry / FILE).write_text(json.dumps(data if found is None else found))
