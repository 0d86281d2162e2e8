"""simulate-board as a process of a test."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import yaml
from bare_image import ROOT

from mlbench.ports.finding import Port
from mlbench.ports.opening import Line, await_return, open_port, touch

PATIENCE = 30.0
LOADER = [
    "env",
    f"PYTHONPATH={ROOT}",
    sys.executable,
    "-m",
    "mlbench.simulated.bootloader",
    "{port}",
    "{elf}",
]
"""What uploads to them, as a board's ``upload: command``."""
COUNTER = r"""
#define UART 0x40002000
static u8 text[] = "tick 0\n";
int main(void) {
  REG(UART + 0x500) = 8; REG(UART + 0x524) = 0x01D7E000;
  for (;;) {
    REG(UART + 0x544) = (u32)text; REG(UART + 0x548) = 7; REG(UART + 0x120) = 0; REG(UART + 8) = 1;
    while (!REG(UART + 0x120)) ;
    text[5] = text[5] == '9' ? '0' : text[5] + 1;
    for (volatile u32 i = 0; i < 20000; i++) ;
  }
}
"""


class Simulated:
    """A running simulate-board."""

    def __init__(self, folder: Path, *arguments: str) -> None:
        self.link, self.log = folder / "port", folder / "log"
        command = [sys.executable, "-m", "mlbench", "simulate-board", "--link", str(self.link)]
        self.process = subprocess.Popen(
            [*command, "--log", str(self.log), *arguments],
            env={**os.environ, "PYTHONPATH": str(ROOT)},
            stderr=subprocess.PIPE,
            text=True,
        )
        self.port = Port(str(self.link))

    def events(self, name: str) -> list[str]:
        if not self.log.exists():
            return []
        lines = self.log.read_text().splitlines()
        return [event["detail"] for event in map(json.loads, lines) if event["event"] == name]

    def open(self, baud: int = 115200) -> Line:
        self.wait_for(lambda: self.events("port") and self.link.exists())
        return open_port(self.port, baud, lambda text: None)

    def wait_for(self, condition: Callable[[], object]) -> None:
        until = time.monotonic() + PATIENCE
        while not condition():
            assert self.process.poll() is None, self.process.stderr and self.process.stderr.read()
            assert time.monotonic() < until
            time.sleep(0.02)

    def to_bootloader(self) -> None:
        self.wait_for(self.link.exists)
        touch(self.port, lambda text: None)
        assert await_return(self.port, PATIENCE, list_all=tuple).went
        assert "as bootloader" in self.events("port")[-1]

    def end(self) -> str:
        self.process.send_signal(signal.SIGTERM)
        return self.process.communicate(timeout=PATIENCE)[1]


def defined_for(folder: Path, command: Sequence[str] = LOADER, name: str = "boards.yml") -> Path:
    """The Nano's definition with another way to upload, for ``MLBENCH_BOARDS``."""
    board = yaml.safe_load((ROOT / "mlbench" / "boards" / "nano33ble.yml").read_text())
    board["upload"] = {"by": "command", "command": list(command), "seconds": 60}
    place = folder / name
    place.write_text(yaml.safe_dump(board))
    return place


@contextmanager
def boards_in(folder: Path) -> Iterator[Callable[..., Simulated]]:
    """Starts boards, and takes them away in the end."""
    started: list[Simulated] = []

    def start(*arguments: str) -> Simulated:
        started.append(Simulated(folder, *arguments))
        return started[-1]

    try:
        yield start
    finally:
        for one in started:
            one.process.kill()
            one.process.communicate()
