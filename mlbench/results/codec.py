"""Frozen dataclasses to plain JSON data and back, led by their type hints.

A measure that is not there is ``{"absent": reason}``. Pairs of name and bytes become objects with
these two keys. A key that this version does not know is passed over, so that a reader outlives
files with more in them; a key that is missing takes the field's default. A field of such pairs that
is marked ``AS_OBJECT`` becomes one object of names and bytes; pairs that are marked ``INLINE`` become keys of
the object around them.
"""

from __future__ import annotations

import types
from dataclasses import MISSING, fields, is_dataclass
from enum import Enum
from functools import cache
from typing import Any, TypeVar, Union, get_args, get_origin, get_type_hints

from mlbench.core.call_tree import CallTree
from mlbench.core.measures import keys
from mlbench.errors import UsageError
from mlbench.results.call_codec import decode_calls, encode_calls
from mlbench.results.values import AS_OBJECT, INLINE, Absent
from mlbench.util.text import elide

T = TypeVar("T")


def encode(value: Any) -> Any:
    """Plain data of ``value``: only dict, list, str, int, float, bool and None."""
    if isinstance(value, Absent):
        return {"absent": value.reason}
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, CallTree):
        return encode_calls(value)
    if is_dataclass(value) and not isinstance(value, type):
        encoded: dict[str, Any] = {}
        for field, hint in _hints(type(value)):
            if field.metadata == INLINE:
                encoded |= {key: encode(item) for key, item in getattr(value, field.name)}
            else:
                encoded[field.name] = _encode_as(getattr(value, field.name), field, hint)
        return encoded
    if isinstance(value, tuple):
        return [encode(item) for item in value]
    if isinstance(value, (str, int, float, type(None))):
        return value
    raise TypeError(f"{type(value).__name__} has no place in a result")


def decode(data: Any, kind: type[T]) -> T:
    """The ``kind`` that ``data`` stands for.

    Schemas leave room for keys to come, so what they let through may still be of another kind.

    Raises:
        UsageError: it stands for none.
    """
    try:
        result: T = _decode(data, kind)
    except (LookupError, TypeError, ValueError, AttributeError, OverflowError) as error:
        raise UsageError(f"not as it was written: {elide(str(error), 100)}", do="measure again") from None
    return result


def _encode_as(value: Any, field: Any, hint: Any) -> Any:
    if field.metadata == AS_OBJECT:
        return dict(value)
    if _is_named_bytes(hint):
        return [{"name": name, "bytes": size} for name, size in value]
    return encode(value)


def _decode(data: Any, hint: Any) -> Any:
    if _is_named_bytes(hint):
        return tuple((_decode(item["name"], str), _decode(item["bytes"], int)) for item in data)
    if get_origin(hint) in (Union, types.UnionType):
        return _decode_union(data, get_args(hint))
    if get_origin(hint) is tuple:
        if not isinstance(data, list):
            raise TypeError("a list was expected")
        arguments = get_args(hint)
        if arguments[-1] is Ellipsis:
            return tuple(_decode(item, arguments[0]) for item in data)
        return tuple(_decode(item, argument) for item, argument in zip(data, arguments, strict=True))
    if hint is CallTree:
        return decode_calls(data)
    if is_dataclass(hint) and isinstance(hint, type):
        return hint(**_arguments(data, hint))
    if isinstance(hint, type) and issubclass(hint, Enum):
        return hint(data)
    return _plain(data, hint)


def _plain(data: Any, hint: Any) -> Any:
    """Text, a number or a truth. JSON Schema takes 5.0 for an integer, Python takes true for one."""
    number = isinstance(data, (int, float)) and not isinstance(data, bool)
    if hint is float and number:
        return float(data)
    if hint is int and number and data == int(data):
        return int(data)
    if hint in (int, float) or not isinstance(data, hint):
        raise TypeError(f"{str(data)[:40]!r} is no {hint.__name__}")
    return data


def _decode_union(data: Any, choices: tuple[Any, ...]) -> Any:
    if data is None and type(None) in choices:
        return None
    if Absent in choices and isinstance(data, dict) and "absent" in data:
        return Absent(_decode(data["absent"], str))
    (choice,) = (choice for choice in choices if choice not in (Absent, type(None)))
    return _decode(data, choice)


def _arguments(data: dict[str, Any], kind: type) -> dict[str, Any]:
    given = {}
    for field, hint in _hints(kind):
        if field.metadata == INLINE:
            given[field.name] = _inlined(data, kind, hint)
        elif field.name in data:
            value = data[field.name]
            as_object = field.metadata == AS_OBJECT
            given[field.name] = _items(value, hint) if as_object else _decode(value, hint)
        elif field.default is MISSING and field.default_factory is MISSING:
            raise KeyError(field.name)
    return given


def _items(data: dict[str, Any], hint: Any) -> tuple[tuple[str, Any], ...]:
    """The names and values of an object, as pairs."""
    _, value = get_args(get_args(hint)[0])
    return tuple((key, _decode(item, value)) for key, item in data.items())


def _inlined(data: dict[str, Any], kind: type, hint: Any) -> tuple[tuple[str, Any], ...]:
    """The measures among the keys that no field is named after."""
    own = {field.name for field, _ in _hints(kind)}
    _, value = get_args(get_args(hint)[0])
    return tuple((key, _decode(data[key], value)) for key in keys() if key in data and key not in own)


def _is_named_bytes(hint: Any) -> bool:
    return bool(hint == tuple[tuple[str, int], ...])


@cache
def _hints(kind: Any) -> tuple[tuple[Any, Any], ...]:
    hints = get_type_hints(kind)
    return tuple((field, hints[field.name]) for field in fields(kind))
