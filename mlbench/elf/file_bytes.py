"""A firmware file's bytes, whatever its format."""

from __future__ import annotations

from pathlib import Path

from mlbench.errors import EnvironmentFault, SketchError, UsageError

_MOST_BYTES = 256 << 20


def read_file(path: Path) -> bytes:
    """The bytes of a firmware file.

    Raises:
        UsageError: there is no such file.
        EnvironmentFault: it cannot be read.
        SketchError: it is too large.
    """
    try:
        with Path(path).open("rb") as file:
            data = file.read(_MOST_BYTES + 1)
    except FileNotFoundError:
        raise UsageError(
            "no such file", where=str(path), do="build the firmware or correct the path"
        ) from None
    except IsADirectoryError:
        raise UsageError("is a folder", where=str(path), do="give the .elf file itself") from None
    except OSError as error:
        raise EnvironmentFault(f"cannot be read: {error.strerror}", where=str(path)) from None
    if len(data) > _MOST_BYTES:
        what = f"is larger than {_MOST_BYTES >> 20} MiB"
        raise SketchError(what, where=str(path), do="give the firmware's .elf")
    return data
