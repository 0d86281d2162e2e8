"""Naming functions of a tree of calls."""

from __future__ import annotations

import pytest

from mlbench.core.call_tree import CallPath, CallTree
from mlbench.elf.called import called_function, called_functions
from mlbench.errors import UsageError

NAMES = (
    "Model::run()",
    "tiny::(anonymous namespace)::dot(signed char const*, int)",
    "other::dot(float const*)",
    "kernel.c:scale",
    "scale",
    "apply<int>(int)",
)
TREE = CallTree(tuple(CallPath(index - 1, name, 100, 1) for index, name in enumerate(NAMES)))


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("run", NAMES[:1]),
        ("Model::run", NAMES[:1]),
        ("dot", NAMES[1:3]),
        ("tiny::dot", NAMES[1:2]),
        ("dot(const int8_t *, int)", NAMES[1:2]),
        ("scale", NAMES[4:5]),
        ("kernel.c:scale", NAMES[3:4]),
        ("apply<int>", NAMES[5:]),
        ("ot", ()),
    ],
)
def test_a_function_is_named_in_full_or_in_part(text: str, names: tuple[str, ...]) -> None:
    assert {each.name for each in called_functions(TREE, text)} == set(names)


def test_none_or_several_are_an_error_that_names_some() -> None:
    with pytest.raises(UsageError, match="names 2 functions"):
        called_function(TREE, "dot", "kws")
    with pytest.raises(UsageError, match="not called") as error:
        called_function(TREE, "Model::rum", "kws")
    assert "Model::run()" in error.value.do
