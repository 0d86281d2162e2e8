"""Firmware that says whatever it likes: a clear error or a figure, in bounded time, whatever it is."""

from __future__ import annotations

import random
from pathlib import Path

import pytest
from fake_time import FakeTime
from hypothesis import given, settings
from hypothesis import strategies as st

from mlbench.core.execution import Outcome, Probe
from mlbench.errors import MLBenchError
from mlbench.ports.finding import Port
from mlbench.targets.board.console import SerialConsole
from mlbench.targets.board.line_protocol import LineReader, write_line
from mlbench.targets.board.per_probe import _Heard
from mlbench.targets.board.records import Command, CommandChannel, CommandResult, Silence
from mlbench.targets.board.watchdog import WatchdogDeadline, wait_watchdog

SESSION = 0x1234ABCD
WORD = st.one_of(
    st.sampled_from(
        ["hello", "record", "span", "end", "init_time", "inference_time", "us", f"{SESSION:08x}"]
    ),
    st.integers(-(10**10), 10**12).map(str),
    st.integers(0, 2**33).map(lambda value: f"{value:x}"),
    st.text("0123456789abcdefxyz-+_.", max_size=12),
    st.just(""),
)
LINES = st.lists(st.tuples(st.lists(WORD, max_size=11).map(" ".join), st.integers(0, 2**34)), max_size=30)


class Scripted:
    """A console whose board says what is written, and then nothing."""

    def __init__(self, data: bytes) -> None:
        self.port, self.reader, self.raw = Port("scripted"), LineReader(), bytearray()
        self.time = FakeTime()
        self.times = self.time.times
        self.opened, self.heard, self._data = 1, len(data), data

    def lines(self, seconds: float):
        data, self._data = self._data[:200], self._data[200:]
        if not data:
            self.times.sleep(min(seconds, 0.005))
        return self.reader.feed(data)

    def say(self, words: str) -> bool:
        return True

    def close(self) -> None:
        pass


def said(lines: list[tuple[str, int]]) -> bytes:
    return b"".join(write_line(words, number) for words, number in lines)


@settings(max_examples=150)
@given(LINES)
def test_orders_to_firmware_that_lies(lines: list[tuple[str, int]]) -> None:
    hello = write_line(f"hello {SESSION:08x} 1 128 0", 0)
    channel = CommandChannel(Scripted(hello + said(lines)), SESSION, spare=0.02)
    try:
        channel.begin()
        answer = channel.execute(Command(100, 2, 1))
    except Silence:
        return
    assert isinstance(answer, CommandResult)


@settings(max_examples=150)
@given(LINES)
def test_spans_of_firmware_that_lies(lines: list[tuple[str, int]]) -> None:
    result = _Heard(True, "functions").until_the_end(Scripted(said(lines)), Probe(inferences=2), 0.0, 0.01)
    assert all(0 <= mark.us < 1e10 for mark in result.spans)
    result = _Heard(False, "library").until_the_end(Scripted(said(lines)), Probe(5, 2), 0.0, 0.01)
    assert result.outcome in set(Outcome)


class Endless(Scripted):
    """A board that says hello for ever, and does nothing that it is told."""

    def __init__(self, words: str) -> None:
        super().__init__(b"")
        self._words, self.told = words, []

    def lines(self, seconds: float):
        self.times.sleep(0.002)
        return self.reader.feed(write_line(self._words, 0))

    def say(self, words: str) -> bool:
        self.told.append(words)
        return True


@pytest.mark.parametrize("count", [1, 5, 128])
def test_a_board_that_speaks_and_obeys_nothing_is_given_up(count: int) -> None:
    console = Endless(f"hello {SESSION:08x} {count} 128 0")
    channel = CommandChannel(console, SESSION, spare=0.3)

    def give() -> None:
        channel.begin()
        channel.execute(Command(None, 1, 10))

    with pytest.raises(Silence, match=r"does nothing that it is told|records are not erased"):
        give()
    assert console.time.now < 1
    # A page of flash stands some ten thousand erases.
    assert sum(words == "erase" for words in console.told) <= 3


def test_a_board_that_never_rests_is_left(tmp_path: Path) -> None:
    console = Endless(f"hello {SESSION:08x} 5 128 1")
    channel = CommandChannel(console, SESSION, spare=0.2)
    channel._records.watched = True
    assert not channel.rest()


def test_what_a_killed_run_has_left_is_waited_for(tmp_path: Path) -> None:
    awake = WatchdogDeadline(tmp_path / "board.lock")
    assert awake.seconds == 0
    awake.until(90.0)
    heard: list[str] = []
    time = FakeTime()
    wait_watchdog(
        SerialConsole(Port(str(tmp_path / "none")), 9600, heard.append, tuple, time.times),
        awake,
        heard.append,
    )
    # Until when it may be awake is written in whole seconds.
    assert 89 < time.now < 91
    assert any("an earlier run has left awake" in text for text in heard)
    assert awake.seconds == 0
    (tmp_path / "board.awake").write_text("nonsense")
    assert awake.seconds == 0
    (tmp_path / "board.awake").write_text("1e300")
    assert awake.seconds == 600


def test_noise_alone_is_no_error_of_ours() -> None:
    source = random.Random(5)
    channel = CommandChannel(Scripted(source.randbytes(5000)), SESSION, spare=0.05)
    with pytest.raises(MLBenchError, match="no whole lines"):
        channel.begin()
