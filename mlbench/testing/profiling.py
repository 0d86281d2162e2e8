"""The measures of one sketch as figures with units, for budgets in tests."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from mlbench.core import backends
from mlbench.core.execution import Functions, OutputBuffer
from mlbench.core.firmware import Firmware
from mlbench.core.measures import FLASH, INFERENCE_TIME, INIT_TIME, RAM_NEED, UNUSED_RAM, row
from mlbench.core.sketch_files import folder_of, is_tab
from mlbench.elf.called import called_function
from mlbench.errors import UsageError
from mlbench.results.values import Absent, Failure, Measures, Time
from mlbench.suite.selection import settled
from mlbench.suite.suite_file import DEFAULT_BOARD, SketchSpec, Source
from mlbench.testing.building import build, plain_spec, spec_of
from mlbench.testing.units import Quantity

if TYPE_CHECKING:
    from mlbench.measure.profile import Profile


@dataclass(frozen=True)
class ProfiledFunction:
    """What one function took of initialization or inference."""

    name: str
    cycles: int
    """In the function itself."""
    inclusive: int
    """With all that it called."""
    calls: int
    percent: float
    """``cycles``, of all cycles."""
    time: Quantity
    """``cycles`` as a time."""


@dataclass(frozen=True)
class Profiled:
    """What was measured. A measure that is absent says why when it is asked for."""

    measures: Measures
    sketch: str = ""
    failure: Failure | None = None
    notes: tuple[str, ...] = ()
    serial: str = ""
    baseline: Measures | None = None

    @property
    def flash(self) -> Quantity:
        """Flash the image occupies."""
        return self.of(FLASH)

    @property
    def unused_ram(self) -> Quantity:
        """The first limit of what ``malloc`` may take at the start of ``setup()``."""
        return self.of(UNUSED_RAM)

    @property
    def ram_need(self) -> Quantity:
        """Static RAM, peak of the heap and peak of the stack."""
        return self.of(RAM_NEED)

    @property
    def init_time(self) -> Quantity:
        """The model's initialization."""
        return self.of(INIT_TIME)

    @property
    def inference_time(self) -> Quantity:
        """One inference, the median."""
        return self.of(INFERENCE_TIME)

    def function(self, name: str, of: str = INFERENCE_TIME) -> ProfiledFunction:
        """What a function took of the inference, or of another time.

        Args:
            name: the function, qualified or not, with arguments or without: ``dot``, ``tiny::dot``.
            of: the measure: ``inference_time`` or ``init_time``.

        Raises:
            UsageError: it took no part, several are named so, or it is not known where the time went.
        """
        self.of(of)
        time = self.measures.of(of)
        if not isinstance(time, Time) or time.calls is None or not time.cycles:
            what = f"{self.sketch}: it is not known where {of} went"
            raise UsageError(what, do="measure on the emulator")
        function = called_function(time.calls, name, f"{self.sketch}, {of}")
        us = time.median_us / time.cycles
        before = self.baseline.of(of) if self.baseline is not None else None
        baseline = None
        if isinstance(before, Time) and before.calls is not None and before.cycles:
            earlier = before.calls.function(function.name)
            baseline = earlier.cycles * before.median_us / before.cycles if earlier is not None else 0.0
        return ProfiledFunction(
            function.name,
            function.cycles,
            function.inclusive,
            function.calls,
            100 * function.cycles / time.calls.total,
            Quantity(function.cycles * us, row(of).kind.value, baseline),
        )

    def figures(self) -> dict[str, float]:
        """All measures that are there: bytes, microseconds, or plain numbers."""
        values = self.measures.items()
        return {measure.key: value.amount for measure, value in values if not isinstance(value, Absent)}

    def of(self, key: str) -> Quantity:
        """The measure with this key.

        Raises:
            UsageError: it is absent, and why.
        """
        value = self.measures.of(key)
        if isinstance(value, Absent):
            if self.failure is not None:
                raise UsageError(f"{self.sketch}: {self.failure.message}", do=f"there is no {key} to be had")
            raise UsageError(f"{self.sketch}: no {key}: {value.reason}", do="see docs/measures.md")
        before = self.baseline.of(key) if self.baseline is not None else None
        baseline = None if before is None or isinstance(before, Absent) else before.amount
        return Quantity(value.amount, row(key).kind.value, baseline)


def profile(
    sketch: Firmware | Path | str,
    *,
    init: str | None = None,
    inference: str | None = None,
    output: Sequence[OutputBuffer] = (),
    board: str = DEFAULT_BOARD,
    backend: str = "",
    baseline: Path | str | Profiled | None = None,
    ram: bool = True,
) -> Profiled:
    """Measure a sketch as ``mlbench run`` does.

    Args:
        sketch: its folder, what ``build`` gave, or an ELF file.
        init: the function that initializes; else what mlbench.yml says.
        inference: the function that infers; else what mlbench.yml says.
        output: the buffers that it fills.
        board: FQBN.
        backend: ``emulator`` where it is left out, or ``none`` for boards that have no emulator; ``renode``,
            or ``board`` (a sketch's folder; its port by ``MLBENCH_PORT``).
        baseline: an earlier result file, or what was measured of another build; shown beside each figure.
        ram: whether the limit of unused RAM is searched.

    Raises:
        MLBenchError: it cannot be built or measured at all. A sketch that fails when it runs is no error
            here: its measures are absent, and ``failure`` says why.
    """
    from mlbench.measure.profile import profile as measure
    from mlbench.pipeline.services import target_for

    chosen, backend = bool(backend), backend or backends.default()
    entry = backends.find(backend)
    if entry is not None and entry.on_port:
        return _on_a_board(sketch, board, init, inference, output, baseline, ram)
    firmware = _firmware(sketch, board)
    known = spec_of(firmware.source) if firmware.source.exists() else None
    spec = replace(known or plain_spec(firmware, board, backend), board=board, backend=backend)
    spec = settled(spec, chosen=chosen)
    spec = _asked(spec, init, inference, output, ram)
    return _profiled(measure(firmware, spec, target_for(spec), None), spec, baseline)


def _asked(
    spec: SketchSpec, init: str | None, inference: str | None, output: Sequence[OutputBuffer], ram: bool
) -> SketchSpec:
    if init or inference:
        spec = replace(spec, functions=Functions(init, inference, tuple(output)))
    return spec if ram else replace(spec, ram_search="none")


def _profiled(measured: Profile, spec: SketchSpec, baseline: Path | str | Profiled | None) -> Profiled:
    serial = measured.serial.decode("utf-8", "replace")
    before = _baseline(baseline, spec.name, spec.board, spec.backend)
    return Profiled(measured.measures, spec.name, measured.failure, measured.notes, serial, before)


def _on_a_board(
    sketch: Firmware | Path | str,
    board: str,
    init: str | None,
    inference: str | None,
    output: Sequence[OutputBuffer],
    baseline: Path | str | Profiled | None,
    ram: bool,
) -> Profiled:
    """A sketch is built with what measures it there, so firmware that is built already will not do."""
    from mlbench.host.policy import Policy
    from mlbench.measure.profile import profile as measure
    from mlbench.pipeline.services import make_services
    from mlbench.util.progress import Silent
    from mlbench.util.settings import Settings

    if isinstance(sketch, Firmware):
        sketch = sketch.source
    path = Path(sketch).absolute()
    if not (path.is_dir() or is_tab(path)):
        what = "an image is measured on a board as part of its sketch"
        raise UsageError(what, where=str(sketch), do="name the sketch's folder")
    folder = folder_of(path)
    plain = SketchSpec(path.stem, path, board, Source(folder=folder), own_folder=folder)
    spec = _asked(spec_of(path) or plain, init, inference, output, ram)
    spec = replace(spec, board=board, backend=backends.of_boards())
    port = os.environ.get("MLBENCH_PORT", "")
    services = make_services(Settings(policy=Policy.read([]), port=port), Silent())
    firmware = services.build(services.locate(services.obtain(spec), spec))
    return _profiled(measure(firmware, spec, services.target(spec), None), spec, baseline)


def _firmware(sketch: Firmware | Path | str, board: str) -> Firmware:
    if isinstance(sketch, Firmware):
        return sketch
    path = Path(sketch)
    if path.is_dir() or is_tab(path):
        return build(path, board)
    from mlbench.pipeline.prebuilt import firmware_of

    return firmware_of(path)


def _baseline(given: Path | str | Profiled | None, sketch: str, board: str, backend: str) -> Measures | None:
    if given is None:
        return None
    if isinstance(given, Profiled):
        return given.measures
    from mlbench.results.result_file import read

    for result in read(Path(given)).results:
        if (result.sketch, result.board, result.backend) == (sketch, board, backend):
            return result.measures
    what = f"holds no {sketch} on {board} ({backend})"
    raise UsageError(what, where=str(given), do="measure it again, or leave the baseline out")
