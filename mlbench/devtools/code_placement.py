"""How far the times of a sketch depend on where its code lies: the same build, with its functions shifted.

``python -m mlbench.devtools.code_placement [SUITE]`` builds each sketch again with all its functions, and
with them their loops, some bytes further, and prints the times of each. What differs is nothing but where
code lies: whether the target of a branch is one word or lies across two, and which lines of the cache it
shares. Libraries that come compiled stay as they are. A figure of one image says little where the range is
wide.
"""

from __future__ import annotations

import argparse
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path

from mlbench.devtools.code_shift import write_assembler
from mlbench.errors import EnvironmentFault, MLBenchError
from mlbench.pipeline.run import Services
from mlbench.pipeline.services import make_services
from mlbench.results.values import Time
from mlbench.suite.suite_file import SketchSpec, load_suite
from mlbench.util.progress import make_progress
from mlbench.util.settings import Settings

SAMPLES = Path("sketches/mlbench.yml")
SHIFTS = (0, 2, 4, 8)
_EXTRA = "build.extra_flags"


@dataclass(frozen=True)
class ShiftedTimes:
    """The times of one measure, in microseconds, by how far functions were shifted."""

    sketch: str
    measure: str
    times: dict[int, float]

    @property
    def spread(self) -> float:
        """The longest time as a part more than the shortest."""
        return max(self.times.values()) / min(self.times.values()) - 1


def real_assembler(spec: SketchSpec) -> str:
    """The assembler that the sketch's compiler runs.

    Raises:
        EnvironmentFault: there is no such compiler.
    """
    given = dict(item.partition("=")[::2] for item in spec.build_properties)
    name = given.get("compiler.path", "") + given.get("compiler.prefix", "arm-none-eabi-") + "gcc"
    compiler = shutil.which(name)
    if compiler is None:
        raise EnvironmentFault(f"{name}: no such compiler", do="install gcc-arm-none-eabi, or set PATH")
    answer = subprocess.run([compiler, "-print-prog-name=as"], capture_output=True, text=True, check=False)
    assembler = shutil.which(answer.stdout.strip())
    if assembler is None:
        raise EnvironmentFault(f"{compiler} names no assembler")
    return assembler


def shifted(spec: SketchSpec, folder: Path, size: int) -> SketchSpec:
    """The sketch as it is built with its functions ``size`` bytes further."""
    if not size:
        return spec
    write_assembler(folder / f"shift{size}", real_assembler(spec), size)
    flag = f"-B{folder / f'shift{size}'}/"
    before = [item for item in spec.build_properties if item.startswith(f"{_EXTRA}=")]
    rest = tuple(item for item in spec.build_properties if item not in before)
    value = " ".join((*(item.partition("=")[2] for item in before), flag)).strip()
    return replace(spec, build_properties=(*rest, f"{_EXTRA}={value}"))


def place(spec: SketchSpec, services: Services, folder: Path, shifts: Iterable[int]) -> list[ShiftedTimes]:
    """Build and measure a sketch at each shift.

    Raises:
        MLBenchError: it could not be built or run.
    """
    initialization: dict[int, float] = {}
    inference: dict[int, float] = {}
    for size in shifts:
        variant = replace(shifted(spec, folder, size), ram_search="none")
        firmware = services.build(services.locate(services.obtain(variant), variant))
        profile = services.profile(firmware, variant, services.target(variant), None)
        if profile.failure:
            raise EnvironmentFault(profile.failure.message)
        for times, value in (
            (initialization, profile.measures.init_time),
            (inference, profile.measures.inference_time),
        ):
            if isinstance(value, Time):
                times[size] = value.median_us
    rows = (("initialization", initialization), ("inference", inference))
    return [ShiftedTimes(spec.name, measure, times) for measure, times in rows if any(times.values())]


def main(arguments: list[str] | None = None) -> int:
    """Print a table of times by code alignment."""
    parser = argparse.ArgumentParser(
        prog="python -m mlbench.devtools.code_placement", description=__doc__.splitlines()[0]
    )
    parser.add_argument("suite", nargs="?", type=Path, default=SAMPLES)
    parser.add_argument("--sketch", action="append", help="only this one; may be repeated")
    parser.add_argument(
        "--shifts",
        type=lambda text: tuple(int(part) // 2 * 2 for part in text.split(",")),
        default=SHIFTS,
        help="bytes to shift functions by (default: 0,2,4,8)",
    )
    options = parser.parse_args(arguments)
    services = make_services(Settings(), make_progress(sys.stderr))
    columns = "".join(f"{f'+{size} B':>12}" for size in options.shifts)
    print(f"{'sketch':32}{'measure':16}{columns}{'spread':>9}")
    status = 0
    with tempfile.TemporaryDirectory(prefix="mlbench-") as scratch:
        for spec in load_suite(options.suite).sketches:
            if options.sketch and spec.name not in options.sketch:
                continue
            try:
                rows = place(spec, services, Path(scratch), options.shifts)
            except MLBenchError as error:
                print(f"{spec.name:32}{error}")
                status = 1
                continue
            for row in rows:
                times = "".join(f"{row.times[size] / 1000:9.3f} ms" for size in options.shifts)
                print(f"{row.sketch:32}{row.measure:16}{times}{row.spread:9.1%}")
    return status


if __name__ == "__main__":
    sys.exit(main())
