"""A backend that a contributor might add: the emulated board, under another name."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from mlbench.boards import Board
from mlbench.core.execution import Functions, Instrument
from mlbench.core.firmware import Firmware
from mlbench.core.inputs import NO_INPUTS, Inputs
from mlbench.targets.emulator.target import EmulatorSession, EmulatorTarget
from mlbench.testing.device import Device


class MadeUpTarget:
    def __init__(self, board: Board) -> None:
        self._emulator = EmulatorTarget(board)

    @property
    def instrument(self) -> Instrument:
        return replace(self._emulator.instrument, backend="made-up", cost_table="")

    def open(self, firmware: Firmware, functions: Functions, inputs: Inputs = NO_INPUTS) -> EmulatorSession:
        return self._emulator.open(firmware, functions, inputs)


def make_device(firmware: Any, *, board: str, **options: Any) -> Device:
    return Device(firmware, **options)
