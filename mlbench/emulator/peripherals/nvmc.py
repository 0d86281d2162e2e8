"""NVMC, the flash controller, and ACL: nRF52840 Product Specification v1.7, sections 4.3 and 6.2."""

from __future__ import annotations

from typing import Any

from mlbench.boards.board import Region
from mlbench.emulator.peripherals.base import (
    Cause,
    MachineAccess,
    Peripheral,
    PeripheralSlot,
    Register,
    Writer,
    never,
    plain,
)
from mlbench.emulator.peripherals.ficr_uicr import Uicr

WRITE_US = 41.0
ERASE_PAGE_US = 85_000.0
ERASE_ALL_US = 169_000.0
"""t_WRITE, t_ERASEPAGE and t_ERASEALL (4.3.10)."""
_WRITE, _ERASE = 1, 2
"""CONFIG.WEN."""
_REGIONS = 8
ACL_REGISTERS = {
    0x800 + 16 * n + 4 * m: f"ACL{n}.{name}"
    for n in range(_REGIONS)
    for m, name in enumerate(("ADDR", "SIZE", "PERM"))
}
"""Address, size and permissions of each region (6.2.2)."""
_NO_WRITE = 1 << 1


class Nvmc(Peripheral):
    """Writes and erases take their time; the CPU waits meanwhile if its code is in flash (4.3.1, 4.3.2)."""

    def __init__(
        self, machine: MachineAccess, place: PeripheralSlot, flash: Region, page: int, uicr: str
    ) -> None:
        self._flash_array, self._flash, self._page_size = machine.flash_array, flash, page
        self._uicr = machine.part(Uicr, uicr)
        self._uicr.program = self.program_uicr
        self.busy_until = 0
        self.partial: dict[int, int] = {}
        """Milliseconds of partial erases so far, by page."""
        super().__init__(machine, place)
        machine.offer_stores(self.program)

    def registers(self) -> list[Register]:
        """Registers of sections 4.3.9 and 6.2.2."""
        table = [
            Register(0x400, "READY", read=self._ready, read_only=True, until=self._ready_at),
            Register(0x408, "READYNEXT", read=self._ready, read_only=True, until=self._ready_at),
            Register(0x504, "CONFIG", write=self._configure),
            Register(0x508, "ERASEPAGE", write=self._erase_page),
            Register(0x50C, "ERASEALL", write=self._erase_all),
            Register(0x510, "ERASEPCR0", write=self._erase_page),
            Register(0x514, "ERASEUICR", write=self._erase_uicr),
            Register(0x518, "ERASEPAGEPARTIAL", write=self._erase_partly),
            plain(0x51C, "ERASEPAGEPARTIALCFG", 10),
            Register(0x540, "ICACHECNF", write=self._set_cache),
            plain(0x548, "IHIT"),
            plain(0x54C, "IMISS"),
        ]
        return table + [Register(at, name, write=self._once(at)) for at, name in ACL_REGISTERS.items()]

    def _once(self, at: int) -> Writer:
        def write(value: int) -> None:
            self.stored.setdefault(at, value)

        return write

    def _set_cache(self, value: int) -> None:
        self.stored[0x540] = value & 0x101
        self._flash_array.switch_cache(bool(value & 1))

    def _configure(self, value: int) -> None:
        self.stored[0x504] = value & 3

    # --- time --------------------------------------------------------------------------------

    def _ready(self) -> int:
        return int(self.machine.now() >= self.busy_until)

    def _ready_at(self) -> int:
        return never() if self._ready() else self.busy_until

    def _take(self, us: float) -> None:
        """Spend the time of an operation, behind one that is still under way."""
        now = self.machine.now()
        wait = max(0, self.busy_until - now) * 1e6 / self.machine.hz()
        self.busy_until = now + int((wait + us) * self.machine.hz() / 1e6)
        # Code in RAM goes on, until it asks for something while the controller is busy.
        stalled = wait + us if self._flash_array.runs_from_flash() else wait
        if stalled:
            self._flash_array.stall(stalled)

    # --- writing and erasing -----------------------------------------------------------------

    def _mode(self) -> int:
        return self.stored.get(0x504, 0)

    def _protected(self, address: int) -> bool:
        """Whether a region of ACL keeps writes and erases off (6.2)."""
        for n in range(_REGIONS):
            at = 0x800 + 16 * n
            start, size = self.stored.get(at, 0), self.stored.get(at + 4, 0)
            if self.stored.get(at + 8, 0) & _NO_WRITE and start <= address < start + size:
                return True
        return False

    def program(self, address: int, size: int, value: int) -> bool:
        """A store by the CPU to flash; False: it is refused, which is a fault.

        Only whole, aligned words can be written, and only with CONFIG.WEN set (4.3.1). What a store without
        it does the manual leaves open: here it faults as well.
        """
        if self._mode() != _WRITE or size != 4 or address % 4 or self._protected(address):
            return False
        self._flash_array.write(address, value)
        self._take(WRITE_US)
        return True

    def program_uicr(self) -> bool:
        """A store to UICR: whether it is taken."""
        if self._mode() != _WRITE:
            return False
        self._take(WRITE_US)
        return True

    def _erasable(self, address: int) -> bool:
        return self._mode() == _ERASE and self._flash.holds(address) and not self._protected(address)

    def _erase_page(self, address: int) -> None:
        page = address // self._page_size
        if self._erasable(address):
            self.partial.pop(page, None)
            self._flash_array.erase(page * self._page_size, self._page_size)
            self._take(ERASE_PAGE_US)

    def _erase_partly(self, address: int) -> None:
        """Part of a page's erase: it is erased when the parts add up (4.3.6); before, nothing is seen."""
        page = address // self._page_size
        if not self._erasable(address):
            return
        duration = self.stored.get(0x51C, 10) & 0x7F
        self.partial[page] = self.partial.get(page, 0) + duration
        if self.partial[page] * 1000 >= ERASE_PAGE_US:
            del self.partial[page]
            self._flash_array.erase(page * self._page_size, self._page_size)
        self._take(duration * 1000.0)

    def _erase_all(self, value: int) -> None:
        if value & 1 and self._mode() == _ERASE:
            self._flash_array.erase(self._flash.start, self._flash.size)
            self._uicr.erase()
            self._take(ERASE_ALL_US)

    def _erase_uicr(self, value: int) -> None:
        if value & 1 and self._mode() == _ERASE:
            self._uicr.erase()
            self._take(ERASE_PAGE_US)

    def reset(self, cause: Cause, fresh: dict[str, Any]) -> None:
        """How far partial erases got is in the cells."""
        partial = self.partial
        super().reset(cause, fresh)
        self.partial = partial

    def state(self) -> dict[str, object]:
        """The attributes that a snapshot must hold."""
        return {**super().state(), "busy_until": self.busy_until, "partial": self.partial}
