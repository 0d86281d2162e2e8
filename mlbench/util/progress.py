"""Shows that work goes on: a spinner on a terminal, plain lines with seconds elsewhere."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from typing import TYPE_CHECKING, Protocol, TextIO

from mlbench.util.text import is_terminal, printable

if TYPE_CHECKING:
    from rich.progress import Progress as RichBar

STILL_SECONDS = 10.0
"""How often a long step says that it is alive where there is no terminal."""


class Progress(Protocol):
    """Told of steps by whoever does long work, from any thread."""

    def step(self, text: str) -> AbstractContextManager[None]:
        """A step that lasts as long as the context."""

    def note(self, text: str) -> None:
        """One line that stays."""


class Silent:
    """Says nothing."""

    def step(self, text: str) -> AbstractContextManager[None]:  # noqa: ARG002
        """A step nobody hears of."""
        return nullcontext()

    def note(self, text: str) -> None:
        """A line nobody reads."""


class PlainProgress:
    """A line with the seconds since the start for each step, and one now and then while it lasts."""

    def __init__(
        self,
        out: TextIO,
        *,
        still_seconds: float = STILL_SECONDS,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._out = out
        self._still = still_seconds
        self._clock = clock
        self._start = clock()
        self._lock = threading.Lock()

    @contextmanager
    def step(self, text: str) -> Iterator[None]:
        """Say the step now, again each while it lasts, and how long it took when that was long."""
        begin = self._clock()
        self.note(text)
        done = threading.Event()
        threading.Thread(target=self._repeat, args=(text, begin, done), daemon=True).start()
        try:
            yield
        finally:
            done.set()
            took = self._clock() - begin
            if took >= self._still:
                self.note(f"{text}: took {took:.0f} s")

    def note(self, text: str) -> None:
        """Print one line."""
        with self._lock:
            self._out.write(f"[{self._clock() - self._start:6.1f} s] {printable(text)}\n")
            self._out.flush()

    def _repeat(self, text: str, begin: float, done: threading.Event) -> None:
        pause = self._still
        while not done.wait(pause):
            self.note(f"{text}: still at it after {self._clock() - begin:.0f} s")
            pause = min(2 * pause, 6 * self._still)


class RichProgress:
    """A line with a spinner and its seconds for each step that is under way."""

    def __init__(self, out: TextIO) -> None:
        from rich.console import Console  # late: only terminals need rich

        self._console = Console(file=out, highlight=False)
        self._lock = threading.Lock()
        self._bar: RichBar | None = None
        self._open = 0

    @contextmanager
    def step(self, text: str) -> Iterator[None]:
        """Show the step until it ends; then its line goes."""
        with self._lock:
            bar = self._bar = self._bar or self._make()
            self._open += 1
            task = bar.add_task(printable(text), total=None)
        try:
            yield
        finally:
            with self._lock:
                bar.remove_task(task)
                self._open -= 1
                if not self._open:
                    bar.stop()
                    self._bar = None

    def note(self, text: str) -> None:
        """Print one line above the steps."""
        from rich.text import Text

        self._console.print(Text(printable(text)), soft_wrap=True)

    def _make(self) -> RichBar:
        from rich.progress import Progress as Bar
        from rich.progress import SpinnerColumn, TextColumn, TimeElapsedColumn

        columns = (SpinnerColumn(), TextColumn("{task.description}", markup=False), TimeElapsedColumn())
        bar = Bar(*columns, console=self._console, transient=True)
        bar.start()
        return bar


def make_progress(out: TextIO) -> Progress:
    """The progress that suits ``out``."""
    return RichProgress(out) if is_terminal(out) else PlainProgress(out)
