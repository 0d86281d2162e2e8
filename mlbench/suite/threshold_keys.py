"""The ``thresholds`` keys of a suite file."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from mlbench.core.measures import FUNCTION
from mlbench.errors import UsageError
from mlbench.results.comparison import Limit
from mlbench.suite.thresholds import Rules, ThresholdError, limit_of, rules_of
from mlbench.util.yaml_lines import LocatedYaml
from mlbench.util.yaml_lines import YamlPath as At

_FUNCTIONS = "functions"


def read_rules(document: LocatedYaml, *places: At) -> Rules:
    """What the mappings at these places say together; a later one goes before an earlier one.

    Places that the file does not have are passed over.

    Raises:
        UsageError: with file and line, for what is no limit.
    """
    layers = []
    for place in places:
        layers.append(_layer(document, (*place, "thresholds"), _value(document.data, place)))
    return rules_of(*layers)


def _value(data: Any, place: At) -> Mapping[str, Any]:
    for part in place:
        if isinstance(data, Mapping):
            data = data.get(part) or {}
        else:
            data = data[part] if isinstance(part, int) and isinstance(data, list) else {}
    thresholds: Mapping[str, Any] = (data or {}).get("thresholds") or {}
    return thresholds


def _layer(document: LocatedYaml, at: At, given: Mapping[str, Any]) -> dict[str, dict[str, Limit]]:
    layer: dict[str, dict[str, Limit]] = {}
    functions = given.get(_FUNCTIONS) or {}
    named: list[tuple[str, tuple[str, ...], Mapping[str, Any]]] = [
        (measure, (measure,), levels) for measure, levels in given.items() if measure != _FUNCTIONS
    ]
    named += [(f"{FUNCTION}{name}", (_FUNCTIONS, name), levels) for name, levels in functions.items()]
    for measure, place, levels in named:
        for level, text in levels.items():
            try:
                layer.setdefault(measure, {})[level] = limit_of(measure, text)
            except ThresholdError as error:
                where = document.where((*at, *place, level))
                raise UsageError(f"thresholds: {error.what}", where=where, do=error.do) from None
    return layer
