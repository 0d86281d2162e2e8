"""JSON Schemas of the package, and their errors as one line a person can act on."""

from __future__ import annotations

import difflib
import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from importlib import resources
from types import MappingProxyType
from typing import Any

_KINDS = {
    "string": "text",
    "integer": "a whole number",
    "number": "a number",
    "boolean": "true or false",
    "object": "a mapping",
    "array": "a list",
    "null": "empty",
}


@dataclass(frozen=True)
class Violation:
    """One thing that is not as the schema wants it. ``path`` leads to the culprit."""

    path: tuple[str | int, ...]
    what: str
    do: str = ""


@cache
def load_schema(package: str, name: str) -> dict[str, Any]:
    """The schema ``name`` that lies in ``package`` as data."""
    text = resources.files(package).joinpath(name).read_text(encoding="utf-8")
    schema: dict[str, Any] = json.loads(text)
    return schema


def violations(
    data: Any, schema: dict[str, Any], referred: Mapping[str, dict[str, Any]] = MappingProxyType({})
) -> Iterator[Violation]:
    """Everything in ``data`` that the schema does not allow, in no particular order.

    ``referred`` holds the schemas that it refers to, by the names it has for them.
    """
    import jsonschema  # late: it costs a tenth of a second, and `boards` has no use for it
    from referencing import Registry, Resource

    others = ((name, Resource.from_contents(other)) for name, other in referred.items())
    registry: Any = Registry().with_resources(others)
    validator = jsonschema.Draft202012Validator(schema, registry=registry)
    for error in validator.iter_errors(data):
        yield from _explain(error, tuple(error.absolute_path))


def nearest(word: str, known: Iterable[str]) -> str | None:
    """The known word that ``word`` was most likely meant to be."""
    by_lower = {name.lower(): name for name in sorted(known)}
    matches = difflib.get_close_matches(word.lower(), list(by_lower), n=1, cutoff=0.6)
    return by_lower[matches[0]] if matches else None


def suggestion(word: str, known: Iterable[str]) -> str:
    """What to do about an unknown word: the nearest known one, and all there are."""
    names = sorted(known)
    close = nearest(word, names)
    listed = f"there are: {', '.join(names)}"
    return f"did you mean {close!r}? {listed}" if close else listed


def _explain(error: Any, path: tuple[str | int, ...]) -> Iterator[Violation]:
    schema, instance = error.schema, error.instance
    name = _name(path)
    if error.validator == "additionalProperties":
        known = schema.get("properties", {})
        for key in instance:
            if key not in known:
                yield Violation((*path, key), f"unknown key {_short(key)}", suggestion(key, known))
    elif error.validator == "required":
        for key in error.validator_value:
            if key not in instance:
                yield Violation(path, f"{name} needs the key {key!r}", "add it")
    elif error.validator == "type":
        allowed = error.validator_value
        kinds = [allowed] if isinstance(allowed, str) else list(allowed)
        what = f"{name} must be {' or '.join(_KINDS[kind] for kind in kinds)}, not {_kind(instance)}"
        quote = "string" in kinds and not isinstance(instance, (dict, list, type(None)))
        yield Violation(path, what, "put it in quotes" if quote else schema.get("description", ""))
    elif error.validator in ("enum", "const"):
        values = error.validator_value if error.validator == "enum" else [error.validator_value]
        listed = ", ".join(str(value) for value in values)
        yield Violation(path, f"{name} is {_short(instance)}, not one of: {listed}", "choose one of them")
    else:
        what = f"{name} {_short(instance)} is not as expected"
        yield Violation(path, what, schema.get("description", error.message[:200]))


def _name(path: tuple[str | int, ...]) -> str:
    text = ""
    for part in path:
        text += f"[{part}]" if isinstance(part, int) else f".{part if len(part) <= 60 else part[:57] + '...'}"
    return text.lstrip(".") or "the file"


def _short(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 60 else f"{text[:57]}..."


def _kind(value: Any) -> str:
    if value is None:
        return "empty"
    if isinstance(value, bool):
        return f"{str(value).lower()}"
    kinds = ((int, "number"), (float, "number"), (str, "text"), (dict, "mapping"), (list, "list"))
    name = next((name for kind, name in kinds if isinstance(value, kind)), type(value).__name__)
    return name if name == "text" else f"a {name}"
