"""Virtual time: cycles of the CPU's clock, and the events that are due at some of them."""

from __future__ import annotations

import heapq
from typing import Any

from mlbench.emulator.block_hook import NEVER, BlockHook
from mlbench.emulator.wait_count import WaitCount


class Clock:
    """The one clock of a machine. Time is the block hook's cycle count plus time slept.

    Events are named (owner, name), so that they can be saved in a snapshot and started again.
    """

    def __init__(self, hook: BlockHook, hz: int) -> None:
        self._hook = hook
        self.waiting = WaitCount()
        self.hz = hz
        self.limit = NEVER
        self.ahead = 0
        """Cycles that are counted already but not yet run: set while a block accesses a peripheral."""
        self._due: dict[tuple[str, str], tuple[int, int]] = {}
        """What is due: when, and in which order it was scheduled."""
        self._queue: list[tuple[int, int, str, str]] = []
        self._order = 0

    @property
    def now(self) -> int:
        """Cycles since power-on."""
        return self._hook.cycles - self.ahead

    def us(self, cycles: int) -> float:
        """Cycles as microseconds."""
        return cycles * 1e6 / self.hz

    def cycles(self, us: float) -> int:
        """Microseconds as cycles, rounded."""
        return round(us * self.hz / 1e6)

    def schedule(self, owner: str, name: str, at: int) -> None:
        """Have ``owner`` told of ``name`` at cycle ``at``; replaces an earlier date of the same name."""
        self._order += 1
        self._due[owner, name] = (at, self._order)
        heapq.heappush(self._queue, (at, self._order, owner, name))
        if len(self._queue) > 64 + 2 * len(self._due):
            # Most are replaced or cancelled ones: firmware that writes a timer often would fill memory.
            self._queue = [(*when, *key) for key, when in self._due.items()]
            heapq.heapify(self._queue)
        self._arm()

    def cancel(self, owner: str, name: str) -> None:
        """Forget an event."""
        if self._due.pop((owner, name), None) is not None:
            self._arm()

    def forget(self, owner: str) -> None:
        """Forget all of an owner's events."""
        for key in [key for key in self._due if key[0] == owner]:
            del self._due[key]
        self._arm()

    def at(self, owner: str, name: str) -> int:
        """When an event is due; ``NEVER`` if it is not scheduled."""
        return self._due.get((owner, name), (NEVER, 0))[0]

    def next_at(self) -> int:
        """When the next event is due; ``NEVER`` if there is none."""
        while self._queue:
            at, order, owner, name = self._queue[0]
            if self._due.get((owner, name)) == (at, order):
                return at
            heapq.heappop(self._queue)
        return NEVER

    def pending(self) -> dict[tuple[str, str], int]:
        """When each event is due, by owner and name."""
        return {key: at for key, (at, _) in self._due.items()}

    def _arm(self) -> None:
        self._hook.event_at = min(self.next_at(), self.limit)

    def set_limit(self, at: int) -> None:
        """Stop the CPU at cycle ``at`` at the latest."""
        self.limit = at
        self._arm()

    def pop(self) -> tuple[int, str, str] | None:
        """The next event that is due now, taken off the queue: when it was due, owner and name."""
        at = self.next_at()
        if at > self.now:
            self._arm()
            return None
        at, _, owner, name = heapq.heappop(self._queue)
        del self._due[owner, name]
        self._arm()
        return at, owner, name

    def sleep_until(self, at: int) -> None:
        """Let time pass without instructions."""
        if at > self.now:
            due = self.next_at()
            self.waiting.slept(self._queue[0][2] if due < NEVER else "", at - self.now)
            self._hook.cycles = at

    def pass_time(self, cycles: int) -> None:
        """The CPU stands still for a while."""
        self._hook.cycles += cycles

    def save(self) -> object:
        """What a snapshot must hold."""
        return dict(self._due), self._order, self.limit, self.waiting.save()

    def load(self, saved: Any) -> None:
        """Go back to what ``save`` gave."""
        due, self._order, self.limit, waited = saved
        self.waiting.load(waited)
        self._due = dict(due)
        self._queue = [(*when, *key) for key, when in due.items()]
        heapq.heapify(self._queue)
        self._arm()
