"""What a function takes and returns, from its debug information (DWARF 5, 3.3, 5.1 to 5.7)."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import Any

from mlbench.elf.dies import text_of

_WRAPPERS = frozenset(
    {
        "DW_TAG_typedef",
        "DW_TAG_const_type",
        "DW_TAG_volatile_type",
        "DW_TAG_restrict_type",
        "DW_TAG_atomic_type",
    }
)
_POINTERS = frozenset(
    {"DW_TAG_pointer_type", "DW_TAG_reference_type", "DW_TAG_rvalue_reference_type", "DW_TAG_array_type"}
)
_AGGREGATES = frozenset({"DW_TAG_structure_type", "DW_TAG_class_type", "DW_TAG_union_type"})
_BOOLEAN, _FLOAT, _SIGNED, _SIGNED_CHAR = 2, 4, 5, 6
"""Encodings of base types (DWARF 5, 7.8, table 7.11)."""


class ValueKind(Enum):
    """What sort of value it is, as far as the procedure call standard cares."""

    VOID = "void"
    SIGNED = "signed integer"
    UNSIGNED = "unsigned integer"
    BOOLEAN = "bool"
    FLOAT = "float"
    POINTER = "pointer"
    AGGREGATE = "structure"
    OTHER = "other"
    """A pointer to a member, a vector, or what the debug information does not say."""


@dataclass(frozen=True)
class Type:
    """A type's kind and its size in bytes."""

    kind: ValueKind
    size: int = 4

    @property
    def number(self) -> bool:
        """Whether it is a number: neither nothing, nor an address, nor an object."""
        return self.kind in (ValueKind.SIGNED, ValueKind.UNSIGNED, ValueKind.BOOLEAN, ValueKind.FLOAT)

    def __str__(self) -> str:
        return (
            f"{self.kind.value}"
            if self.kind in (ValueKind.VOID, ValueKind.POINTER)
            else f"{self.size}-byte {self.kind.value}"
        )


@dataclass(frozen=True)
class Prototype:
    """A function's parameters, an implicit ``this`` first, and what it returns."""

    parameters: tuple[Type, ...]
    returns: Type
    variadic: bool = False
    method: bool = False
    """Parameter 0 is ``this``."""


def prototype_of(die: Any) -> Prototype:
    """The prototype of a subprogram's entry, or of the declaration it refers to."""
    source = die
    while "DW_AT_abstract_origin" in source.attributes:
        # A copy for some callers may have lost an argument: what counts is the function of the source.
        source = source.get_DIE_from_attribute("DW_AT_abstract_origin")
    parameters = [child for child in source.iter_children() if child.tag == "DW_TAG_formal_parameter"]
    variadic = any(
        child.tag == "DW_TAG_unspecified_parameters"
        for owner in chain_of(die)
        for child in owner.iter_children()
    )
    returned = next((owner for owner in chain_of(die) if "DW_AT_type" in owner.attributes), None)
    return Prototype(
        tuple(type_of(_type_die(parameter)) for parameter in parameters),
        type_of(_type_die(returned)) if returned is not None else Type(ValueKind.VOID, 0),
        variadic,
        any("DW_AT_object_pointer" in owner.attributes for owner in chain_of(die)),
    )


def type_of(die: Any) -> Type:
    """The type of an entry, names and qualifiers taken off."""
    while die is not None and die.tag in _WRAPPERS:
        if "DW_AT_type" not in die.attributes:
            return Type(ValueKind.VOID, 0)
        die = die.get_DIE_from_attribute("DW_AT_type")
    if die is None:
        return Type(ValueKind.OTHER)
    if die.tag in _POINTERS:
        return Type(ValueKind.POINTER)
    size = die.attributes["DW_AT_byte_size"].value if "DW_AT_byte_size" in die.attributes else 0
    if die.tag == "DW_TAG_base_type":
        encoding = die.attributes["DW_AT_encoding"].value
        if encoding == _FLOAT:
            return Type(ValueKind.FLOAT, size)
        if encoding == _BOOLEAN:
            return Type(ValueKind.BOOLEAN, size)
        return Type(ValueKind.SIGNED if encoding in (_SIGNED, _SIGNED_CHAR) else ValueKind.UNSIGNED, size)
    if die.tag == "DW_TAG_enumeration_type":
        inner = type_of(die.get_DIE_from_attribute("DW_AT_type")) if "DW_AT_type" in die.attributes else None
        return Type(inner.kind if inner else ValueKind.UNSIGNED, size)
    if die.tag in _AGGREGATES:
        return Type(ValueKind.AGGREGATE, size)
    return Type(ValueKind.OTHER, size)


def call_operators(die: Any) -> list[Any]:
    """The entries of operator() in the class that a variable is of: those of a lambda, where it holds one."""
    inner = _type_die(die)
    while inner is not None and inner.tag in _WRAPPERS:
        inner = _type_die(inner)
    if inner is None or inner.tag not in _AGGREGATES:
        return []
    return [
        member
        for member in inner.iter_children()
        if member.tag == "DW_TAG_subprogram" and text_of(member, "DW_AT_name").startswith("operator()")
    ]


def offset_of(die: Any, structure: str, member: str) -> int | None:
    """Where a member lies in the structure that an entry defines; None where it is another entry."""
    if die.tag != "DW_TAG_structure_type" or text_of(die, "DW_AT_name") != structure:
        return None
    for child in die.iter_children():
        if child.tag == "DW_TAG_member" and text_of(child, "DW_AT_name") == member:
            place = child.attributes.get("DW_AT_data_member_location")
            return place.value if place is not None and isinstance(place.value, int) else None
    return None


def _type_die(die: Any) -> Any:
    for owner in chain_of(die):
        if "DW_AT_type" in owner.attributes:
            return owner.get_DIE_from_attribute("DW_AT_type")
    return None


def chain_of(die: Any) -> list[Any]:
    """An entry and those it refers to for what it does not say itself."""
    chain = [die]
    for _ in range(8):
        link = next((a for a in ("DW_AT_specification", "DW_AT_abstract_origin") if a in die.attributes), "")
        if not link:
            break
        die = die.get_DIE_from_attribute(link)
        chain.append(die)
    return chain
