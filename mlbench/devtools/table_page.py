"""docs/table.md, the comparison that mlbench comes from, measured anew: ``make table``.

Its sketches are those of suites/arduino-ml-profiling.yml, and TensorFlow Lite Micro of today. What is
published was measured on boards by the comparison's author. Columns whose platform, program or board is not
here are left as "not met yet".
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from mlbench.core.arduino_config import read_config
from mlbench.results import result_file
from mlbench.results.values import Absent, Flash, Result, Time, UnusedRam

_ROOT = Path(__file__).parents[2]
_SUITES = _ROOT / "suites"
_SEED = "arduino-ml-profiling.yml"
_TODAY = "tensorflow-lite-micro.yml"
_NOT_MET = "not met yet"
_SECONDS = 3600


@dataclass(frozen=True)
class PublishedFigures:
    """What the comparison has of a sketch: bytes, and milliseconds; None where it has no figure."""

    flash: int | None = None
    unused_ram: int | None = None
    init_ms: float | None = None
    inference_ms: float | None = None


@dataclass(frozen=True)
class TableRow:
    """A sketch of the table."""

    title: str
    suite: str
    sketch: str
    published: PublishedFigures
    note: str = ""


@dataclass(frozen=True)
class TableColumn:
    """Where sketches are measured."""

    title: str
    board: str
    backend: str = "emulator"
    lacks: str = ""
    """What it waits for; empty where it can be measured here."""


@dataclass(frozen=True)
class _Page:
    """Everything that was measured: the result of each sketch in each column."""

    columns: tuple[TableColumn, ...]
    results: dict[tuple[str, str], Result] = field(default_factory=dict)


_MENDED = "mended by the suite, as the published sketch does not run"
# https://github.com/guberti/tvm-arduino-profiling, README of 2021-08, an Arduino Nano 33 BLE.
ROWS = (
    TableRow(
        "Keyword spotting, TVM graph executor",
        _SEED,
        "micro_speech_graph_executor_mended",
        PublishedFigures(148_152, 137_332, 14.526, 101.976),
        _MENDED,
    ),
    TableRow(
        "Keyword spotting, TVM AOT executor",
        _SEED,
        "micro_speech_aot_executor_mended",
        PublishedFigures(125_544, 188_388, 0.0, 87.817),
        _MENDED,
    ),
    TableRow(
        "Keyword spotting, TensorFlow Lite Micro",
        _TODAY,
        "tflm_micro_speech",
        PublishedFigures(151_480, 196_580, 1.206, 53.654),
        "published with release 2.4.0, emulated with the suite's and its portable kernels",
    ),
    TableRow(
        "Person detection, TVM graph executor",
        _SEED,
        "person_detection_graph_executor",
        PublishedFigures(570_352),
        "does not fit the board's RAM",
    ),
    TableRow(
        "Person detection, TVM AOT executor",
        _SEED,
        "person_detection_aot_executor",
        PublishedFigures(530_624),
        "does not fit the board's RAM",
    ),
    TableRow(
        "Person detection, TensorFlow Lite Micro",
        _TODAY,
        "tflm_person_detection",
        PublishedFigures(441_160, 69_604, 71.209, 653.005),
        "published with release 2.4.0, emulated with the suite's and its portable kernels, at -O2",
    ),
)
_WAITING = (
    "The two models through today's apache-tvm (relax, C target): not part of a suite yet.",
    "Person detection on the Spresense (published: graph 641,912, AOT 1,210,984 bytes of flash): waits for"
    " its core.",
)


def columns() -> tuple[TableColumn, ...]:
    """Where the sketches can be measured, and what is lacking for the others."""
    hardware = read_config().data / "packages" / "arduino" / "hardware"

    def core(name: str) -> str:
        return "" if (hardware / name).is_dir() else f"the core arduino:{name}, which is not installed here"

    own = "mlbench:nrf52840:nano33ble"
    port = "" if os.environ.get("MLBENCH_PORT") else "a board: MLBENCH_PORT names its port"
    mbed = "arduino:mbed_nano:nano33ble"
    return (
        TableColumn("mlbench:nrf52840", own),
        TableColumn("arduino:mbed_nano", mbed, lacks=core("mbed_nano")),
        TableColumn("arduino:zephyr", "arduino:zephyr:nano33ble", lacks=core("zephyr")),
        TableColumn("Renode", own, "renode", lacks=_renode()),
        TableColumn("a board", mbed, "board", lacks=port or core("mbed_nano")),
    )


def _renode() -> str:
    from mlbench.errors import MLBenchError
    from mlbench.renode.process import find_renode

    try:
        return "" if find_renode() is not None else "Renode: `mlbench renode install`"
    except MLBenchError as error:
        return f"Renode: {error}"


def main() -> int:
    """Print the page; the exit status is 0 whatever could not be measured."""
    parser = argparse.ArgumentParser(
        prog="python -m mlbench.devtools.table_page", description=__doc__.splitlines()[0]
    )
    clone = os.environ.get("MLBENCH_SEED_REPO", "")
    parser.add_argument("--seed", default=clone, help="a local clone of the comparison's repository")
    options = parser.parse_args()
    page = _Page(columns())
    for column in page.columns:
        for row in ROWS if not column.lacks else ():
            result = _measured(row, column, options.seed)
            if result is not None:
                page.results[row.title, column.title] = result
    sys.stdout.writelines(f"{line}\n" for line in lines(page.columns, page.results))
    return 0


def _measured(row: TableRow, column: TableColumn, seed: str) -> Result | None:
    """The result of a sketch; None where it could not be had, which standard error tells."""
    text = (_SUITES / row.suite).read_text(encoding="utf-8")
    if seed and row.suite == _SEED:
        text = text.replace("https://github.com/guberti/tvm-arduino-profiling", str(Path(seed).resolve()))
    with (
        tempfile.NamedTemporaryFile("w", dir=_SUITES, prefix="table-", suffix=".yml") as suite,
        tempfile.TemporaryDirectory() as folder,
    ):
        suite.write(text)
        suite.flush()
        file = Path(folder) / "result.json"
        choice = ["--only", row.sketch, "--board", column.board, "--backend", column.backend]
        command = [sys.executable, str(_ROOT / "entrypoint.py"), "run", suite.name, *choice]
        subprocess.run([*command, "--json", str(file)], check=False, timeout=_SECONDS, stdout=sys.stderr)
        return next(iter(result_file.read(file).results), None) if file.is_file() else None


def lines(columns: tuple[TableColumn, ...], results: dict[tuple[str, str], Result]) -> Iterator[str]:
    """The page."""
    yield from (
        "# The table that it all comes from",
        "",
        "This page is measured by `make table`. The column *published* is of an Arduino Nano 33 BLE, by the",
        "[comparison](https://github.com/guberti/tvm-arduino-profiling) of TVM with TensorFlow Lite Micro.",
        "Behind each figure is its difference from the published one. Flash and RAM include the core: that",
        "of `mlbench:nrf52840` takes 636 bytes, that of mbed_nano 83 KB. [Fidelity](fidelity.md) describes",
        "how far times may be from a board's. An asterisk marks flash of a sketch that does not fit.",
        "",
    )
    for row in ROWS:
        yield f"## {row.title}"
        yield ""
        if row.note:
            yield f"The sketch is {row.sketch}: {row.note}."
            yield ""
        yield f"| | published | {' | '.join(column.title for column in columns)} |"
        yield f"|---|---|{'---|' * len(columns)}"
        published = row.published
        compilers = [_compiler(results.get((row.title, column.title)), column) for column in columns]
        yield f"| compiler | gcc 7.2.1 | {' | '.join(compilers)} |"
        for title, figure, unit in (
            ("flash, bytes", published.flash, "flash"),
            ("unused RAM, bytes", published.unused_ram, "unused_ram"),
            ("initialization, ms", published.init_ms, "init_time"),
            ("inference, ms", published.inference_ms, "inference_time"),
        ):
            cells = [
                _cell(results.get((row.title, column.title)), column, unit, figure) for column in columns
            ]
            yield f"| {title} | {_number(figure)} | {' | '.join(cells)} |"
        yield ""
    yield "## What is not met yet"
    yield ""
    yield from (f"- {column.title}: waits for {column.lacks}" for column in columns if column.lacks)
    yield from (f"- {text}" for text in _WAITING)


def _compiler(result: Result | None, column: TableColumn) -> str:
    if result is None or result.build is None:
        return _NOT_MET if column.lacks else "-"
    return result.build.compiler.replace("arm-none-eabi-", "").split(" (")[0] + " " + _version(result)


def _version(result: Result) -> str:
    assert result.build is not None
    words = result.build.compiler.split(") ")
    return words[-1].split()[0] if words else ""


def _cell(result: Result | None, column: TableColumn, measure: str, published: float | None) -> str:
    if result is None:
        return _NOT_MET if column.lacks else "-"
    value = result.measures.of(measure)
    if isinstance(value, Flash):
        text, figure = f"{value.bytes:,}{'*' if value.starred else ''}", float(value.bytes)
    elif isinstance(value, UnusedRam):
        text, figure = f"{value.bytes:,}", float(value.bytes)
    elif isinstance(value, Time):
        figure = value.median_us / 1000
        text = _number(figure)
    else:
        assert isinstance(value, Absent)
        return "-"
    if not published or measure in ("flash",):
        return text
    return f"{text} ({100 * (figure / published - 1):+.1f} %)"


def _number(figure: float | None) -> str:
    if figure is None:
        return ""
    return f"{figure:,}" if isinstance(figure, int) else f"{figure:.3f}" if figure < 100 else f"{figure:,.1f}"


if __name__ == "__main__":
    sys.exit(main())
