"""Results made up for comparisons, by hand and at random."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import strategies as st

from mlbench.core.execution import Instrument
from mlbench.core.firmware import BuildKeys, Overflow
from mlbench.results.values import (
    Absent,
    Amount,
    Failure,
    Flash,
    Measures,
    RamNeed,
    Result,
    Status,
    Time,
    UnusedRam,
)

BOARD = "mlbench:nrf52840:nano33ble"
INSTRUMENT = Instrument("nano33ble", "emulator", "0.1.0", "nrf52840/3")
BUILD = BuildKeys(BOARD, "mlbench:nrf52840@0.1.0", "gcc 12.2", "arduino-builder 1.3.25", ("MLBench@0.1.0",))
MHZ = 64


def emulated(cycles: int, placement: int = 0, count: int = 3) -> Time:
    us = cycles / MHZ
    return Time(us, us, us, count, cycles, cycles // 2, placement)


def clocked(median: float, low: float | None = None, high: float | None = None, count: int = 3) -> Time:
    return Time(median, median if low is None else low, median if high is None else high, count)


def on_board(
    median: float, mad: float, spread: float = 0.0, count: int = 12, resolution: float = 1.0
) -> Time:
    return Time(
        median,
        median - spread,
        median + spread,
        count,
        first_us=median + 500,
        mad_us=mad,
        resolution_us=resolution,
    )


def result(name: str = "kws", **changes: object) -> Result:
    """A good result; ``changes`` replace measures by name, or fields of the result."""
    measures = Measures(
        Flash(148_152, ((".text", 148_152),), overhead=80_000),
        UnusedRam(100_000, "replay", True, 3, 8192),
        RamNeed(60_000, 50_000, 8_000, 2_000),
        emulated(6_400),
        emulated(64_000, 640),
        (("static_ram", changes.pop("static_ram", Amount(50_000))),),  # type: ignore[arg-type]
    )
    mine = {key: value for key, value in changes.items() if key in Measures.__dataclass_fields__}
    rest = {key: value for key, value in changes.items() if key not in mine}
    good = Result(name, BOARD, "emulator", Status.OK, replace(measures, **mine), INSTRUMENT, BUILD)
    return replace(good, **rest)


def failed(name: str = "kws") -> Result:
    absent = Absent("the sketch was not built")
    return Result(
        name,
        BOARD,
        "emulator",
        Status.FAILED,
        Measures.none(absent),
        failure=Failure("it does not compile"),
    )


def skipped(name: str = "kws") -> Result:
    absent = Absent("nothing it is made of was changed")
    return Result(name, BOARD, "emulator", Status.SKIPPED, Measures.none(absent))


def spilled(name: str = "kws") -> Result:
    absent = Absent("does not fit the board")
    flash = Flash(1_100_000, ((".text", 1_100_000),), starred=True)
    return Result(
        name,
        BOARD,
        "emulator",
        Status.DOES_NOT_FIT,
        Measures.none(absent, flash, (("static_ram", Amount(50_000)),)),
        INSTRUMENT,
        BUILD,
        (Overflow("FLASH", 116_960),),
    )


sizes = st.integers(0, 2**20)
names = st.sampled_from(["kws", "har", "tiny", "a|b", "ünï"])
absents = st.builds(Absent, st.sampled_from(["not asked for", "was not called"]))
symbols = st.lists(
    st.tuples(st.sampled_from(["setup", "loop", "f(int)", "tanh"]), st.integers(1, 5000)),
    max_size=4,
    unique_by=lambda item: item[0],
).map(tuple)
flashes = st.builds(
    Flash,
    sizes,
    st.just(()),
    st.booleans(),
    st.none() | sizes,
    symbols,
)
rams = st.builds(UnusedRam, sizes, st.just("replay"), st.just(True), st.just(3), st.just(9))
needs = st.builds(RamNeed, sizes, st.just(0), st.just(0), st.just(0))
cycle_times = st.integers(0, 10**7).flatmap(
    lambda cycles: st.integers(0, cycles).map(lambda placement: emulated(cycles, placement))
)
clock_times = st.tuples(st.integers(0, 10**6), st.integers(0, 99), st.integers(0, 99), st.integers(1, 9)).map(
    lambda t: clocked(t[0] + t[1], t[0], t[0] + t[1] + t[2], t[3])
)
board_times = st.builds(
    on_board, st.integers(10**3, 10**6), st.integers(0, 99), st.integers(99, 999), st.integers(2, 20)
)
times = cycle_times | clock_times | board_times
instruments = st.sampled_from([INSTRUMENT, replace(INSTRUMENT, cost_table="nrf52840/4"), None])
builds = st.sampled_from([BUILD, replace(BUILD, compiler="gcc 14.2"), None])
measures = st.builds(
    Measures, flashes | absents, rams | absents, needs | absents, times | absents, times | absents
)


@st.composite
def results(draw: st.DrawFn, name: str | None = None) -> Result:
    status = draw(st.sampled_from(list(Status)))
    return Result(
        name if name is not None else draw(names),
        draw(st.sampled_from([BOARD, "other:board:x"])),
        draw(st.sampled_from(["emulator", "board"])),
        status,
        draw(measures),
        draw(instruments),
        draw(builds),
        overflows=(Overflow("RAM", 9),) if status is Status.DOES_NOT_FIT else (),
        failure=Failure("no") if status is Status.FAILED else None,
    )


sets = st.lists(results(), max_size=5, unique_by=lambda r: (r.sketch, r.board, r.backend)).map(tuple)
