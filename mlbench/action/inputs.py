"""The action's inputs: one table, and the settings that are read from it.

Inputs reach the code by environment variables alone, so that no input is ever part of a script.
Only the standard library is used here: inputs are checked before anything is installed.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from mlbench.core import backends
from mlbench.errors import UsageError

PREFIX = "MLBENCH_INPUT_"
"""An input ``fail-on`` is passed as ``MLBENCH_INPUT_FAIL_ON``."""

MODES = ("all", "measure", "report", "build")
COMMENTS = ("always", "changes", "regressions", "never")
FAILURES = ("thresholds", "failures")
BASELINES = ("auto", "artifact", "none")
_FLAGS = {"true": True, "false": False}
_UNSUCCESSFUL = ("failure", "cancelled")
"""Of a needed job's results (GitHub's ``needs`` context); one that succeeded has handed in, if it was to."""
_KEY_LENGTH = 1000


@dataclass(frozen=True)
class Input:
    """One input: how it is written in ``action.yml``."""

    name: str
    default: str
    kind: str
    """``text``, ``list`` (one a line, or apart by commas), ``choice``, ``choices``, ``flag``, ``secret``."""
    choices: tuple[str, ...] = ()


def inputs() -> tuple[Input, ...]:
    """Every input of ``action.yml``, in its order. ``token`` is passed only to the steps that need it."""
    return (
        Input("suite", "", "text"),
        Input("sketches", "", "list"),
        Input("board", "", "list"),
        Input("backend", "", "choice", ("", *backends.names())),
        Input("platforms", "", "list"),
        Input("libraries", "", "list"),
        Input("renode-version", "", "text"),
        Input("firmware-dir", "", "text"),
        Input("mode", "all", "choice", MODES),
        Input("baseline", "auto", "text"),
        Input("skip-unchanged", "true", "flag"),
        Input("comment", "always", "choice", COMMENTS),
        Input("fail-on", "thresholds, failures", "choices", (*FAILURES, "nothing")),
        Input("key", "${{ toJSON(matrix) }}", "text"),
        Input("needs", "", "text"),
        Input("working-directory", ".", "text"),
        Input("cache", "true", "flag"),
        Input("install", "", "choice", ("", "true", "false")),
        Input("token", "${{ github.token }}", "secret"),
    )


def variable(name: str) -> str:
    """The environment variable that carries an input."""
    return PREFIX + name.upper().replace("-", "_")


@dataclass(frozen=True)
class ActionInputs:
    """What the inputs ask for. All but the token, which no other step may meet."""

    suite: str = ""
    sketches: tuple[str, ...] = ()
    """Patterns as the shell has them, for names and paths of sketches; none: all."""
    board: tuple[str, ...] = ()
    backend: str = ""
    platforms: tuple[str, ...] = ()
    """``package:architecture@version``, to be installed."""
    libraries: tuple[str, ...] = ()
    """``Name@version``, to be installed."""
    renode_version: str = ""
    """The release of Renode to fetch; empty: none, the one on PATH is used."""
    firmware_dir: str = ""
    """A folder of firmware: written in mode ``build``, else measured instead of anything that is built.

    In mode ``report`` it says that this very run has measured it.
    """
    mode: str = "all"
    baseline: str = "auto"
    """One of BASELINES, or a result file's path."""
    skip_unchanged: bool = True
    """Whether sketches that a pull request does not touch are left out."""
    comment: str = "always"
    fail_on: tuple[str, ...] = FAILURES
    key: str = ""
    """What tells this matrix job from the others; empty where there is no matrix."""
    needs: tuple[str, ...] = ()
    """Jobs that this one needs and that did not succeed: ``measure (failure)`` each."""
    working_directory: str = "."
    cache: bool = True
    install: str = ""
    """``true``, ``false``, or empty: on GitHub's own machines only."""

    @property
    def prebuilt(self) -> bool:
        """Whether firmware that was built elsewhere is measured, and nothing is built."""
        return bool(self.firmware_dir) and self.mode != "build"

    @classmethod
    def read(cls, environ: Mapping[str, str]) -> ActionInputs:
        """From the variables that ``action.yml`` sets; a variable that is missing or blank means the default.

        Raises:
            UsageError: an input has a value that it cannot have; names the input and its values.
        """
        kinds = {item.name: item for item in inputs()}
        texts = {name: _text(item, environ) for name, item in kinds.items() if item.kind != "secret"}

        def choice(name: str) -> str:
            return _choice(kinds[name], texts[name])

        failures = tuple(dict.fromkeys(_choice(kinds["fail-on"], word) for word in words(texts["fail-on"])))
        if "nothing" in failures and len(failures) > 1:
            raise _wrong("fail-on", texts["fail-on"], "`nothing` stands alone")
        if choice("mode") == "build" and not texts["firmware-dir"]:
            raise _wrong("firmware-dir", "", "mode build needs the folder to write to")
        if texts["firmware-dir"] and texts["board"] and choice("mode") != "build":
            raise _wrong("board", texts["board"], "firmware of the input firmware-dir has its board")
        return cls(
            suite=texts["suite"],
            sketches=words(texts["sketches"]),
            board=_boards(texts["board"]),
            backend=choice("backend"),
            platforms=words(texts["platforms"]),
            libraries=words(texts["libraries"]),
            renode_version=texts["renode-version"],
            firmware_dir=texts["firmware-dir"],
            mode=choice("mode"),
            baseline=texts["baseline"],
            skip_unchanged=_flag("skip-unchanged", texts["skip-unchanged"]),
            comment=choice("comment"),
            fail_on=() if failures == ("nothing",) else failures,
            key=_key(texts["key"]),
            needs=_unsuccessful(texts["needs"]),
            working_directory=_folder(texts["working-directory"]),
            cache=_flag("cache", texts["cache"]),
            install=choice("install"),
        )

    def to_json(self) -> str:
        """For the steps that follow."""
        return json.dumps(asdict(self))

    @classmethod
    def from_json(cls, text: str) -> ActionInputs:
        """What ``to_json`` gave."""
        data: dict[str, Any] = json.loads(text)
        data |= {key: tuple(item) for key, item in data.items() if isinstance(item, list)}
        return cls(**data)


def words(text: str) -> tuple[str, ...]:
    """The items of a list, written one a line or apart by commas."""
    return tuple(word for word in (part.strip() for part in re.split(r"[,\r\n]", text)) if word)


def _boards(text: str) -> tuple[str, ...]:
    """FQBNs: a comma also parts the options of one, and then no colon follows it before the equals sign."""
    return tuple(
        board for board in (part.strip() for part in re.split(r"[\r\n]|,(?=[^,=]*:)", text)) if board
    )


def _text(item: Input, environ: Mapping[str, str]) -> str:
    given = environ.get(variable(item.name), "").strip()
    if "\0" in given:
        raise _wrong(item.name, given, "it holds a NUL")
    # A default with an expression was evaluated by the runner, and is empty where that gave nothing.
    return given or ("" if "${{" in item.default else item.default)


def _choice(item: Input, text: str) -> str:
    if text.lower() not in item.choices:
        raise _wrong(item.name, text, f"use one of: {', '.join(filter(None, item.choices))}")
    return text.lower()


def _flag(name: str, text: str) -> bool:
    if text.lower() not in _FLAGS:
        raise _wrong(name, text, "use true or false")
    return _FLAGS[text.lower()]


def _key(text: str) -> str:
    # A job without a matrix has the matrix `null`.
    if text in ("null", "{}"):
        return ""
    if len(text) > _KEY_LENGTH:
        raise _wrong("key", f"{text[:40]}...", f"keep it below {_KEY_LENGTH} characters")
    try:
        return json.dumps(json.loads(text), sort_keys=True, separators=(",", ":"))
    except ValueError:
        return text


def _unsuccessful(text: str) -> tuple[str, ...]:
    """The jobs in the workflow's ``needs`` that were to run and did not succeed."""
    try:
        jobs = json.loads(text or "{}")
        results = {job: of_job["result"] for job, of_job in jobs.items()}
    except (ValueError, AttributeError, TypeError, KeyError):
        raise _wrong("needs", f"{text[:40]}", "give ${{ toJSON(needs) }}") from None
    return tuple(f"{job} ({result})" for job, result in results.items() if result in _UNSUCCESSFUL)


def _folder(text: str) -> str:
    path = Path(os.path.normpath(text))
    if path.is_absolute() or ".." in path.parts:
        raise _wrong("working-directory", text, "give a folder inside the workspace")
    return str(path)


def _wrong(name: str, text: str, do: str) -> UsageError:
    return UsageError(f"cannot be {text!r}", where=f"input {name}", do=do)
