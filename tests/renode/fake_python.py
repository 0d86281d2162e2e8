"""The Python that the stand-in for Renode runs hooks in: what IronPython has there, and what it lacks.

- Extension methods of C# (``SetRegisterUlong``) are there in a hook's own text alone: not in what it hands to
  ``exec``, and not, to be strict, in functions of a file.
- An open file that nothing holds is closed: ``open(name).read()`` fails.
- ``SetRegister`` and ``PC`` take a RegisterValue, ``SetRegisterUlong`` a number; anything else is an error.
- All of it shares the module ``sys``.
"""

from __future__ import annotations

import builtins
import sys
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any


class RegisterValue:
    """Renode's value of a register."""

    def __init__(self, value: int) -> None:
        self.RawValue = value & 0xFFFFFFFF

    @classmethod
    def Create(cls, value: int, bits: int) -> RegisterValue:  # noqa: N802
        assert bits == 32
        return cls(value)

    def __str__(self) -> str:
        return f"0x{self.RawValue:x}"


class Array:
    """.NET's: ``Array[Byte](values)``."""

    def __class_getitem__(cls, kind: object) -> Callable[[Any], Any]:
        return {"Byte": bytes, "Int32": list}[kind.__name__]  # type: ignore[attr-defined]


class Byte:
    pass


class Int32:
    pass


class FileInfo:
    def __init__(self, name: str) -> None:
        self.Length = Path(absolute(name)).stat().st_size


class File:
    @staticmethod
    def WriteAllBytes(name: str, data: bytes) -> None:  # noqa: N802
        assert isinstance(data, bytes)
        Path(absolute(name)).write_bytes(data)


def absolute(name: str) -> str:
    """Renode's working folder is its installation: nothing of a run is there, and nothing may get there."""
    if not name.startswith("/"):
        raise OSError(f"Could not find file '{Path.cwd()}/{name}'.")
    return name


def install_modules() -> None:
    """What ``import`` finds in Renode."""
    for name, contents in {
        "Antmicro": {},
        "Antmicro.Renode": {},
        "Antmicro.Renode.Peripherals": {},
        "Antmicro.Renode.Peripherals.CPU": {"RegisterValue": RegisterValue, "ExecutionTracer": "tracer"},
        "System": {"Array": Array, "Byte": Byte, "Int32": Int32, "UInt64": int},
        "System.IO": {"File": File, "FileInfo": FileInfo},
    }.items():
        module = ModuleType(name)
        module.__dict__.update(contents)
        sys.modules[name] = module


class HeldFile:
    """An open file that is closed as soon as nothing holds it."""

    _unheld = 1 << 30

    def __init__(self, name: str, mode: str = "r") -> None:
        self._file = Path(absolute(name)).open(mode)  # noqa: SIM115

    def _check(self, references: int) -> Any:
        if references <= HeldFile._unheld:
            raise ValueError("Cannot access a closed file.")
        return self._file

    def read(self, *count: int) -> str:
        return self._check(sys.getrefcount(self)).read(*count)

    def write(self, text: str) -> None:
        self._check(sys.getrefcount(self)).write(text)

    def flush(self) -> None:
        self._check(sys.getrefcount(self)).flush()

    def close(self) -> None:
        self._file.close()

    def references(self) -> int:
        return sys.getrefcount(self)


HeldFile._unheld = HeldFile.references(HeldFile("/dev/null"))


def scope_of(extended: Any, plain: Any, **names: Any) -> dict[str, Any]:
    """The names of a hook's own text. What it hands to ``exec`` sees ``plain`` as self and cpu."""
    scope: dict[str, Any] = {"self": extended, "cpu": extended, **names}

    def run(code: Any, given: dict[str, Any] | None = None) -> None:
        inner = scope if given is None else given
        was = inner.get("self"), inner.get("cpu")
        inner.update(self=plain, cpu=plain)
        try:
            exec(code, inner)
        finally:
            inner.update(self=was[0], cpu=was[1])

    scope["__builtins__"] = {**vars(builtins), "open": HeldFile, "exec": run}
    return scope


def scope_of_file(**names: Any) -> dict[str, Any]:
    """The names of a file that the monitor runs, or of a Python peripheral's script."""
    return {"__builtins__": {**vars(builtins), "open": HeldFile}, **names}
