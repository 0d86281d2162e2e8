"""Puts the stand-in for arduino-cli in its place."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

from mlbench.firmware.toolchain import Toolchain


class Fake:
    """An arduino-cli that is none."""

    def __init__(self, folder: Path, tools: Toolchain) -> None:
        folder.mkdir()
        self.folder = folder
        self.program = folder / "arduino-cli"
        source = Path(__file__).with_name("fake_arduino_cli.py").read_text()
        self.program.write_text(f"#!{sys.executable} -S\n{source}")
        self.program.chmod(0o755)
        self.told = {
            "builder": str(tools.arduino_builder),
            "hardware": str(tools.builder_hardware),
            "network": "",
            "upload": "",
        }
        self.tell()

    def tell(self, **changes: str) -> None:
        self.told |= changes
        (self.folder / "fake.json").write_text(json.dumps(self.told))

    @property
    def calls(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in (self.folder / "calls.jsonl").read_text().splitlines()]
