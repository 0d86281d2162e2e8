"""YAML whose every key and item remembers its line, so that errors can name it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import yaml

from mlbench.errors import UsageError

Path = tuple[str | int, ...]
"""Where a value stands: keys and list positions from the top."""

_MAX_NODES = 100_000
"""Aliases multiply: a file of a few lines can stand for billions of values."""


@dataclass(frozen=True)
class LocatedYaml:
    """Plain data, and the line (1 first) of each key and list item."""

    data: Any
    file: str
    lines: dict[Path, int] = field(default_factory=dict)

    def line(self, path: Path) -> int:
        """The line of ``path``, or of the nearest thing around it."""
        while path and path not in self.lines:
            path = path[:-1]
        return self.lines.get(path, 1)

    def where(self, path: Path) -> str:
        """``file:line`` of ``path``."""
        return f"{self.file}:{self.line(path)}"


def parse(text: str, file: str) -> LocatedYaml:
    """Parse one YAML document.

    Raises:
        UsageError: with file and line, for what is not YAML, a key given twice, a key that is not
            text, or an alias that holds itself.
    """
    try:
        loader = yaml.SafeLoader(text)
        node = loader.get_single_node()
        builder = _Builder(loader, file)
        data = None if node is None else builder.build(node, ())
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line = mark.line + 1 if mark else 1
        what = " ".join(part for part in (error.context, error.problem) if part)
        raise UsageError(f"not valid YAML: {what}", where=f"{file}:{line}", do="mend this line") from None
    except yaml.reader.ReaderError as error:
        line = text.count("\n", 0, error.position) + 1
        what = f"character {ord(text[error.position]):#06x} is not allowed in YAML"
        raise UsageError(what, where=f"{file}:{line}", do="remove it or write it escaped in quotes") from None
    except RecursionError:
        raise UsageError("nested too deeply", where=f"{file}:1", do="flatten it") from None
    return LocatedYaml(data, file, builder.lines)


class _Builder:
    """Turns nodes into plain data and notes the lines as it goes."""

    def __init__(self, loader: yaml.SafeLoader, file: str) -> None:
        self._loader = loader
        self._file = file
        self._open: set[int] = set()
        self._count = 0
        self.lines: dict[Path, int] = {}

    def build(self, node: yaml.Node, path: Path) -> Any:
        self.lines.setdefault(path, node.start_mark.line + 1)
        self._count += 1
        if self._count > _MAX_NODES:
            raise self._error(node, "aliases in here stand for too many values", "write them out")
        if id(node) in self._open:
            raise self._error(node, "an alias holds itself", "remove the alias")
        self._open.add(id(node))
        try:
            if isinstance(node, yaml.MappingNode):
                return self._mapping(node, path)
            if isinstance(node, yaml.SequenceNode):
                return [self._item(item, (*path, index)) for index, item in enumerate(node.value)]
            return self._scalar(node)
        finally:
            self._open.discard(id(node))

    def _item(self, node: yaml.Node, path: Path) -> Any:
        self.lines[path] = node.start_mark.line + 1
        return self.build(node, path)

    def _mapping(self, node: yaml.MappingNode, path: Path) -> dict[str, Any]:
        seen: dict[str, int] = {}
        for key_node, _ in node.value:
            line = key_node.start_mark.line + 1
            key = key_node.value
            if isinstance(key, str) and key in seen and key != "<<":
                what = f"key {key!r} is given twice, first in line {seen[key]}"
                raise self._error(key_node, what, "keep one of them")
            if isinstance(key, str):
                seen[key] = line
        self._loader.flatten_mapping(node)
        result: dict[str, Any] = {}
        for key_node, value_node in node.value:
            key = self._scalar(key_node) if isinstance(key_node, yaml.ScalarNode) else None
            if not isinstance(key, str):
                raise self._error(key_node, "a key must be text", "put it in quotes")
            at = (*path, key)
            self.lines[at] = key_node.start_mark.line + 1
            result[key] = self.build(value_node, at)
        return result

    def _scalar(self, node: yaml.Node) -> Any:
        try:
            return self._loader.construct_object(node, deep=True)
        except ValueError as error:  # such as a date that does not exist
            raise self._error(node, str(error), "put it in quotes") from None

    def _error(self, node: yaml.Node, what: str, do: str) -> UsageError:
        return UsageError(what, where=f"{self._file}:{node.start_mark.line + 1}", do=do)
