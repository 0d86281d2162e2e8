"""What was built with other tools, and what was measured with another instrument."""

from __future__ import annotations

from mlbench.core.execution import Instrument
from mlbench.core.firmware import BuildKeys
from mlbench.results.comparison import KeyChange

_LIBRARY = "library "


def instrument_changes(base: Instrument | None, head: Instrument | None) -> tuple[KeyChange, ...]:
    """The keys of the instrument that differ. One side without any differs in all."""
    return _changes(_instrument(base), _instrument(head))


def build_changes(base: BuildKeys | None, head: BuildKeys | None) -> tuple[KeyChange, ...]:
    """The keys of the build that differ; nothing where one side was not built."""
    if base is None or head is None:
        return ()
    return _changes(_build(base), _build(head))


def _instrument(keys: Instrument | None) -> dict[str, str]:
    if keys is None:
        return {}
    return {
        "board": keys.board,
        "backend": keys.backend,
        "version": keys.version,
        "cost table": keys.cost_table,
    }


def _build(keys: BuildKeys) -> dict[str, str]:
    values = {
        "fqbn": keys.fqbn,
        "platform": keys.platform,
        "compiler": keys.compiler,
        "builder": keys.builder,
    }
    libraries: dict[str, list[str]] = {}
    for library in keys.libraries:
        name, _, version = library.partition("@")
        libraries.setdefault(name, []).append(version or "without a version")
    return values | {f"{_LIBRARY}{name}": ", ".join(sorted(libraries[name])) for name in sorted(libraries)}


def _changes(base: dict[str, str], head: dict[str, str]) -> tuple[KeyChange, ...]:
    keys = dict.fromkeys((*base, *head))
    libraries = sorted(key for key in keys if key.startswith(_LIBRARY))
    ordered = (*(key for key in keys if not key.startswith(_LIBRARY)), *libraries)
    return tuple(
        KeyChange(key, base.get(key, ""), head.get(key, ""))
        for key in ordered
        if base.get(key, "") != head.get(key, "")
    )
