"""How figures, changes and verdicts are said, in every report that people read."""

from __future__ import annotations

import re
from collections.abc import Iterable

from mlbench.core.measures import INFERENCE_TIME, Measure, MeasureKind, row, rows
from mlbench.results.comparison import Delta, Figure, Limit, Verdict
from mlbench.results.values import Absent, Result, Time, UnusedRam
from mlbench.util.text import count, milliseconds

MINUS = "\N{MINUS SIGN}"

ICONS = {
    Verdict.FAIL: "❌",
    Verdict.WARN: "⚠️",
    Verdict.WORSE: "🔺",
    Verdict.ACCEPTED: "☑️",
    Verdict.BETTER: "✅",
    Verdict.NOISE: "〰️",
    Verdict.UNCHANGED: "➖",
    Verdict.NOT_COMPARED: "↔️",
}
"""A shape for each verdict, so that nobody depends on colours; the words stand beside it."""


Place = tuple[str, str]
"""A board and a backend."""

_UNITS = {MeasureKind.BYTES: "bytes", MeasureKind.TIME: "ms", MeasureKind.COUNT: ""}
_DIGITS_OF_COUNTS = 3
_ARGUMENTS = re.compile(r"(?<=\w)\(.*")
_NAMESPACES = re.compile(r"^(?:(?:[a-z_]\w*|\(anonymous namespace\))::)+")
"""By custom a namespace begins with a small letter, a class with a capital."""


def columns(known: Iterable[tuple[Place, str]]) -> tuple[Measure, ...]:
    """The measures that have a column, in their order.

    Args:
        known: each figure that is there: where it was measured, and the key of its measure. A part of a
            measure has a column where some place knows it, and nothing of the whole.
    """
    figures = set(known)
    places = {place for place, _ in figures}
    return tuple(
        measure
        for measure in rows()
        if not measure.part_of
        or any(
            (place, measure.key) in figures and (place, measure.part_of) not in figures for place in places
        )
    )


def columns_of(results: Iterable[Result]) -> tuple[Measure, ...]:
    """The measures that have a column in a table of these results."""
    return columns(
        ((result.board, result.backend), measure.key)
        for result in results
        for measure, value in result.measures.items()
        if not isinstance(value, Absent)
    )


_DIGITS = 3
"""Digits of a modelled time: none behind them means anything on a board."""


def unit(measure: str) -> str:
    """The unit in which a measure is shown; empty for one that is a plain number."""
    return _UNITS[row(measure).kind]


def band(results: Iterable[Result], measure: str) -> int | None:
    """By how many percent boards may differ from the modelled times of a measure, if one number fits all."""
    percents = {
        time.basis.error_percent
        for time in (result.measures.of(measure) for result in results)
        if isinstance(time, Time) and time.basis is not None
    }
    return percents.pop() if len(percents) == 1 else None


def unit_and_band(measure: str, percent: int | None) -> str:
    """The unit of a measure, with how far a board may be from the figures."""
    return unit(measure) if percent is None else f"{unit(measure)} ±{percent} %"


def time_text(time: Time, percent: int | None = None) -> str:
    """A time in milliseconds: of a clock to the microsecond, of a model in the three digits that count.

    Args:
        time: what to show.
        percent: what is told already of how far a board may be from it.
    """
    if time.basis is None:
        return milliseconds(time.median_us)
    text = _modelled(time.median_us)
    own_band = "" if time.basis.error_percent == percent else f" ±{time.basis.error_percent} %"
    return f"{'~' if time.basis.is_rough else ''}{text}{own_band}"


def with_unit(text: str, measure: str) -> str:
    """A figure, or a name and a comma, with the unit behind it."""
    return f"{text} {unit(measure)}".rstrip()


def band_of(figures: Iterable[Figure | None]) -> int | None:
    """By how many percent boards may differ from modelled times, if one number fits all."""
    percents = {side.error_percent for side in figures if side is not None and side.value is not None}
    return percents.pop() if len(percents) == 1 else None


def is_modelled(delta: Delta) -> bool:
    """Whether its figures are times of a model, of which three digits count."""
    sides = [side for side in (delta.base, delta.head) if side is not None and side.value is not None]
    return bool(sides) and all(side.error_percent is not None for side in sides)


def sides_text(delta: Delta, arrow: str) -> str:
    """Base and head with their unit: ``91.5 → 87.2 ms ±10 %``; the head alone where there is no base."""
    percent = band_of((delta.base, delta.head))
    known = delta.base is not None and delta.base.value is not None
    shown_sides = (delta.base, delta.head) if known else (delta.head,)
    sides = [figure(delta.measure, side, percent) for side in shown_sides]
    return f"{arrow.join(sides)} {unit_and_band(delta.measure, percent)}".rstrip()


def name_and_unit(measure: str, percent: int | None = None) -> str:
    """A measure with its unit: ``flash, bytes`` or ``inference, ms ±10 %``."""
    return ", ".join(filter(None, (row(measure).name, unit_and_band(measure, percent))))


def shown(measure: str, value: float, *, modelled: bool = False) -> str:
    """A figure in its unit: ``24,340`` or ``53.654``; a modelled time in the digits that count: ``53.7``."""
    return _number(measure, abs(value), MINUS if value < 0 else "", modelled)


def figure(measure: str, side: Figure | None, percent: int | None = None) -> str:
    """One side of a measure, starred where it was measured with larger memory regions.

    Args:
        measure: its key.
        side: what to show.
        percent: what is told already of how far a board may be from it.
    """
    if side is None or side.value is None:
        return "-"
    modelled = side.error_percent is not None
    own_band = f" ±{side.error_percent} %" if modelled and side.error_percent != percent else ""
    text = f"{'~' if side.rough else ''}{shown(measure, side.value, modelled=modelled)}{own_band}"
    return text + ("\\*" if side.starred else "")


def signed(measure: str, change: float, *, modelled: bool = False) -> str:
    """A change with its sign: ``+2,048``, ``0`` where there is none."""
    if change == 0:
        return "0"
    return _number(measure, abs(change), MINUS if change < 0 else "+", modelled)


def percent(value: float) -> str:
    """A change in per cent, with as many digits as it takes to say that there is one."""
    if value == 0:
        return "0 %"
    sign = MINUS if value < 0 else "+"
    size = abs(value)
    digits = 0 if size >= 100 else 1 if size >= 0.05 else 2
    while round(size, digits) == 0 and digits < 6:
        digits += 1
    return f"{sign}{size:,.{digits}f} %"


def change(delta: Delta) -> str:
    """The change that is judged: absolute and, where it has a base, in per cent."""
    if delta.change is None:
        return ""
    text = signed(delta.measure, delta.change, modelled=is_modelled(delta))
    return text if delta.percent is None or delta.change == 0 else f"{text} ({percent(delta.percent)})"


def raw_change(delta: Delta) -> str:
    """The change of the figures themselves, where another one is judged; else empty."""
    base, head = delta.base, delta.head
    if delta.change is None or base is None or head is None or base.value is None or head.value is None:
        return ""
    modelled = is_modelled(delta)
    raw = signed(delta.measure, head.value - base.value, modelled=modelled)
    return "" if raw == signed(delta.measure, delta.change, modelled=modelled) else raw


def icon(delta: Delta) -> str:
    """The verdict's shape; a smaller one for what is worse and allowed."""
    return "🔸" if delta.verdict is Verdict.WORSE and _limited(delta) else ICONS[delta.verdict]


def verdict(delta: Delta) -> str:
    """What is thought of a change, in words."""
    threshold = delta.threshold
    return {
        Verdict.FAIL: f"over limit{_limit(delta.measure, threshold.fail)}",
        Verdict.ACCEPTED: f"accepted, over limit{_limit(delta.measure, threshold.fail)}",
        Verdict.WARN: f"warning{_limit(delta.measure, threshold.warn)}",
        Verdict.WORSE: "worse, within limits" if _limited(delta) else "worse",
        Verdict.BETTER: "better",
        Verdict.NOISE: "noise",
        Verdict.UNCHANGED: "unchanged",
        Verdict.NOT_COMPARED: "not compared",
    }[delta.verdict]


def proposed(value: Time | UnusedRam) -> str:
    """That mlbench proposed the function which a figure is of; empty where somebody named it."""
    return f"proposed, as no function is named: {value.proposed}" if value.proposed else ""


def spread(time: Time) -> str:
    """How far a board's times spread; empty where nothing is known of it, as for emulated ones."""
    if time.first_us is None and time.mad_us is None:
        return ""
    text = plural(time.count, "run")
    if time.first_us is not None:
        text += f" after a first one of {milliseconds(time.first_us)} ms"
    if time.mad_us is None:
        return text
    low, high = milliseconds(time.minimum_us), milliseconds(time.maximum_us)
    return f"{text}: {low} to {high} ms, MAD {shown(INFERENCE_TIME, time.mad_us)} ms"


def clocks(results: Iterable[Result]) -> tuple[tuple[str, str, str], ...]:
    """Boards whose own clocks took the times, the backends, and what is said of each clock's step."""
    descriptions = {
        (result.board, result.backend, f"a clock that steps by {time.resolution_us:,.6g} us"): None
        for result in results
        for time in result.measures.times()
        if time.resolution_us is not None
    }
    return tuple(descriptions)


def short_name(name: str) -> str:
    """A function's name without its arguments."""
    return _ARGUMENTS.sub("()", name)


def own_name(name: str) -> str:
    """A function's name without its arguments and without the namespaces that it is in."""
    return _NAMESPACES.sub("", short_name(name))


def plural(number: int, one: str, many: str = "") -> str:
    """``1 sketch``, ``2 sketches``."""
    return f"{count(number)} {one if number == 1 else many or one + 's'}"


def sketches(number: int) -> str:
    """``1 sketch``, ``2 sketches``."""
    return plural(number, "sketch", "sketches")


def _limited(delta: Delta) -> bool:
    return Limit() != delta.threshold.warn or Limit() != delta.threshold.fail


def _limit(measure: str, allowed: Limit) -> str:
    """What a threshold allows, in the direction of worse: `` (+1,024 bytes or +5 %)``."""
    sign = MINUS if row(measure).more_is_better else "+"
    parts = []
    if allowed.amount is not None:
        amount = with_unit(shown(measure, allowed.amount), measure)
        parts.append(f"{sign if allowed.amount else ''}{amount}")
    if allowed.percent is not None:
        parts.append(f"{sign if allowed.percent else ''}{allowed.percent:g} %")
    return f" ({' or '.join(parts)})" if parts else ""


def _number(measure: str, value: float, sign: str, modelled: bool) -> str:
    kind = row(measure).kind
    if kind is MeasureKind.BYTES:
        return f"{sign}{value:,.0f}"
    if kind is MeasureKind.COUNT:
        return f"{sign}{round(value, _DIGITS_OF_COUNTS):,}".removesuffix(".0")
    return f"{sign}{_modelled(value) if modelled else _milliseconds(value)}"


def _milliseconds(us: float) -> str:
    """To the microsecond, or with as many digits as it takes to say that there is something."""
    digits = 3
    while us and round(us / 1000, digits) == 0 and digits < 6:
        digits += 1
    return f"{us / 1000:,.{digits}f}"


def _modelled(us: float) -> str:
    """In the digits that mean anything on a board, and never more than to the microsecond if that says it."""
    if us < 1000:
        return _milliseconds(us)
    digits = _DIGITS - len(str(int(us / 1000)))
    return f"{round(us / 1000, digits):,.{max(0, digits)}f}"
