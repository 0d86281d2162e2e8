"""JSON of files that anybody may have written: numbers are finite and within bounds, or there is an error."""

from __future__ import annotations

import json
import math
from typing import Any

from mlbench.errors import UsageError

_MOST = 2**53
"""Integers up to here are the same in every reader of JSON, and in floating point (RFC 8259, section 6)."""


def load(text: str, where: str, do: str) -> Any:
    """The data of a JSON text. ``where`` and ``do`` are for the message.

    Raises:
        UsageError: it is not JSON, or a number in it is none that a measure can have.
    """
    try:
        return json.loads(text, parse_constant=_refuse, parse_int=_integer, parse_float=_finite)
    except json.JSONDecodeError as error:
        raise UsageError(f"not JSON: {error.msg}", where=f"{where}:{error.lineno}", do=do) from None
    except (ValueError, RecursionError) as error:
        raise UsageError(f"not JSON: {error}", where=where, do=do) from None


def _refuse(constant: str) -> float:
    raise ValueError(f"{constant} is not a JSON number")


def _integer(digits: str) -> int:
    if len(digits) > 17 or abs(int(digits)) > _MOST:
        raise ValueError(f"the number {digits[:20]} is out of bounds")
    return int(digits)


def _finite(digits: str) -> float:
    value = float(digits)
    if not math.isfinite(value) or abs(value) > _MOST:
        raise ValueError(f"the number {digits[:20]} is out of bounds")
    return value
