"""All boards: those that come with mlbench, each a YAML file beside this module, and the user's own.

``MLBENCH_BOARDS`` names a file, or a folder of files, of the user's. It is an environment variable and no key
of ``mlbench.yml``, because a definition may hold the command that uploads: whoever owns the machine says
which are taken, not whoever sends a pull request.
"""

from __future__ import annotations

import os
import string
from collections.abc import Iterable
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mlbench.boards.board import Board, board_of, unlisted
from mlbench.core.fqbn import OWN_PACKAGE, is_fqbn, without_options
from mlbench.errors import UsageError
from mlbench.util.own_yaml import load_own

if TYPE_CHECKING:
    from mlbench.util.yaml_lines import LocatedYaml

VARIABLE = "MLBENCH_BOARDS"
DEFAULT = "nano33ble"
"""Id of the board whose emulator runs an image where none is named."""
PLACEHOLDERS = ("port", "port_name", "folder", "elf", "bin", "hex", "fqbn", "baud")
"""What an upload's command may ask for."""


def load_boards() -> tuple[Board, ...]:
    """All boards, by id.

    Raises:
        UsageError: a definition of the user's is wrong; names its file and line.
    """
    place = os.environ.get(VARIABLE, "")
    return _load(os.path.abspath(os.path.expanduser(place)) if place else "")  # noqa: PTH100, PTH111 (links stay as named)


def board_for(name: str) -> Board:
    """The board of an FQBN or an id, with the memory that options of the FQBN give it.

    An FQBN that no board file has may be known to the sketch compiler: see ``unlisted``. Of the project's own
    platform all boards are known here.

    Raises:
        UsageError: no board has it; says which there are.
    """
    plain = without_options(name)
    for board in load_boards():
        if plain in board.fqbns or name == board.id:
            return board.with_options(name[len(plain) + 1 :])
    if is_fqbn(name) and not name.startswith(f"{OWN_PACKAGE}:"):
        return unlisted(plain)
    from mlbench.util.schema import suggestion

    known = known_fqbns()
    do = f"{suggestion(name, known)}; others are described in files of your own: docs/boards.md"
    raise UsageError(f"board {name!r} is not known", do=do)


def default_board() -> Board:
    """The board whose emulator runs an image where none is named; a user's file may have taken its place."""
    return board_for(DEFAULT)


def known_fqbns() -> list[str]:
    """The FQBNs that board files have."""
    return [fqbn for board in load_boards() for fqbn in board.fqbns]


def read_definition(text: str, file: str) -> Board:
    """A user's board.

    Raises:
        UsageError: the definition is wrong; with file and line.
    """
    from mlbench.util.yaml_lines import parse

    document = parse(text, file)
    if not isinstance(document.data, dict):
        raise UsageError("a board must be a mapping", where=f"{file}:1", do="begin it with 'id: NAME'")
    check(document)
    return board_of(document.data, file)


def check(document: LocatedYaml) -> None:
    """Hold a definition against the schema, and what a schema cannot say.

    Raises:
        UsageError: with file and line.
    """
    from mlbench.util.schema import load_schema, violations

    problems = sorted(
        violations(document.data, load_schema("mlbench.boards", "board.schema.json")),
        key=lambda violation: (document.line(violation.path), str(violation.path), violation.what),
    )
    if problems:
        first = problems[0]
        raise UsageError(first.what, where=document.where(first.path), do=first.do)
    upload = document.data.get("upload", {})
    path = ("upload", "by")
    if (upload.get("by") == "command") != ("command" in upload):
        do = "give both 'by: command' and 'command: [PROGRAM, ARGUMENT]', or neither"
        raise UsageError("upload by a command needs one", where=document.where(path), do=do)
    for index, argument in enumerate(upload.get("command", ())):
        where = document.where(("upload", "command", index))
        try:
            names = [name + spec + (turned or "") for _, name, spec, turned in placeholders(argument)]
        except ValueError as error:
            raise UsageError(f"{argument!r}: {error}", where=where, do="write {{ for a brace") from None
        for name in names:
            if name not in PLACEHOLDERS:
                known = ", ".join(f"{{{placeholder}}}" for placeholder in PLACEHOLDERS)
                do = f"there are: {known}; write {{{{ for a brace"
                raise UsageError(f"unknown placeholder {{{name}}}", where=where, do=do)


def placeholders(argument: str) -> list[tuple[str, str, str, str | None]]:
    """The parts of an argument that has placeholders: text before, name, and what may not follow it.

    Raises:
        ValueError: its braces do not match.
    """
    return [
        (text, name, spec or "", turned)
        for text, name, spec, turned in string.Formatter().parse(argument)
        if name is not None
    ]


@cache
def _load(place: str) -> tuple[Board, ...]:
    folder = files("mlbench.boards")
    boards = {}
    for item in folder.iterdir():
        if item.name.endswith(".yml"):
            board = _brought(item.read_text(encoding="utf-8"))
            boards[board.id] = board
    for board in _users(Path(place)) if place else ():
        # The same id takes the place of ours: another way to upload, say, to a board that is known.
        if board.id in boards and boards[board.id].file:
            what = f"board {board.id!r} is described twice, in {boards[board.id].file} too"
            raise UsageError(what, where=board.file, do="give one of them another id")
        boards[board.id] = board
    _no_fqbn_twice(boards.values())
    return tuple(sorted(boards.values(), key=lambda board: board.id))


def _brought(text: str) -> Board:
    # Read without lines and schema, which tests hold them against: the list of boards is the quickest
    # thing the command line does.
    data: dict[str, Any] = load_own(text)
    return board_of(data)


def _users(place: Path) -> list[Board]:
    from mlbench.util.yaml_lines import read_text

    try:
        inside = place.iterdir() if place.is_dir() else None
        paths = [place] if inside is None else sorted(p for p in inside if p.suffix in (".yml", ".yaml"))
        texts = [(_shown(path), read_text(path, _shown(path))) for path in paths]
    except OSError as error:
        what = f"boards cannot be read: {error.strerror or error}"
        where = str(error.filename or place)
        raise UsageError(what, where=where, do=f"set {VARIABLE} to a file or folder") from None
    if not texts:
        raise UsageError("no board is described here", where=str(place), do="put .yml files there")
    return [read_definition(text, shown) for shown, text in texts]


def _shown(path: Path) -> str:
    return os.path.relpath(path) if path.is_relative_to(Path.cwd()) else str(path)


def _no_fqbn_twice(boards: Iterable[Board]) -> None:
    claimed: dict[str, Board] = {}
    for board in sorted(boards, key=lambda board: bool(board.file)):
        for fqbn in board.fqbns:
            other = claimed.setdefault(fqbn, board)
            if other is not board:
                do = f"give it the id {other.id!r} to take its place, or another FQBN"
                raise UsageError(f"{fqbn} is board {other.id!r} already", where=board.file, do=do)
