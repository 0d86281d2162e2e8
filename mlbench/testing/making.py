"""From what a test names to a device of the kind that it asks for."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mlbench.core.firmware import Firmware
from mlbench.errors import UsageError
from mlbench.testing.building import spec_of

if TYPE_CHECKING:
    from mlbench.testing.dialogue import Dialogue


def make_device(
    firmware: Firmware | Path | str,
    backend: str,
    board: str,
    build: Callable[..., Firmware],
    **options: Any,
) -> Dialogue:
    """A device, switched off.

    Args:
        firmware: built firmware, a sketch's folder or .ino, or an ELF file.
        backend: ``emulator``, ``renode`` or ``board``.
        board: FQBN that a sketch is built for, and whose chip is emulated.
        build: builds a sketch.
        options: of the device's own class.

    Raises:
        UsageError: there is no such backend.
    """
    if not isinstance(firmware, Firmware):
        path = Path(firmware)
        if path.is_dir() or path.suffix == ".ino":
            options_of_build = {"uploaded": True} if backend == "board" else {}
            firmware = build(path, board=board, **options_of_build)
    if backend == "board":
        from mlbench.testing.board_device import BoardDevice

        return BoardDevice(firmware, board=board, **options)
    if backend == "renode":
        from mlbench.testing.renode_device import RenodeDevice

        return RenodeDevice(firmware, board=board, **options)
    if backend != "emulator":
        do = "use emulator, renode or board"
        raise UsageError(f"this version has no devices of the backend {backend!r}", do=do)
    from mlbench.testing.device import Device

    if isinstance(firmware, Firmware) and firmware.source.exists():
        spec = spec_of(firmware.source)
        if spec is not None and spec.functions.inference:
            options = {
                "inference": spec.functions.inference,
                "output": spec.functions.outputs,
                **options,
            }
    return Device(firmware, board=board, **options)
