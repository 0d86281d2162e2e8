"""Results and comparisons for the tests of reports: every state, every verdict, every mark."""

from __future__ import annotations

from dataclasses import replace

from mlbench.compare import Thresholds, accepted, compare
from mlbench.core.call_tree import CallPath, CallTree
from mlbench.core.execution import CycleBasis, Frame, Instrument
from mlbench.core.firmware import BuildKeys, Diagnostic, Overflow
from mlbench.core.measures import STATIC_RAM, keys
from mlbench.results.comparison import Comparison, Limit, Side, Threshold
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

MEASURES = keys()

OWN = "mlbench:nrf52840:nano33ble"
RUN = "https://github.com/owner/demo/actions/runs/42"
BASE = Side("b" * 40, "main", "first parent of the test merge")
HEAD = Side("a" * 40, "feature", "pull request merged into main")
KEYS = BuildKeys(
    OWN, "mlbench:nrf52840@0.1.0", "arm-none-eabi-g++ 12.2.1", "arduino-cli 1.5.1", ("Arm_CMSIS@5.7.0",)
)
INSTRUMENT = Instrument("nano33ble", "emulator", "0.1.0", "nrf52840 3")
DEAD = Absent("the sketch was not built")
UNFIT = Absent("does not fit the board: it cannot run")


def calls_of(cycles: int) -> CallTree:
    """Where a time went: what is more than in another one went to ``dot``."""
    rest = max(0, cycles - 31_000)
    return CallTree(
        (
            CallPath(-1, "Model::run()", 1_000, 1),
            CallPath(0, "tiny::conv(Filter const&)", min(cycles, 30_000), 2),
            CallPath(
                1, "tiny::(anonymous namespace)::dot(signed char const*, int)", rest, max(1, rest // 100)
            ),
        )
    )


def basis_of(cycles: int, assumed: int = 0, percent: int = 10) -> CycleBasis:
    fitted = cycles // 10
    return CycleBasis(cycles - fitted - assumed, 0, fitted, assumed, percent)


def time(us: float, placement: int = 640) -> Time:
    cycles = round(us * 64)
    return Time(
        us,
        us - 1,
        us + 2,
        3,
        cycles,
        round(us * 40),
        placement,
        calls=calls_of(cycles),
        basis=basis_of(cycles),
    )


def result(sketch: str, flash: int = 148_152, **changes) -> Result:
    symbols = (("tvmgen_default_run", flash // 2), ("weights", flash // 4))
    measures = Measures(
        flash=Flash(flash, ((".text", flash - 152), (".data", 152)), overhead=83_400, symbols=symbols),
        unused_ram=UnusedRam(137_332, "replay", True, 3, 41, first_failure="no memory: malloc returned NULL"),
        ram_need=RamNeed(98_304, 60_000, 30_000, 8_304),
        init_time=time(14_526.25),
        inference_time=time(53_654.0),
    )
    measures = replace(measures, **{k: changes.pop(k) for k in list(changes) if hasattr(measures, k)})
    need = measures.ram_need
    static = Amount(need.static) if isinstance(need, RamNeed) else need
    measures = replace(measures, further=((STATIC_RAM, static),))
    whole = Result(
        sketch,
        OWN,
        "emulator",
        Status.OK,
        measures,
        INSTRUMENT,
        KEYS,
        serial="ready\n",
        seconds=(("build", 4.25), ("measure", 1.5)),
    )
    return replace(whole, **changes)


def clocked(us: float, mad: float = 12.0) -> Time:
    """As a board takes it: the first of 13 inferences apart."""
    return Time(us, us - 27, us + 85, 12, first_us=us + 283, mad_us=mad, resolution_us=1.0)


def on_board(sketch: str, us: float, **changes) -> Result:
    measured = {"init_time": Time(14_526.0, 14_526.0, 14_526.0, 1, resolution_us=1.0)}
    return result(sketch, inference_time=clocked(us), backend="board", **{**measured, **changes})


def failed(sketch: str, failure: Failure, flash: int = 0) -> Result:
    one = result(sketch, flash or 1)
    flashed = one.measures.flash if flash else DEAD
    return replace(
        one,
        status=Status.FAILED,
        failure=failure,
        measures=Measures.none(DEAD, flashed),
        serial="ready\nout of memory\n" if failure.chain else "",
    )


def unfit(sketch: str) -> Result:
    one = result(sketch, 530_624)
    flash = replace(one.measures.flash, starred=True)
    return replace(
        one,
        status=Status.DOES_NOT_FIT,
        measures=Measures.none(UNFIT, flash, ((STATIC_RAM, Amount(60_000)),)),
        overflows=(Overflow("RAM", 42_300),),
    )


CRASH = Failure(
    "hung: hung in TVMPlatformAbort",
    (Frame(0x10100, "TVMPlatformAbort", "model.c", 88), Frame(0x10200, "Model::Model()"), Frame(0x10300, "")),
)
NO_BUILD = Failure(
    "the sketch does not compile",
    diagnostics=(
        Diagnostic("warning", "unused", "broken/broken.ino", 2, 1),
        Diagnostic("error", "'x' was not declared", "broken/broken.ino", 7, 3),
    ),
)

_SLOWER = time(54_000.0)
_PLACED = replace(time(53_655.0), cycles=round(53_654.0 * 64) + 64, placement=640 + 64)
_NEWER = replace(KEYS, compiler="arm-none-eabi-g++ 13.2.0", libraries=("Arm_CMSIS@5.9.0",))

BEFORE = (
    result("kws graph"),
    result("kws aot", unused_ram=UnusedRam(230_836, "replay", True, 9, 300)),
    result("person graph"),
    result("person aot"),
    result("toycar"),
    result("same 1"),
    result("same 2"),
    result("placed"),
    result("rebuilt"),
    result("board"),
    result("breaks"),
    failed("mended", CRASH, 80_000),
    failed("hopeless", NO_BUILD),
    result("gone"),
    result("skipped"),
)
AFTER = (
    result(
        "kws graph",
        150_200,
        unused_ram=UnusedRam(133_236, "replay", True, 3, 41),
        ram_need=RamNeed(98_328, 60_024, 30_000, 8_304),
    ),
    result("kws aot", 140_000, inference_time=_SLOWER, unused_ram=UnusedRam(230_836, "replay", True, 9, 300)),
    result("person graph", 148_156),
    unfit("person aot"),
    result("toycar", 148_000),
    result("same 1"),
    result("same 2"),
    result("placed", inference_time=_PLACED),
    result("rebuilt", 147_000, build=_NEWER),
    result("board", instrument=replace(INSTRUMENT, cost_table="nrf52840 4"), inference_time=time(50_000.0)),
    failed("breaks", CRASH, 148_152),
    result("mended"),
    failed("hopeless", NO_BUILD),
    result("added"),
    replace(
        result("skipped"),
        status=Status.SKIPPED,
        measures=Measures.none(Absent("nothing it depends on was changed")),
    ),
)
CLOCKED_BEFORE = tuple(on_board(name, 87_817.0) for name in ("faster", "slower", "steady"))
CLOCKED_AFTER = (on_board("faster", 87_780.0), on_board("slower", 87_854.0), on_board("steady", 87_853.0))
THRESHOLDS = Thresholds(
    (
        ("flash", Threshold(Limit(amount=512), Limit(amount=1_024, percent=5))),
        ("inference_time", Threshold(Limit(percent=0.5))),
    )
)
NOTES = ("the pull request changes the thresholds in mlbench.yml; those of the base count",)


# What is shown must not depend on how the comparison words things today.
_WHY = {
    ("steady", "inference_time"): "inside the noise: 3 median absolute deviations are 36.000 us",
    ("kws graph", "unused_ram"): "the allocator takes memory in steps of 4,096 bytes; RAM need +24 bytes",
    ("placed", "inference_time"): "+1.000 us by the placement of the code alone",
    **{("person aot", name): "no longer fits the board" for name in MEASURES},
    **{
        ("board", name): "measured with another instrument (cost table): not subtracted"
        for name in MEASURES[1:]
    },
}


def worded(comparison: Comparison) -> Comparison:
    """The comparison with notes of our own."""
    jobs = tuple(
        replace(
            job,
            deltas=tuple(replace(d, note=_WHY.get((job.sketch, d.measure), "")) for d in job.deltas),
        )
        for job in comparison.jobs
    )
    return replace(comparison, jobs=jobs)


def everything() -> Comparison:
    """One of each."""
    return worded(compare(BEFORE, AFTER, THRESHOLDS, base_side=BASE, head_side=HEAD, notes=NOTES))


def comparisons() -> dict[str, Comparison]:
    """Comparisons by the name of their golden file."""
    same = BEFORE[:3]
    worse = compare(BEFORE[:1], AFTER[:1], THRESHOLDS, base_side=BASE, head_side=HEAD)
    found = {
        "everything": everything(),
        "unchanged": compare(same, same, base_side=BASE, head_side=HEAD),
        "noise": compare((BEFORE[7],), (AFTER[7],), base_side=BASE, head_side=HEAD),
        "better": compare(BEFORE[4:5], AFTER[4:5], base_side=BASE, head_side=HEAD),
        "accepted": accepted(worse, "the label mlbench:accept, set by octocat"),
        "no-baseline": compare(
            None, (*same, AFTER[3], AFTER[12]), head_side=HEAD, notes=("this is the first commit",)
        ),
        "empty": compare((), (), base_side=BASE, head_side=HEAD),
        "two-places": compare(
            (BEFORE[0], replace(BEFORE[0], backend="renode")),
            (AFTER[0], replace(AFTER[0], backend="renode")),
            base_side=Side(label="base.json"),
            head_side=Side(label="head.json"),
        ),
    }
    found |= {"board": compare(CLOCKED_BEFORE, CLOCKED_AFTER, base_side=BASE, head_side=HEAD)}
    return {name: worded(comparison) for name, comparison in found.items()}
