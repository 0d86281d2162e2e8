"""YAML whose every key and item remembers its line, so that errors can name it."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from mlbench.errors import UsageError

YamlPath = tuple[str | int, ...]
"""Where a value stands: keys and list positions from the top."""

MOST_BYTES = 1 << 20
"""Of one file: PyYAML takes about a thousand times as much memory, and seconds, for what is larger."""

_MOST_NODES = 100_000
"""Aliases multiply: a file of a few lines can stand for billions of values."""

_MOST_CHARACTERS = 4 * MOST_BYTES
"""Of all values, aliases followed."""

_MOST_DEPTH = 50

_MOST_NUMBER = 2**53
"""Numbers up to here are the same in YAML, JSON and floating point."""

_MOST_DIGITS = 400
"""PyYAML takes quadratic time for numbers in base 60."""

_TAG = "tag:yaml.org,2002:"

_SCALARS = {
    f"{_TAG}str": "text",
    f"{_TAG}int": "a whole number",
    f"{_TAG}float": "a number",
    f"{_TAG}bool": "true or false",
    f"{_TAG}null": "empty",
}
"""What a value may be: all that JSON has. Dates, binary data and tags of one's own are for no key of ours."""


@dataclass(frozen=True)
class LocatedYaml:
    """Plain data, and the line (1 first) of each key and list item."""

    data: Any
    file: str
    lines: dict[YamlPath, int] = field(default_factory=dict)

    def line(self, path: YamlPath) -> int:
        """The line of ``path``, or of the nearest thing around it."""
        while path and path not in self.lines:
            path = path[:-1]
        return self.lines.get(path, 1)

    def where(self, path: YamlPath) -> str:
        """``file:line`` of ``path``."""
        return f"{self.file}:{self.line(path)}"


def read_bytes(path: Path, shown: str) -> bytes:
    """The bytes of a YAML file. ``shown`` is its name in messages.

    Raises:
        OSError: it cannot be read.
        UsageError: it is too large.
    """
    with path.open("rb") as file:
        raw = file.read(MOST_BYTES + 1)
    if len(raw) > MOST_BYTES:
        raise _too_large(shown)
    return raw


def read_text(path: Path, shown: str) -> str:
    """The text of a YAML file. ``shown`` is its name in messages.

    Raises:
        OSError: it cannot be read.
        UsageError: it is too large, or not UTF-8.
    """
    raw = read_bytes(path, shown)
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = raw.count(b"\n", 0, error.start) + 1
        raise UsageError("not UTF-8 text", where=f"{shown}:{line}", do="save the file as UTF-8") from None


def parse(text: str, file: str) -> LocatedYaml:
    """Parse one YAML document.

    Raises:
        UsageError: with file and line, for what is not YAML, a key given twice, a key that is not
            text, a value that is not of JSON's kinds or out of bounds, an alias that holds itself, and
            for more values, or deeper ones, than any file of ours has.
    """
    if len(text) > MOST_BYTES:
        raise _too_large(file)
    loader = None
    try:
        loader = _Loader(text, file)
        node = loader.get_single_node()
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line = mark.line + 1 if mark else 1
        what = " ".join(part for part in (error.context, error.problem) if part)
        where = f"{file}:{line}"
        raise UsageError(f"not valid YAML: {_short(what)}", where=where, do="mend this line") from None
    except yaml.reader.ReaderError as error:
        line = text.count("\n", 0, error.position) + 1
        what = f"character {ord(text[error.position]):#06x} is not allowed in YAML"
        raise UsageError(what, where=f"{file}:{line}", do="remove it or write it escaped in quotes") from None
    except (ValueError, OverflowError):  # such as "\U00110000": PyYAML leaves the check to Python
        where = f"{file}:{loader.line + 1 if loader else 1}"
        do = "remove the escape sequence or number that is too large"
        raise UsageError("not valid YAML: there is no character of this number", where=where, do=do) from None
    builder = _Builder(loader, file)
    data = None if node is None else builder.build(node, ())
    return LocatedYaml(data, file, builder.lines)


def _too_large(file: str) -> UsageError:
    return UsageError("more than 1 MiB", where=file, do="split it into several files")


def _short(text: str) -> str:
    return text if len(text) <= 200 else f"{text[:197]}..."


class _Loader(yaml.SafeLoader):
    """A loader that gives up early: nodes take a thousand times the memory of their text."""

    def __init__(self, text: str, file: str) -> None:
        super().__init__(text)
        self._file = file
        self._depth = 0
        self._count = 0

    def compose_node(self, parent: yaml.Node | None, index: Any) -> yaml.Node | None:
        where = f"{self._file}:{self.peek_event().start_mark.line + 1}"  # type: ignore[no-untyped-call]
        self._count += 1
        if self._count > _MOST_NODES:
            raise UsageError("too many values", where=where, do="split the file")
        if self._depth >= _MOST_DEPTH:
            raise UsageError("nested too deeply", where=where, do="flatten it")
        self._depth += 1
        try:
            return super().compose_node(parent, index)
        finally:
            self._depth -= 1


class _Builder:
    """Turns nodes into plain data and notes the lines as it goes."""

    def __init__(self, loader: yaml.SafeLoader, file: str) -> None:
        self._loader = loader
        self._file = file
        self._open: set[int] = set()
        self._count = 0
        self._characters = 0
        self.lines: dict[YamlPath, int] = {}

    def build(self, node: yaml.Node, path: YamlPath) -> Any:
        self.lines.setdefault(path, node.start_mark.line + 1)
        if id(node) in self._open:
            raise self._error(node, "an alias holds itself", "remove the alias")
        if len(self._open) >= _MOST_DEPTH:
            raise self._error(node, "nested too deeply", "flatten it")
        self._open.add(id(node))
        try:
            if isinstance(node, yaml.ScalarNode):
                return self._scalar(node)
            self._charge(node, 0)
            if node.tag != _TAG + ("map" if isinstance(node, yaml.MappingNode) else "seq"):
                what = f"the tag {_tag(node)!r} may not stand here"
                raise self._error(node, what, "remove it")
            if isinstance(node, yaml.MappingNode):
                return self._mapping(node, path)
            return [self._item(item, (*path, index)) for index, item in enumerate(node.value)]
        finally:
            self._open.discard(id(node))

    def _item(self, node: yaml.Node, path: YamlPath) -> Any:
        self.lines[path] = node.start_mark.line + 1
        return self.build(node, path)

    def _mapping(self, node: yaml.MappingNode, path: YamlPath) -> dict[str, Any]:
        merged: dict[str, Any] = {}
        own: list[tuple[str, yaml.Node, yaml.Node]] = []
        seen: dict[str, int] = {}
        for key_node, value_node in node.value:
            if key_node.tag == f"{_TAG}merge":
                merged |= self._merged(value_node, path)
                continue
            key = self._scalar(key_node) if isinstance(key_node, yaml.ScalarNode) else None
            if not isinstance(key, str):
                raise self._error(key_node, "a key must be text", "put it in quotes")
            if key in seen:
                what = f"key {_short(repr(key))} is given twice, first in line {seen[key]}"
                raise self._error(key_node, what, "keep one of them")
            seen[key] = key_node.start_mark.line + 1
            own.append((key, key_node, value_node))
        for key, key_node, value_node in own:
            at = (*path, key)
            self.lines[at] = key_node.start_mark.line + 1
            merged[key] = self.build(value_node, at)
        return merged

    def _merged(self, node: yaml.Node, path: YamlPath) -> dict[str, Any]:
        """What ``<<`` brings in: one mapping, or several, of which the first that has a key gives it."""
        sources = node.value[::-1] if isinstance(node, yaml.SequenceNode) else [node]
        merged: dict[str, Any] = {}
        for source in sources:
            if not isinstance(source, yaml.MappingNode):
                what = "'<<' needs a mapping or a list of mappings"
                raise self._error(source, what, "write '<<: *NAME', where &NAME marks a mapping")
            merged |= self.build(source, path)
        return merged

    def _scalar(self, node: yaml.ScalarNode) -> Any:
        text: str = node.value
        self._charge(node, len(text))
        kind = _SCALARS.get(node.tag)
        if kind is None:
            what = f"{_short(repr(text))} ({_tag(node)}) is not of a kind that is read here"
            raise self._error(node, what, "put it in quotes")
        number = node.tag in (f"{_TAG}int", f"{_TAG}float")
        try:
            value = None if number and len(text) > _MOST_DIGITS else self._loader.construct_object(node)
            known = node.tag != f"{_TAG}null" or text.lower() in ("", "~", "null")
        except (ValueError, LookupError, ArithmeticError):  # PyYAML believes the tag, whatever the text is
            known = False
        if not known:
            raise self._error(node, f"{_short(repr(text))} is not {kind}", "mend it or put it in quotes")
        if number and (value is None or not abs(value) <= _MOST_NUMBER):
            what = f"the number {_short(text)} is out of bounds"
            raise self._error(node, what, "write a smaller one or put it in quotes")
        if any(letter == "\0" or "\ud800" <= letter <= "\udfff" for letter in text):
            what = f"{_short(repr(text))} holds what is no character of a text"
            raise self._error(node, what, "remove its escape sequence")
        return value

    def _charge(self, node: yaml.Node, characters: int) -> None:
        self._count += 1
        self._characters += characters
        if self._count > _MOST_NODES or self._characters > _MOST_CHARACTERS:
            raise self._error(node, "aliases in here stand for too many values", "write them out")

    def _error(self, node: yaml.Node, what: str, do: str) -> UsageError:
        return UsageError(what, where=f"{self._file}:{node.start_mark.line + 1}", do=do)


def _tag(node: yaml.Node) -> str:
    return _short(node.tag.replace(_TAG, "!!"))
