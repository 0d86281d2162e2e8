"""One measure on both sides: figures, change and verdict."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from mlbench.compare.functions import FunctionTime, function_time
from mlbench.core.measures import FLASH, FUNCTION, row
from mlbench.results.comparison import Delta, Figure, KeyChange, Limit, Threshold, Verdict
from mlbench.results.values import Absent, Flash, Result, Status, Time, UnusedRam

ALLOCATOR_STEP = 4096
"""newlib's malloc asks sbrk for whole pages of so many bytes (``malloc_getpagesize`` in its mallocr.c)."""

_CLOCK_DIGITS = 9
"""A clock in MHz is rounded to so many digits, so that equal cycles give equal microseconds."""

_NOISY_MADS = 3
"""A median that moves by no more than so many median absolute deviations of either side says nothing."""
_MANY_RUNS = 9
"""From so many runs on each side their deviations alone tell noise: of two equal boards with normal or
exponential noise, chance parts the medians further in 0.7 % of cases (20,000 trials of each), and 0.2 % of
those with 12. One run that was held up must not hide that all others got slower, as in a range it does."""

_DEAD_BAND = 16
"""Cycles: an emulated time that changes by no more says nothing. Two lines of the cache take as many."""

_SMALL_SHARE = 0.001
"""A function's cycles include its alignment cycles, so changes by less say nothing."""

_OVER_AS_MEASURED = "over the limit for failing as measured, within it without what the verdict sets aside"
_OVER_AS_SHIPPED = (
    "over the limit for failing in the shipped layout, within it in the canonical one, which is judged"
)
_BY_SECTIONS = "by the image's sections, as the platform's own count is known of one side only"
NO_LONGER_FITS = "no longer fits the board"


@dataclass(frozen=True)
class Judged:
    """What a measure is judged by, besides its two figures."""

    measure: str
    base: Result | None
    head: Result | None
    threshold: Threshold
    instruments: tuple[KeyChange, ...]


def figure_of(
    result: Result | None, measure: str, *, by_sections: bool = False, canonical: bool = True
) -> Figure | None:
    """One side of a measure; None where the job is not on that side.

    With ``by_sections`` flash is that of the image's sections, whatever the platform counts. Without
    ``canonical``, a time is judged as it is in the shipped layout.
    """
    if result is None:
        return None
    of_function = measure.startswith(FUNCTION)
    value = function_time(result, measure) if of_function else result.measures.of(measure)
    if isinstance(value, Absent):
        return Figure(None, absent=value.reason)
    if isinstance(value, FunctionTime):
        return Figure(value.amount, steady=value.judged if canonical else None)
    if isinstance(value, Time):
        modelled = value.basis
        return Figure(
            value.median_us,
            value.minimum_us,
            value.maximum_us,
            steady=_steady(value, canonical=canonical),
            error_percent=modelled.error_percent if modelled is not None else None,
            rough=modelled is not None and modelled.is_rough,
        )
    if isinstance(value, Flash):
        return Figure(float(value.bytes if by_sections else value.counted), starred=value.starred)
    return Figure(value.amount)


def _steady(time: Time, *, canonical: bool) -> float | None:
    """Microseconds without alignment cycles: those that depend only on where the linker placed the code."""
    if time.cycles is None or time.placement is None:
        return None
    if not time.cycles or not time.median_us:
        return time.median_us
    if canonical and time.canonical is not None:
        return (time.canonical.cycles - time.canonical.placement) / _mhz(time)
    return (time.cycles - time.placement - (time.data_placement or 0)) / _mhz(time)


def _mhz(time: Time) -> float:
    return round((time.cycles or 0) / time.median_us, _CLOCK_DIGITS) if time.median_us else 0.0


def judge(about: Judged) -> Delta:
    """The delta of one measure. Of symmetric sides: swapping them negates the change."""
    by_sections = about.measure == FLASH and _counted_once(about)
    canonical = _in_canonical_layout(about)
    base, head = (
        figure_of(side, about.measure, by_sections=by_sections, canonical=canonical)
        for side in (about.base, about.head)
    )
    if base is None or head is None or base.value is None or head.value is None:
        return _one_sided(about, base, head)
    if about.instruments and not row(about.measure).of_image:
        names = ", ".join(change.key for change in about.instruments)
        note = f"measured with another instrument ({names}): not subtracted"
        return Delta(about.measure, base, head, threshold=about.threshold, note=note)
    functions = [_proposed(side, about.measure) for side in (about.base, about.head)]
    if functions[0] != functions[1]:
        names_of_both = " and ".join(name or "a named one" for name in functions)
        note = f"of other functions ({names_of_both}): not subtracted"
        return Delta(about.measure, base, head, threshold=about.threshold, note=note)
    steady = base.steady is not None and head.steady is not None
    before = base.steady if base.steady is not None and steady else base.value
    after = head.steady if head.steady is not None and steady else head.value
    change = after - before
    verdict, notes = _verdict(about, base, head, before, change)
    if verdict is not Verdict.FAIL and _passes_as_measured(about, base.value, head.value):
        if canonical:
            notes.append(_OVER_AS_SHIPPED)
        else:
            verdict = Verdict.WARN
            notes.append(_OVER_AS_MEASURED)
    return Delta(
        about.measure,
        base,
        head,
        change=change,
        percent=100 * change / before if before else None,
        verdict=verdict,
        threshold=about.threshold,
        note="; ".join(notes),
    )


def _proposed(result: Result | None, measure: str) -> str:
    """The function that was proposed for a measure; empty where somebody named it."""
    value = result.measures.of(measure) if result is not None else None
    return value.proposed if isinstance(value, Time | UnusedRam) else ""


def _verdict(
    about: Judged, base: Figure, head: Figure, before: float, change: float
) -> tuple[Verdict, list[str]]:
    notes = list(_about_flash(about, base, head)) if about.measure == FLASH else []
    if about.measure == FLASH and _counted_once(about):
        notes.append(_BY_SECTIONS)
    if about.measure == FLASH and _fits(about.base) and _spilled(about.head):
        return _passed_all(about.threshold, Verdict.WORSE), [NO_LONGER_FITS, *notes]
    if change == 0:
        if base.value == head.value:
            return Verdict.UNCHANGED, notes
        assert base.value is not None
        assert head.value is not None
        moved = head.value - base.value
        return Verdict.NOISE, [*notes, f"{moved:+,.3f} us of alignment cycles alone"]
    if _in_dead_band(about, change):
        return Verdict.NOISE, [*notes, f"within {_DEAD_BAND} cycles"]
    if _timed_on_a_board(about):
        within = _inside_noise(about, change) or _inside_spread(about, base, head)
        if within:
            return Verdict.NOISE, [*notes, within]
        if _single(about):
            notes.append("measured once on one side: how far it spreads is not known")
    worse = _worse(about.measure, change)
    approximate = about.measure.startswith(FUNCTION) and None in (base.steady, head.steady)
    small = approximate and abs(change) < _SMALL_SHARE * before
    if small and not passes(worse, before, about.threshold.fail):
        return Verdict.NOISE, [*notes, "less than the place of code in flash may do"]
    if worse < 0:
        return Verdict.BETTER, notes
    if passes(worse, before, about.threshold.fail):
        return Verdict.FAIL, notes
    if passes(worse, before, about.threshold.warn):
        return Verdict.WARN, notes
    return Verdict.WORSE, notes


def _passes_as_measured(about: Judged, before: float, after: float) -> bool:
    """Whether the figures as they are pass the limit for failing, whatever of them is set aside."""
    worse = _worse(about.measure, after - before)
    return worse > 0 and passes(worse, before, about.threshold.fail)


def _worse(measure: str, change: float) -> float:
    return -change if row(measure).more_is_better else change


def passes(worse: float, before: float, limit: Limit) -> bool:
    """Whether a measure that got worse by ``worse`` (positive) passes a limit. Equal to it is not over."""
    if limit.amount is not None and worse > limit.amount:
        return True
    return limit.percent is not None and 100 * worse > limit.percent * before


def _passed_all(threshold: Threshold, else_: Verdict) -> Verdict:
    """The verdict on what is worse than any amount: the gravest that has a limit."""
    if threshold.fail != Limit():
        return Verdict.FAIL
    return Verdict.WARN if threshold.warn != Limit() else else_


def _one_sided(about: Judged, base: Figure | None, head: Figure | None) -> Delta:
    verdict, note = Verdict.NOT_COMPARED, ""
    # Of a sketch that failed or was left out, its state says it all.
    explained = any(
        result is not None and result.status in (Status.FAILED, Status.SKIPPED)
        for result in (about.base, about.head)
    )
    if base is not None and head is not None and not explained:
        if base.value is not None:
            note = f"not measured any more: {head.absent}"
            if _spilled(about.head):
                verdict = _passed_all(about.threshold, Verdict.NOT_COMPARED)
                note = NO_LONGER_FITS
            elif about.threshold != Threshold():
                verdict = Verdict.WARN
        elif head.value is not None:
            note = f"not measured at the base: {base.absent}"
    return Delta(about.measure, base, head, verdict=verdict, threshold=about.threshold, note=note)


def _fits(result: Result | None) -> bool:
    return result is not None and result.status is not Status.DOES_NOT_FIT and not result.overflows


def _spilled(result: Result | None) -> bool:
    return result is not None and (result.status is Status.DOES_NOT_FIT or bool(result.overflows))


def _about_flash(about: Judged, base: Figure, head: Figure) -> Sequence[str]:
    """The empty sketch's part of a change in flash, where both sides know it."""
    before, after = (_overhead(result) for result in (about.base, about.head))
    if before is None or after is None or before == after or base.value is None or head.value is None:
        return ()
    core = after - before
    own = int(head.value - base.value) - core
    return (f"core and start-up code {core:+,} bytes, the sketch's own {own:+,} bytes",)


def _overhead(result: Result | None) -> int | None:
    flash = _flash(result)
    return flash.overhead if flash is not None else None


def _flash(result: Result | None) -> Flash | None:
    flash = result.measures.flash if result is not None else None
    return flash if isinstance(flash, Flash) else None


def _counted_once(about: Judged) -> bool:
    """Whether one side alone has a count of the platform's own, and it is another than its sections'."""
    both = [flash for flash in (_flash(about.base), _flash(about.head)) if flash is not None]
    counted = [flash for flash in both if flash.platform_bytes is not None]
    return len(both) == 2 and len(counted) == 1 and counted[0].platform_bytes != counted[0].bytes


def _in_canonical_layout(about: Judged) -> bool:
    """Whether both sides of a time, or of a function's, were run in the canonical layout as well."""
    if about.measure.startswith(FUNCTION):
        sides = [function_time(side, about.measure) for side in (about.base, about.head) if side is not None]
        return all(isinstance(each, FunctionTime) and each.judged is not None for each in sides)
    return all(time is not None and time.canonical is not None for time in _times(about))


def _in_dead_band(about: Judged, change: float) -> bool:
    """Whether an emulated time changed by too little to say anything."""
    times = [time for time in _times(about) if time is not None and time.cycles is not None]
    return len(times) == 2 and all(abs(change) * _mhz(time) <= _DEAD_BAND + 1e-6 for time in times)


def _timed_on_a_board(about: Judged) -> bool:
    """Whether both times come from a clock, not from counted cycles, which are exact."""
    return all(time is not None and time.cycles is None for time in _times(about))


def _times(about: Judged) -> list[Time | None]:
    if about.measure.startswith(FUNCTION):
        parts = [function_time(side, about.measure) if side else None for side in (about.base, about.head)]
        return [part.time if isinstance(part, FunctionTime) else None for part in parts]
    values = [result.measures.of(about.measure) if result else None for result in (about.base, about.head)]
    return [value if isinstance(value, Time) else None for value in values]


def _single(about: Judged) -> bool:
    return any(time is not None and time.count < 2 for time in _times(about))


def _inside_noise(about: Judged, change: float) -> str:
    """Why a change is no more than the noise of either side; empty where it is, or noise is not known.

    Two readings of the same time may differ by a step of the clock, so that much says nothing either.
    """
    times = [time for time in _times(about) if time is not None]
    deviation = max((_NOISY_MADS * time.mad_us for time in times if time.mad_us is not None), default=0.0)
    step = max((time.resolution_us for time in times if time.resolution_us is not None), default=0.0)
    if abs(change) > max(deviation, step):  # of none known, any change is
        return ""
    if deviation > step:
        return f"inside the noise: {_NOISY_MADS} median absolute deviations are {deviation:,.3f} us"
    return f"inside the noise: the clock steps by {step:,.6g} us"


def _inside_spread(about: Judged, base: Figure, head: Figure) -> str:
    """Why a difference between two boards' times says nothing; empty where it does.

    Minimum to maximum of both sides are held against each other: where the two ranges touch, single
    inferences of one side took as long as some of the other. Of two equal boards with n inferences
    each, chance alone parts the ranges in 2 of (2n over n) cases: 10 % for three, 0.8 % for five.
    Where runs are many and their deviations known, those are enough.
    """
    times = [time for time in _times(about) if time is not None]
    if all(time.mad_us is not None and time.count >= _MANY_RUNS for time in times):
        return ""
    if base.low is None or base.high is None or head.low is None or head.high is None:
        return ""
    if base.low > head.high or head.low > base.high:
        return ""
    return f"inside the spread: {_range(base.low, base.high)} and {_range(head.low, head.high)} overlap"


def _range(low: float, high: float) -> str:
    return f"{low:,.3f} us" if low == high else f"{low:,.3f}-{high:,.3f} us"
