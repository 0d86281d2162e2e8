"""How far each measure may get worse, as ``mlbench.yml`` says it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from mlbench.core.measures import FUNCTION, MeasureKind, keys, row
from mlbench.results.comparison import Limit, Threshold

if TYPE_CHECKING:
    from mlbench.suite.suite_file import Suite

Rules = tuple[tuple[str, Threshold], ...]
"""Measures with their thresholds, in the order of ``core.measures``."""


@dataclass(frozen=True)
class _Units:
    """How amounts of a kind are written: what each unit stands for, the one that is shown, an example."""

    factors: Mapping[str, float]
    shown: str
    example: str


_UNITS = {
    MeasureKind.BYTES: _Units(
        {"B": 1, "kB": 1000, "MB": 1000_000, "KiB": 1024, "MiB": 1024 * 1024}, "bytes", "'5 %' or '1 KiB'"
    ),
    MeasureKind.TIME: _Units({"us": 1.0, "ms": 1e3, "s": 1e6}, "us", "'5 %' or '2 ms'"),
    MeasureKind.COUNT: _Units({"": 1.0}, "", "'5 %' or '12'"),
}
_AMOUNT = re.compile(r"\+?([0-9]{1,12}(?:\.[0-9]{1,6})?) ?(%|[A-Za-z]{0,3})")
_NEVER = "never"


@dataclass(frozen=True)
class Thresholds:
    """The thresholds of a suite: those of every sketch, and those of single ones."""

    general: Rules = ()
    sketches: tuple[tuple[str, Rules], ...] = ()
    """By the sketch's name; all of its thresholds, the general ones included."""

    def of(self, sketch: str, measure: str) -> Threshold:
        """What holds for one measure of a sketch. One that the suite does not have gets the general."""
        rules = dict(self.sketches).get(sketch, self.general)
        return dict(rules).get(measure, Threshold())

    def functions_of(self, sketch: str) -> tuple[str, ...]:
        """The keys of the functions of a sketch that have limits."""
        rules = dict(self.sketches).get(sketch, self.general)
        return tuple(key for key, threshold in rules if key.startswith(FUNCTION) and threshold != Threshold())

    def __bool__(self) -> bool:
        """Whether there is any limit at all."""
        every = (self.general, *(rules for _, rules in self.sketches))
        return any(threshold != Threshold() for rules in every for _, threshold in rules)


def thresholds_of(suite: Suite) -> Thresholds:
    """The thresholds of a suite that was read."""
    return Thresholds(suite.thresholds, tuple((spec.name, spec.thresholds) for spec in suite.sketches))


class ThresholdError(ValueError):
    """What is wrong with one amount: ``what`` and ``do`` as in the errors of the package."""

    def __init__(self, what: str, do: str) -> None:
        super().__init__(what)
        self.what = what
        self.do = do


def limit_of(measure: str, given: Any) -> Limit:
    """The limit that a text or a list of two texts stands for: ``5 %``, ``[5 %, 2 KiB]``, ``never``.

    Raises:
        ThresholdError: no amount, a unit of another kind of measure, two of one kind.
    """
    texts = given if isinstance(given, list) else [given]
    if texts == [_NEVER]:
        return Limit()
    if not texts:
        raise ThresholdError(f"{measure}: the limit is empty", "write an amount with its unit, or 'never'")
    limit = Limit()
    for text in texts:
        kind, value = _amount(measure, text)
        if (limit.percent if kind == "percent" else limit.amount) is not None:
            what = f"{measure}: {text!r} is the second limit of its kind"
            raise ThresholdError(what, "give one amount, one percentage, or one of each")
        limit = replace(limit, **{kind: value})
    return limit


def rules_of(*layers: Mapping[str, Mapping[str, Limit]]) -> Rules:
    """One set of thresholds from several, of which each later one replaces what it names.

    A layer holds, by measure, limits by ``warn`` and ``fail``.
    """
    merged: dict[str, Threshold] = {}
    for layer in layers:
        for measure, levels in layer.items():
            merged[measure] = replace(merged.get(measure, Threshold()), **levels)
    return tuple((measure, merged[measure]) for measure in _in_order(merged))


def _in_order(rules: Iterable[str]) -> tuple[str, ...]:
    """Measures in their order, then functions as they come."""
    given = dict.fromkeys(rules)
    measures = (measure for measure in keys() if measure in given)
    return (*measures, *(key for key in given if key.startswith(FUNCTION)))


def shown_limit(measure: str, limit: Limit) -> str:
    """A limit for people: ``5 % or 2,048 bytes``; ``never`` where there is none."""
    parts = [] if limit.percent is None else [f"{limit.percent:g} %"]
    if limit.amount is not None:
        parts.append(f"{limit.amount:,.10g} {_UNITS[row(measure).kind].shown}".rstrip())
    return " or ".join(parts) or _NEVER


def changed_thresholds(base: Thresholds, head: Thresholds) -> tuple[str, ...]:
    """A line for each limit that the head's suite changes. The base's are those that count."""
    lines: list[str] = []
    names = dict.fromkeys(name for name, _ in (*base.sketches, *head.sketches))
    both = {name for name, _ in base.sketches}
    both &= {name for name, _ in head.sketches} or both  # a suite that is gone has no sketch of its own
    general = list(_differences("every sketch", base.general, head.general))
    lines += general
    for name in names:
        if name in both:
            base_rules, head_rules = dict(base.sketches)[name], dict(head.sketches).get(name, head.general)
            if (base_rules, head_rules) != (base.general, head.general) or not general:
                lines += _differences(name, base_rules, head_rules)
    return tuple(lines)


def _differences(who: str, base: Rules, head: Rules) -> Iterable[str]:
    before, after = dict(base), dict(head)
    for measure in _in_order((*before, *after)):
        base_threshold, head_threshold = before.get(measure, Threshold()), after.get(measure, Threshold())
        for level, old, new in (
            ("warn", base_threshold.warn, head_threshold.warn),
            ("fail", base_threshold.fail, head_threshold.fail),
        ):
            if old != new:
                was, becomes = shown_limit(measure, old), shown_limit(measure, new)
                yield f"the threshold of {who} ({measure}, {level}) is changed from {was} to {becomes}"


def _amount(measure: str, text: Any) -> tuple[str, float]:
    units = _UNITS[row(measure).kind]
    do = f"write it with its unit, such as {units.example}, or 'never'"
    match = _AMOUNT.fullmatch(text) if isinstance(text, str) else None
    if match is None:
        raise ThresholdError(f"{measure}: {text!r} is no limit", do)
    number, unit = match[1], match[2]
    if unit == "%":
        return "percent", float(number)
    if unit in units.factors:
        return "amount", float(number) * units.factors[unit]
    if not unit:
        raise ThresholdError(f"{measure}: {text!r} is no limit", do)
    known = ", ".join(filter(None, ("%", *units.factors)))
    raise ThresholdError(f"{measure} has no unit {unit!r}", f"use one of: {known}")
