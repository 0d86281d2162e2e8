"""Entries of the debug information (DWARF 5, chapter 2): their names and where they belong."""

from __future__ import annotations

import posixpath
from typing import Any

from mlbench.elf.headers import printable

FUNCTION_TAGS = ("DW_TAG_subprogram", "DW_TAG_inlined_subroutine")
VARIABLE_TAGS = ("DW_TAG_variable", "DW_TAG_member")
_SCOPE_TAGS = ("DW_TAG_namespace", "DW_TAG_class_type", "DW_TAG_structure_type", "DW_TAG_union_type")


def text_of(die: Any, attribute: str) -> str:
    """A textual attribute of an entry; "" without it."""
    value = die.attributes.get(attribute)
    return printable(value.value) if value is not None else ""


def name_of(die: Any) -> str:
    """The linker's name of a function's entry, through the entries it refers to.

    Static functions have none there: theirs is the plain name behind its namespaces and classes.
    """
    plain = ""
    for _ in range(8):
        for attribute in ("DW_AT_linkage_name", "DW_AT_MIPS_linkage_name"):
            if attribute in die.attributes:
                return text_of(die, attribute)
        plain = plain or text_of(die, "DW_AT_name")
        reference = next(
            (a for a in ("DW_AT_abstract_origin", "DW_AT_specification") if a in die.attributes), None
        )
        if reference is None:
            break
        die = die.get_DIE_from_attribute(reference)
    return "::".join([*_scopes(die), plain]) if plain else ""


def plain_name_of(die: Any) -> str:
    """The name of a variable's entry behind its namespaces and classes."""
    for _ in range(8):
        name = text_of(die, "DW_AT_name")
        if name:
            return "::".join([*_scopes(die), name])
        reference = next(
            (a for a in ("DW_AT_abstract_origin", "DW_AT_specification") if a in die.attributes), None
        )
        if reference is None:
            break
        die = die.get_DIE_from_attribute(reference)
    return ""


def _scopes(die: Any) -> list[str]:
    names: list[str] = []
    outer = die.get_parent()
    while outer is not None and outer.tag in _SCOPE_TAGS:
        name = text_of(outer, "DW_AT_name")
        names[:0] = [name] if name else []
        outer = outer.get_parent()
    return names


def parent_of(die: Any) -> str:
    """The linker's name of the function that an entry is in."""
    outer = die.get_parent()
    while outer is not None and outer.tag not in FUNCTION_TAGS:
        outer = outer.get_parent()
    return name_of(outer) if outer is not None else ""


def join(folder: str, name: str) -> str:
    """A file's path from its folder's and its own."""
    return posixpath.normpath(posixpath.join(folder, name)) if name else ""
