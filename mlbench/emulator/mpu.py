"""The memory protection unit: eight regions of PMSAv7.

ARMv7-M Architecture Reference Manual (DDI 0403E), B3.5. The CPU emulation enforces it, down to regions of
32 bytes and sub-regions of a larger one; frames of exceptions, which are stacked on the host, ask ``allows``.
"""

from __future__ import annotations

from collections.abc import Callable

from mlbench.emulator.core_record import CoreRecord

REGIONS = 8
ENABLE, HFNMIENA, PRIVDEFENA = 1, 2, 4
_VALID = 1 << 4
_STEP = 32
"""The smallest region."""

# AP of RASR: what privileged and unprivileged code may do (table B3-15).
_PRIVILEGED = {0: "", 1: "rw", 2: "rw", 3: "rw", 5: "r", 6: "r", 7: "r"}
_UNPRIVILEGED = {0: "", 1: "", 2: "r", 3: "rw", 5: "", 6: "r", 7: "r"}

State = tuple[int, int, tuple[int, ...], tuple[int, ...]]


class Mpu:
    """Its registers, in a record that C may write as well (``_core_registers.h``).

    ``changed`` is told when what they say is another by what is done here.
    """

    def __init__(self, record: CoreRecord, changed: Callable[[], None]) -> None:
        self._record = record
        self._changed = changed
        self.bases, self.attributes = record.mpu_bases, record.mpu_attributes

    @property
    def control(self) -> int:
        """MPU_CTRL."""
        return int(self._record.mpu_control)

    def set_control(self, value: int) -> None:
        """Write MPU_CTRL."""
        self._record.mpu_control = value & 7
        self._changed()

    @property
    def region(self) -> int:
        """MPU_RNR."""
        return int(self._record.mpu_region)

    def set_region(self, value: int) -> None:
        """Write MPU_RNR."""
        self._record.mpu_region = value & 0xFF

    def base(self) -> int:
        """MPU_RBAR reads the region's number in its low bits."""
        return int(self.bases[self.region % REGIONS]) | self.region & 0xF

    def set_base(self, value: int) -> None:
        """MPU_RBAR."""
        if value & _VALID:
            self.set_region(value & 0xF)
        if self.region < REGIONS:
            self.bases[self.region] = value & 0xFFFFFFE0
            self._changed()

    def set_attributes(self, value: int) -> None:
        """MPU_RASR."""
        if self.region < REGIONS:
            self.attributes[self.region] = value & 0x173FFF3F
            self._changed()

    def _allows_at(self, address: int, privileged: bool, write: bool) -> bool:
        for base, attributes in reversed(list(zip(self.bases, self.attributes, strict=True))):
            bits = (attributes >> 1 & 0x1F) + 1
            if not attributes & 1 or bits < 5 or (address ^ base) >> bits:
                continue
            if bits >= 8 and attributes >> (8 + (address >> (bits - 3) & 7)) & 1:
                continue
            rights = (_PRIVILEGED if privileged else _UNPRIVILEGED).get(attributes >> 24 & 7, "")
            return ("w" if write else "r") in rights
        return privileged and bool(self.control & PRIVDEFENA)

    def refused(self, address: int, size: int, privileged: bool, write: bool) -> int | None:
        """The first address that may not be read or written, at a priority of 0 or more (B3.5.3)."""
        if not self.control & ENABLE:
            return None
        for start in (address, *range((address | _STEP - 1) + 1, address + size, _STEP)):
            place: int = start & 0xFFFFFFFF
            if not self._allows_at(place, privileged, write):
                return place
        return None

    def allows(self, address: int, size: int, privileged: bool, write: bool) -> bool:
        """Whether data may be read or written there, at a priority of 0 or more (B3.5.3)."""
        return self.refused(address, size, privileged, write) is None

    def save(self) -> State:
        """What a snapshot must hold."""
        return self.control, self.region, tuple(self.bases), tuple(self.attributes)

    def load(self, saved: State) -> None:
        """Go back to what ``save`` gave."""
        self._record.mpu_control, self._record.mpu_region, self.bases[:], self.attributes[:] = saved
        self._changed()
