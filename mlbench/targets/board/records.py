"""Orders to a board that keeps records: what is to be tried, carried out behind a reset, and what came of it.

The host side of ``arduino/board/mlbench_board_records.h``. Nothing is taken for granted of what was sent:
the board says how many records it has, they are read until all are here, and what they lack is sent again. So
it does not matter which line gets lost, nor how often the board is reset meanwhile.
"""

from __future__ import annotations

import zlib
from dataclasses import dataclass, field

from mlbench.core.execution import Outcome, SpanKind, TimedSpan
from mlbench.errors import EnvironmentFault
from mlbench.targets.board.console import SerialConsole
from mlbench.targets.board.line_protocol import CheckedLine

NOTHING = 0xFFFFFFFF
"""No allocation is tried."""
_ORDER, _BEGUN, _SPAN, _END = range(2, 6)
_PASSED, _NO_MEMORY, _RESET, _FULL = range(1, 5)
_ANSWER_SECONDS = 0.4
"""After which a command counts as lost; the board says hello ten times a second."""
SPARE_SECONDS = 20.0
"""Beyond the watchdog's time: resets, enumeration, lines that are said again."""
_RECORDS_A_RUN = 24
"""Beside one for each inference: its command and end, and calls of the initialization."""
MOST_INFERENCES = 90
"""So many are timed in a run: a page has room for 127 records."""
_MOST_ERASES = 3
_MOST_SLOTS = 4096
_LATELY_SECONDS = 1.0
TALK_SECONDS = 5.0
"""For which a board goes on to feed its watchdog after the last command."""
_LONGEST_LEFT_MS = 130_000
"""For which a watchdog is waited for that another run has started, with a time that only it knew."""
_WATCHDOG, _SOFT, _LOCKUP = 1 << 1, 1 << 2, 1 << 3
_FROM_OUTSIDE = 1 << 0
"""RESETREAS: nRF52840 Product Specification v1.7, section 5.3.7.11; no bit at all is power that came on."""


class Silence(EnvironmentFault):
    """The board does not answer."""


@dataclass(frozen=True)
class Command:
    """What to try. ``size`` None is a run without an allocation."""

    size: int | None
    inferences: int
    watchdog_ms: int


@dataclass(frozen=True)
class CommandResult:
    """What came of a command.

    ``disturbed`` tells that the board was reset from outside meanwhile, which says nothing of the firmware.
    """

    outcome: Outcome
    reason: str
    spans: tuple[TimedSpan, ...] = ()
    checksums: tuple[int, ...] = ()
    """Of what each inference wrote."""
    us: float = 0.0
    """Time from reset to the end, by the board's own clock."""
    disturbed: bool = False


@dataclass
class _Records:
    """What is known of the board's records, and how many it says there are."""

    words: dict[int, tuple[int, ...]] = field(default_factory=dict)
    count: int = 0
    slots: int = 0
    watched: bool = False

    @property
    def missing(self) -> int | None:
        """The first one that is not here yet."""
        return next((index for index in range(self.count) if index not in self.words), None)

    def of(self, command: int) -> list[tuple[int, int, tuple[int, ...]]]:
        """(type, kind, words) of the records of the newest command, if it is this one."""
        records: list[tuple[int, int, tuple[int, ...]]] = []
        for index in range(self.count):
            words = self.words[index]
            first = words[0]
            if zlib.crc32(b"".join(word.to_bytes(4, "little") for word in words[:7])) != words[7]:
                continue  # a reset came while it was written
            if first & 0xFF == _ORDER:
                records = []
            if first >> 16 == command:
                records.append((first & 0xFF, first >> 8 & 0xFF, words))
        return records


class CommandChannel:
    """The talk with one image on one board.

    Args:
        console: the board's line.
        session: what the image says of itself.
        spare: seconds beyond the firmware's own time, after which it counts as silent.
    """

    def __init__(self, console: SerialConsole, session: int, spare: float = SPARE_SECONDS) -> None:
        self._console, self._session, self._spare = console, session, spare
        self._clock = console.times.clock
        self._records = _Records()
        self._order = 0
        self._spoke = -_LATELY_SECONDS
        """When it last said hello."""
        self._watchdog_ms = 0
        """The longest that the watchdog was started with since it last bit."""

    def begin(self) -> None:
        """Wait for the image to say hello, and have its records erased.

        Raises:
            Silence: it does not.
        """
        deadline = self._clock() + self._spare
        self._hello(deadline)
        if self._records.watched:
            self._watchdog_ms = _LONGEST_LEFT_MS  # an earlier run's: with what time only it knew
        if self._records.count != 1:
            self._erase(deadline)

    def execute(self, command: Command, typed: bytes = b"") -> CommandResult:
        """Have a command carried out; ``typed`` is sent to the sketch when it is let go.

        Raises:
            Silence: the board does not answer any more.
        """
        self._order = self._order % 0xFFFE + 1
        self._watchdog_ms = max(self._watchdog_ms, command.watchdog_ms)
        deadline = self._clock() + self._watchdog_ms / 1e3 + self._spare
        if self._records.slots - self._records.count < command.inferences + _RECORDS_A_RUN:
            self._erase(deadline)
        size = NOTHING if command.size is None else command.size
        words = f"order {self._order:x} {size:x} {command.inferences:x} {command.watchdog_ms:x}"
        while True:
            self._fetch(deadline)
            records = self._records.of(self._order)
            types = {kind for kind, _, _ in records}
            if _END in types:
                return self._answer(records)
            if _ORDER not in types:
                self._console.say(words)
            elif _BEGUN not in types:
                self._console.say(f"run {self._order:x}")
                if typed:
                    # The sketch reads what is left on the line behind the command.
                    self._console.send(typed)
            self._hello(deadline)

    def rest(self) -> bool:
        """Let the watchdog end its watch, so that it does not reset the board in the middle of an upload.

        False for a board that has fallen silent: it is left as it is.
        """
        deadline = self._clock() + self._watchdog_ms / 1e3 + self._spare
        try:
            while self._records.watched:
                self._console.say("rest")
                self._hello(deadline)
        except Silence:
            return False
        self._watchdog_ms = 0
        return True

    def awake_seconds_with(self, command: Command) -> float:
        """For how long the watchdog may be awake if nobody says a word once this command was given."""
        # It may bite at the end of a run, of the talk behind it, or of a run that was about to begin.
        return 2 * max(self._watchdog_ms, command.watchdog_ms) / 1e3 + TALK_SECONDS

    @classmethod
    def stop_watchdog(cls, console: SerialConsole, session: int) -> None:
        """As ``rest``, for an image that an earlier run has left on the board."""
        left = cls(console, session)
        left._records.watched, left._watchdog_ms = True, _LONGEST_LEFT_MS
        left.rest()

    # --- records -----------------------------------------------------------------------------

    def _erase(self, deadline: float) -> None:
        """A page that does not come out blank is worn out: it is not erased for ever."""
        for _ in range(_MOST_ERASES):
            self._records = _Records(watched=self._records.watched)
            self._console.say("erase")
            # What was said before it was heard still tells the old count.
            self._hello(deadline)
            self._hello(deadline)
            if self._records.count == 1:
                return
        what = f"its records are not erased by {_MOST_ERASES} tries, so that page of flash is worn out"
        raise Silence(what, where=self._console.port.device, do="use another board")

    def _fetch(self, deadline: float) -> None:
        """Read the records that are not here yet. Behind those that it was asked for the board says hello."""
        while (first := self._records.missing) is not None:
            self._console.say(f"read {first:x}")
            self._hello(deadline)

    def _hello(self, deadline: float) -> None:
        """Wait for the board to say where it stands; what stands in line before it is taken as well.

        Time is up when it is, though the board goes on to say hello: it may not hear, or not obey.
        """
        answered = False
        while not answered:
            self._check(deadline)
            answered = self._take(self._console.lines(_ANSWER_SECONDS))
        self._check(deadline)
        self._take(self._console.lines(0))

    def _check(self, deadline: float) -> None:
        if self._clock() < deadline:
            return
        console = self._console
        if self._clock() - self._spoke < _LATELY_SECONDS:
            symptom = "it speaks, but does nothing that it is told"
        elif not console.opened:
            symptom = "the port cannot be opened"
        elif not console.heard:
            symptom = "nothing comes from it"
        elif console.reader.spoilt or console.reader.rest:
            symptom = "what comes from it are no whole lines (is its baud rate right?)"
        else:
            symptom = "it says nothing more"
        do = "press the board's reset button, or connect it anew"
        raise Silence(f"the board does not answer: {symptom}", where=console.port.device, do=do)

    def _take(self, lines: tuple[CheckedLine, ...]) -> bool:
        """Note what lines say; whether one of them was a hello. Firmware may say anything at all."""
        hello = False
        for line in lines:
            try:
                hello |= self._note(*line.words)
            except (ValueError, TypeError):
                continue  # a line of the sketch's own that looks like ours
        return hello

    def _note(self, verb: str, *words: str) -> bool:
        records = self._records
        if verb == "hello" and len(words) == 4 and int(words[0], 16) == self._session:
            count, slots, watched = (int(word) for word in words[1:])
            if not 0 < count <= slots <= _MOST_SLOTS:
                return False
            if count < records.count:
                # Erased: what was known is of another time.
                self._records = records = _Records()
            records.count, records.slots, records.watched = count, slots, bool(watched)
            self._spoke = self._clock()
            return True
        if verb == "record" and len(words) == 9 and 0 <= int(words[0]) < records.count:
            numbers = tuple(int(word, 16) for word in words[1:])
            if all(0 <= word <= NOTHING for word in numbers):
                records.words[int(words[0])] = numbers
        return False

    # --- what came of it ---------------------------------------------------------------------

    def _answer(self, records: list[tuple[int, int, tuple[int, ...]]]) -> CommandResult:
        kinds = {0: SpanKind.INIT, 1: SpanKind.INFERENCE}
        spans = [(kinds[kind], words) for what, kind, words in records if what == _SPAN and kind in kinds]
        inferences = [index for index, (kind, _) in enumerate(spans) if kind is SpanKind.INFERENCE]
        first = inferences[0] if inferences else len(spans)
        # The last initialization before the first inference counts, as everywhere.
        inits = [TimedSpan(kind, float(words[1])) for kind, words in spans[:first]][-1:]
        timed = [TimedSpan(SpanKind.INFERENCE, float(spans[index][1][1])) for index in inferences]
        checksums = tuple(spans[index][1][2] for index in inferences)
        end = next((kind, words) for what, kind, words in records if what == _END)
        outcome, reason, disturbed = self._outcome(records, *end)
        us = float(end[1][2]) if end[0] != _RESET else 0.0
        return CommandResult(outcome, reason, (*inits, *timed), checksums, us, disturbed)

    def _outcome(
        self, records: list[tuple[int, int, tuple[int, ...]]], kind: int, words: tuple[int, ...]
    ) -> tuple[Outcome, str, bool]:
        # Firmware can write there too: what is missing is no error of ours.
        command = next((words for what, _, words in records if what == _ORDER), (0,) * 8)
        if kind == _FULL:
            return Outcome.FAULT, "its records were full: the initialization is called too often", False
        if kind == _PASSED:
            return Outcome.PASSED, "", False
        if kind == _NO_MEMORY:
            return Outcome.NO_MEMORY, f"malloc({command[1]}) returned NULL", False
        if kind != _RESET:
            return Outcome.FAULT, f"it ended in a way that is not known ({kind})", False
        why = words[1]
        if why & _WATCHDOG:
            self._watchdog_ms = 0
            return Outcome.HUNG, f"the watchdog ended it after {command[3] / 1e3:g} s", False
        if why & (_SOFT | _LOCKUP):
            how = "its CPU locked up" if why & _LOCKUP else "it reset the chip itself"
            return Outcome.FAULT, how, False
        how = "by its reset pin" if why & _FROM_OUTSIDE else "its power came on anew"
        return Outcome.FAULT, f"the board was reset from outside ({how})", True
