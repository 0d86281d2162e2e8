"""Where one time goes, as tables: its largest functions, and the operators of its graph."""

from __future__ import annotations

from collections.abc import Iterable

from mlbench.core import measures
from mlbench.core.operators import operators_of
from mlbench.reports.escaping import code
from mlbench.reports.rows import row, table
from mlbench.reports.wording import shown
from mlbench.results.values import Result, Time
from mlbench.util.text import count

_FUNCTIONS, _OPERATORS = 10, 100
_LEAST_PERCENT = 0.05


def time_tables(result: Result) -> Iterable[str]:
    """A table for each time whose cycles are charged to functions, and one for each graph of operators."""
    for measure, value in result.measures.items():
        if isinstance(value, Time) and value.calls is not None and value.calls.total:
            yield _functions(measure, value)
            operators = _operators(measure, value)
            if operators:
                yield operators


def _functions(measure: measures.Measure, time: Time) -> str:
    tree = time.calls
    assert tree is not None
    us = time.median_us / tree.total
    rows = [
        row(
            (
                code(function.name, 160),
                shown(measure.key, function.cycles * us, modelled=True),
                f"{100 * function.cycles / tree.total:.1f} %",
                shown(measure.key, function.inclusive * us, modelled=True),
                count(function.calls),
            )
        )
        for function in tree.functions[:_FUNCTIONS]
        if 100 * function.cycles >= _LEAST_PERCENT * tree.total
    ]
    titles = (f"Most time of {measure.name}", "Itself, ms", "Share", "With callees, ms", "Calls")
    return "\n".join((table(titles, "lrrrr"), *rows))


def _operators(measure: measures.Measure, time: Time) -> str:
    tree = time.calls
    assert tree is not None
    operators = operators_of(tree)
    if not operators:
        return ""
    us = time.median_us / tree.total
    rows = [
        row(
            (
                count(operator.index),
                code(operator.name, 80),
                count(operator.cycles),
                shown(measure.key, operator.cycles * us, modelled=True),
                f"{100 * operator.cycles / tree.total:.1f} %",
            )
        )
        for operator in operators[:_OPERATORS]
    ]
    rest = sum(operator.cycles for operator in operators[_OPERATORS:])
    if rest:
        more = f"{count(len(operators) - _OPERATORS)} more"
        rows.append(row(("", more, count(rest), shown(measure.key, rest * us, modelled=True), "")))
    together = sum(operator.cycles for operator in operators)
    percent = f"{100 * together / tree.total:.1f} %"
    rows.append(
        row(("", "together", count(together), shown(measure.key, together * us, modelled=True), percent))
    )
    titles = ("", f"Operator of {measure.name}", "Cycles", "ms", "Share")
    return "\n".join((table(titles, "rlrrr"), *rows))
