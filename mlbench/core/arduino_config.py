"""The user's own set-up of arduino-cli, read as arduino-cli 1.5.1 reads it.

arduino-cli itself is not asked: it makes its data folder wherever it runs, and takes longer to answer than a
cached build takes in all.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mlbench.util.yaml_lines import parse, read_text

_FILE = "arduino-cli.yaml"
_DATA = "directories.data"
_USER = "directories.user"
_LIBRARIES = "directories.builtin.libraries"
_URLS = "board_manager.additional_urls"
_PROXY = "network.proxy"
_ALIASES = {_DATA: "ARDUINO_DATA_DIR", _USER: "ARDUINO_SKETCHBOOK_DIR"}
"""Older names of variables, which go before the newer ones (internal/cli/configuration/defaults.go)."""


@dataclass(frozen=True)
class ArduinoConfig:
    """What counts of a user's set-up. Folders are absolute; none needs to exist."""

    data: Path
    """Indexes and installed platforms."""
    user: Path
    """The sketchbook: ``libraries/`` and ``hardware/``."""
    libraries: Path | None = None
    """Libraries that go behind all others, as the IDE has them."""
    additional_urls: tuple[str, ...] = ()
    """Package indexes of third parties."""
    proxy: str = ""


def read_config(environ: Mapping[str, str] | None = None, folder: Path | None = None) -> ArduinoConfig:
    """The configuration that arduino-cli would have in a folder (the current one).

    The file is the one that ``ARDUINO_CONFIG_FILE`` names, else ``arduino-cli.yaml`` in the data folder that
    a variable names, else in the usual data folder. A variable goes before the file. Relative paths start at
    the current folder, wherever the file lies; ``~`` means nothing in them. Values of a wrong kind are passed
    over.

    Raises:
        UsageError: the file is not YAML.
    """
    environ = os.environ if environ is None else environ
    folder = Path.cwd() if folder is None else folder
    data, user = _usual(environ)
    settings = dict(_settings(_file(environ, folder, data)))
    for key in (_DATA, _USER, _LIBRARIES, _URLS, _PROXY):
        names = [f"ARDUINO_{key.replace('.', '_').upper()}", _ALIASES.get(key, "")]
        for value in filter(None, (environ.get(name, "") for name in names)):
            settings[key] = value.split() if key == _URLS else value
    libraries = _text(settings.get(_LIBRARIES))
    urls = settings.get(_URLS)
    return ArduinoConfig(
        data=folder / (_text(settings.get(_DATA)) or data),
        user=folder / (_text(settings.get(_USER)) or user),
        libraries=folder / libraries if libraries else None,
        additional_urls=tuple(filter(None, map(_text, urls))) if isinstance(urls, list) else (),
        proxy=_text(settings.get(_PROXY)),
    )


def _usual(environ: Mapping[str, str]) -> tuple[Path, Path]:
    """The data folder and the sketchbook of a user who said nothing."""
    home = Path(environ.get("HOME", "") or Path.home())
    if sys.platform == "darwin":
        return home / "Library" / "Arduino15", home / "Documents" / "Arduino"
    return home / ".arduino15", home / "Arduino"


def _file(environ: Mapping[str, str], folder: Path, usual: Path) -> Path:
    named = environ.get("ARDUINO_CONFIG_FILE", "")
    if named:
        return folder / named
    data = environ.get("ARDUINO_DIRECTORIES_DATA", "") or environ.get(_ALIASES[_DATA], "")
    return folder / (data or usual) / _FILE


def _settings(file: Path) -> Iterator[tuple[str, Any]]:
    """Each setting of a file by its key in full; nothing where it cannot be read."""
    try:
        document = parse(read_text(file, str(file)), str(file)).data
    except OSError:
        return
    yield from _flat(document, "")


def _flat(value: Any, key: str) -> Iterator[tuple[str, Any]]:
    if not isinstance(value, dict):
        yield key, value
        return
    for name, inner in value.items():
        yield from _flat(inner, f"{key}.{name}" if key else name)


def _text(value: Any) -> str:
    return value if isinstance(value, str) else ""
