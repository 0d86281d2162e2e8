"""Comparison files: the only place that writes and reads ``mlbench/comparison/1``.

Such a file may come from a run whose code nobody trusts, so its size is bounded before it is read,
and everything in it is held against the schema.
"""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any, TextIO

from mlbench.core.measures import FLASH, FUNCTION, INFERENCE_TIME, INIT_TIME, RAM_NEED, UNUSED_RAM, keys
from mlbench.errors import UsageError
from mlbench.results.codec import decode, encode
from mlbench.results.comparison import Comparison, Delta, JobChange
from mlbench.results.result_file import write_text
from mlbench.results.schemas import comparison_schema, referred
from mlbench.util.schema import violations
from mlbench.util.strict_json import load

SCHEMA = "mlbench/comparison/1"
_FAMILY = "mlbench/comparison/"
_FIRST = {FLASH, UNUSED_RAM, RAM_NEED, INIT_TIME, INFERENCE_TIME}
"""Measures that every comparison has, of whatever version."""

MOST_BYTES = 64_000_000
"""Larger files are refused unread: some 1,000 sketches with all their symbols take less."""


def to_data(comparison: Comparison) -> dict[str, Any]:
    """Plain data of a comparison, to be put into a larger document."""
    return {"schema": SCHEMA, **encode(comparison), "regressed": comparison.regressed}


def to_json(comparison: Comparison) -> str:
    """The text of a comparison file: ASCII only, ends with a line break."""
    return json.dumps(to_data(comparison), indent=2, allow_nan=False) + "\n"


def from_data(data: Any, where: str) -> Comparison:
    """The comparison of data that was read from somewhere. ``where`` names it in messages.

    Raises:
        UsageError: it is no comparison, or of a newer format.
    """
    schema = data.get("schema") if isinstance(data, dict) else None
    if not isinstance(schema, str) or not schema.startswith(_FAMILY):
        raise UsageError("not a comparison", where=where, do=f'give a file with "schema": "{SCHEMA}"')
    if schema != SCHEMA:
        what = f"a comparison of the format {schema!r}, this version reads {SCHEMA!r}"
        raise UsageError(what, where=where, do="update mlbench")
    try:
        for violation in violations(data, comparison_schema(), referred()):
            raise UsageError(f"not a valid comparison: {violation.what}", where=where, do="compare again")
    except RecursionError:
        raise UsageError(
            "not a valid comparison: nested too deeply", where=where, do="compare again"
        ) from None
    try:
        comparison = decode(data, Comparison)
    except UsageError as error:
        raise UsageError(error.what, where=where, do="compare again") from None
    return replace(comparison, jobs=tuple(_whole(job, where) for job in comparison.jobs))


def _whole(job: JobChange, where: str) -> JobChange:
    """A job with a delta for each measure: files of a version that knew fewer have none for the others."""
    known = keys()
    of_functions = tuple(delta for delta in job.deltas if delta.measure.startswith(FUNCTION))
    given = {
        delta.measure: delta for delta in job.deltas if delta.measure not in {d.measure for d in of_functions}
    }
    in_order = [key for key in known if key in given] + [delta.measure for delta in of_functions]
    if [delta.measure for delta in job.deltas] != in_order or not given.keys() >= _FIRST:
        what = f"not a valid comparison: {job.sketch!r} has not one delta a measure, in their order"
        raise UsageError(what, where=where, do="compare again")
    of_measures = tuple(given.get(key, Delta(key, None, None)) for key in known)
    return replace(job, deltas=(*of_measures, *of_functions))


def from_json(text: str, where: str) -> Comparison:
    """Read a comparison's text. ``where`` names it in messages.

    Raises:
        UsageError: it is not JSON, not a comparison, too large, or of a newer format.
    """
    if len(text) > MOST_BYTES:
        raise _too_large(where)
    return from_data(load(text, where, "compare again"), where)


def read(path: Path) -> Comparison:
    """Read a comparison file.

    Raises:
        UsageError: it cannot be read, or is no comparison.
    """
    try:
        with path.open("rb") as file:
            raw = file.read(MOST_BYTES + 1)
    except OSError as error:
        what = f"cannot read the comparison: {error.strerror or error}"
        raise UsageError(what, where=str(path), do="name a file that exists") from None
    if len(raw) > MOST_BYTES:
        raise _too_large(str(path))
    try:
        return from_json(raw.decode("utf-8"), str(path))
    except UnicodeDecodeError:
        raise UsageError("not a comparison", where=str(path), do="name a comparison file") from None


def write(comparison: Comparison, destination: str, stdout: TextIO | None = None) -> None:
    """Write a comparison file in one step; ``-`` stands for standard output.

    Raises:
        EnvironmentFault: it could not be written.
    """
    write_text(to_json(comparison), destination, stdout)


def _too_large(where: str) -> UsageError:
    return UsageError(f"larger than {MOST_BYTES:,} bytes, so no comparison", where=where, do="compare again")
