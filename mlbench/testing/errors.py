"""What a test is told when a device does not do what was expected."""

from __future__ import annotations

from dataclasses import dataclass, replace

from mlbench.core.execution import Frame
from mlbench.errors import SketchError

_MOST_TEXT = 4000
_MOST_FRAMES = 16


@dataclass(frozen=True)
class Report:
    """A device at the moment of a failure."""

    outcome: str
    reason: str
    serial: str
    chain: tuple[Frame, ...] = ()
    last: tuple[str, ...] = ()
    """The last functions that were entered, the latest last."""

    def called(self, name: str) -> Report:
        """The same, where ``name`` was called by the test: what the stack shows beyond it did not call it."""
        at = next((n for n, frame in enumerate(self.chain) if frame.function == name), None)
        if at is None:
            return self
        return replace(self, chain=(*self.chain[: at + 1], Frame(0, "the test")))

    def sections(self) -> tuple[tuple[str, str], ...]:
        """Headings and texts, for people; all text of firmware is made harmless."""
        from mlbench.util.text import printable

        cut = self.serial[-_MOST_TEXT:]
        left_out = (
            f"({len(self.serial) - len(cut)} characters before this are left out)\n"
            if cut != self.serial
            else ""
        )
        lines = "\n".join(printable(line) for line in cut.splitlines())
        parts = [("outcome", f"{self.outcome}: {printable(self.reason)}" if self.reason else self.outcome)]
        parts.append(("serial text", left_out + lines if lines else "(nothing was sent)"))
        if self.chain:
            frames = [printable(str(frame)) for frame in self.chain[:_MOST_FRAMES]]
            parts.append(
                ("call chain", "\n".join(["in " + frames[0], *("called from " + f for f in frames[1:])]))
            )
        if self.last:
            parts.append(("last functions entered", "\n".join(printable(name) for name in self.last)))
        return tuple(parts)


class DeviceError(SketchError):
    """The firmware did not do what the test waited for. ``report`` has the particulars.

    ``outcome`` is one of ``fault``, ``hung``, ``no memory`` (the firmware ended), ``timeout`` (it goes on,
    but what was waited for did not come in the virtual time that was given).
    """

    def __init__(self, what: str, report: Report, *, do: str = "") -> None:
        super().__init__(what, do=do)
        self.report = report
        self.outcome = report.outcome

    def __str__(self) -> str:
        return "\n".join(
            [super().__str__(), *(f"--- {head}\n{text}" for head, text in self.report.sections())]
        )
