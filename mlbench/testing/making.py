"""From what a test names to a device of the kind that it asks for."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mlbench.core import backends
from mlbench.core.firmware import Firmware
from mlbench.core.sketch_files import is_tab
from mlbench.errors import UsageError

if TYPE_CHECKING:
    from mlbench.testing.any_firmware import AnyFirmware
    from mlbench.testing.dialogue import Dialogue


def make_device(
    firmware: AnyFirmware,
    backend: str,
    board: str,
    build: Callable[..., Firmware],
    **options: Any,
) -> Dialogue:
    """A device, switched off.

    Args:
        firmware: built firmware, a sketch's folder or .ino, or a file or files, as for ``Device``.
        backend: the name of a row of ``core.backends``.
        board: FQBN that a sketch is built for, and whose chip is emulated.
        build: builds a sketch.
        options: of the device's own class.

    Raises:
        UsageError: there is no such backend.
    """
    entry = backends.find(backend)
    if entry is None or not entry.device:
        do = f"use one of: {', '.join(row.name for row in backends.rows() if row.device)}"
        raise UsageError(f"this version has no devices of the backend {backend!r}", do=do)
    if isinstance(firmware, Path | str):
        path = Path(firmware)
        if path.is_dir() or is_tab(path):
            options_of_build = {"uploaded": True} if entry.on_port else {}
            firmware = build(path, board=board, **options_of_build)
    device: Dialogue = entry.make_device(firmware, board, **options)
    return device
