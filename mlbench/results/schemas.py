"""The schemas of result and comparison files, with a place for each measure that there is."""

from __future__ import annotations

import copy
from typing import Any

from mlbench.core.measures import keys
from mlbench.util.schema import load_schema

RESULT_FILE = "result.schema.json"
COMPARISON_FILE = "comparison.schema.json"
MOST_FUNCTIONS = 100
"""Functions of a sketch that may have limits of their own."""


def result_schema() -> dict[str, Any]:
    """The schema of result files. A measure without a shape of its own is an amount."""
    schema = copy.deepcopy(load_schema(__package__, RESULT_FILE))
    properties = schema["$defs"]["measures"]["properties"]
    for key in keys():
        properties.setdefault(key, {"$ref": "#/$defs/amount"})
    return schema


def comparison_schema() -> dict[str, Any]:
    """The schema of comparison files, which refers to the one of result files by its file name."""
    schema = copy.deepcopy(load_schema(__package__, COMPARISON_FILE))
    named = schema["$defs"]["delta"]["properties"]["measure"]["anyOf"]
    named[0]["enum"] = list(keys())
    # Files of versions that knew fewer measures have fewer: the least is the schema's own.
    schema["$defs"]["job"]["properties"]["deltas"]["maxItems"] = len(keys()) + MOST_FUNCTIONS
    return schema


def referred() -> dict[str, dict[str, Any]]:
    """What other schemas refer to, by the name that they use."""
    return {RESULT_FILE: result_schema()}
