"""Measurements kept by what they were measured of, and with what.

A profile depends on the bytes of the image, on what the suite asks for, and on the instrument, and on
nothing else: the same image gives the same figures on every machine. So the key is made of these
themselves, not of sources from which they came. The instrument is this package's code, its data, and
the libraries it is built upon.
"""

from __future__ import annotations

import hashlib
import json
import os
import tempfile
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from functools import cache
from importlib import metadata
from pathlib import Path
from typing import Any

from mlbench import version
from mlbench.core import backends
from mlbench.core.execution import Target
from mlbench.core.firmware import Firmware, MemoryLimit
from mlbench.errors import UsageError
from mlbench.measure.profile import Profile
from mlbench.results.codec import decode, encode
from mlbench.results.values import Measures
from mlbench.suite.suite_file import SketchSpec

MOST_KEPT = 2000
"""Entries, of some 100 KB at most; the oldest go first."""

_MOST_BYTES = 4_000_000
_UPON = ("unicorn", "pyelftools", "cxxfilt")
_FORMAT = "mlbench/kept/1"

Measure = Callable[[Firmware, SketchSpec, Target, "int | None"], Profile]


class MeasurementCache:
    """Measures what was not measured before. A folder that cannot be written only costs time."""

    def __init__(self, folder: Path, measure: Measure) -> None:
        self._folder = folder
        self._measure = measure

    def __call__(self, firmware: Firmware, spec: SketchSpec, target: Target, overhead: int | None) -> Profile:
        """As ``measure``; a profile that was kept says so (``cached``)."""
        key = key_of(firmware, spec, target, overhead)
        if not key:
            return self._measure(firmware, spec, target, overhead)
        path = self._folder / f"{key}.json"
        cached = _load(path, key)
        if cached is not None:
            return cached
        profile = self._measure(firmware, spec, target, overhead)
        # What went wrong is told by the run that it went wrong in, with its own places of files.
        if profile.failure is None:
            _save(path, key, profile)
            self._prune()
        return profile

    def _prune(self) -> None:
        with suppress(OSError):
            entries = [(entry.stat().st_mtime, entry.path) for entry in os.scandir(self._folder)]
            for _, path in sorted(entries)[: max(0, len(entries) - MOST_KEPT)]:
                Path(path).unlink(missing_ok=True)


def key_of(firmware: Firmware, spec: SketchSpec, target: Target, overhead: int | None) -> str:
    """What a profile depends on, as one digest; empty where it may differ from time to time."""
    backend = backends.find(spec.backend)
    # A board is asked again: that is what it is there for.
    if backend is None or not backend.exact:
        return ""
    try:
        instrument = target.instrument
        inputs = spec.inputs.read(spec.own_folder)
        canonical = [firmware.canonical_elf] if firmware.canonical_elf is not None else []
        images = [
            hashlib.sha256(path.read_bytes()).hexdigest()
            for path in (firmware.elf, firmware.probe_elf, *canonical)
        ]
    except (OSError, UsageError):
        return ""  # let measuring say it
    # Names, thresholds, and places in files change no figure; everything else is taken as if it did.
    nameless = replace(spec, name="", where="", thresholds=())
    parts = [
        _FORMAT,
        instrument_digest(),
        encode(instrument),
        repr(target),
        images,
        firmware.elf == firmware.probe_elf,
        firmware.is_template,
        firmware.no_canonical,
        firmware.name,
        encode(firmware.overflows),
        [firmware.platform_bytes, firmware.platform_variables],
        overhead,
        nameless.board,
        nameless.backend,
        repr(nameless.functions),
        [nameless.ram_search, nameless.ram_min, nameless.ram_max],
        [nameless.inferences, nameless.timeout_us, nameless.serial, nameless.marks, nameless.trace_limit],
        [inputs.digest, *inputs.notes],
        list(nameless.asks_for),
    ]
    return hashlib.sha256(json.dumps(parts).encode()).hexdigest()


@cache
def instrument_digest() -> str:
    """All that measures: code and data of this package, and the versions of what it stands upon."""
    digest = hashlib.sha256()
    folder = Path(version.__file__).parent
    for path in sorted(folder.rglob("*")):
        if path.suffix in (".py", ".c", ".h", ".yml", ".yaml", ".json") and "__pycache__" not in path.parts:
            digest.update(f"{path.relative_to(folder)}\0".encode())
            digest.update(hashlib.sha256(path.read_bytes()).digest())
    for name in _UPON:
        with suppress(metadata.PackageNotFoundError):
            digest.update(f"{name}=={metadata.version(name)}\n".encode())
    return digest.hexdigest()


def _load(path: Path, key: str) -> Profile | None:
    try:
        if path.stat().st_size > _MOST_BYTES:
            return None
        text = path.read_text(encoding="ascii")
        data: dict[str, Any] = json.loads(text)
        body = data["profile"]
        # A disk that filled up, or a cache of cut files: what is not whole was not kept.
        if data["key"] != key or data["digest"] != _digest(body):
            return None
        profile = Profile(
            decode(body["measures"], Measures),
            None,
            tuple(body["notes"]),
            bytes.fromhex(body["serial"]),
            True,
            memories=tuple(decode(item, MemoryLimit) for item in body["memories"]),
        )
    except (OSError, UsageError, ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return None
    with suppress(OSError):
        os.utime(path)
    return profile


def _save(path: Path, key: str, profile: Profile) -> None:
    body = {
        "measures": encode(profile.measures),
        "notes": list(profile.notes),
        "serial": profile.serial.hex(),
        "memories": [encode(memory) for memory in profile.memories],
    }
    text = json.dumps({"key": key, "digest": _digest(body), "profile": body})
    with suppress(OSError):
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(dir=path.parent, prefix=".new-")
        try:
            with os.fdopen(handle, "w", encoding="ascii") as file:
                file.write(text)
            Path(name).replace(path)
        except OSError:
            Path(name).unlink(missing_ok=True)


def _digest(body: Any) -> str:
    return hashlib.sha256(json.dumps(body, sort_keys=True).encode()).hexdigest()
