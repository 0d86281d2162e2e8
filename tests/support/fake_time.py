"""Time for tests of what waits: it passes when somebody sleeps."""

from __future__ import annotations

from collections.abc import Callable

from mlbench.ports.opening import Times


class FakeTime:
    """Time that passes when somebody sleeps; tells what is to happen then."""

    def __init__(self) -> None:
        self.now = 0.0
        self.events: list[tuple[float, Callable[[], object]]] = []

    def sleep(self, seconds: float) -> None:
        self.now += seconds
        due = [event for event in self.events if event[0] <= self.now]
        self.events = [event for event in self.events if event[0] > self.now]
        for _, action in due:
            action()

    def after(self, seconds: float, action: Callable[[], object]) -> None:
        self.events.append((self.now + seconds, action))

    @property
    def times(self) -> Times:
        return Times(lambda: self.now, self.sleep)
