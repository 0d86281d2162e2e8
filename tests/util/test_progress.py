from __future__ import annotations

import io
import re
import threading
import time

import pytest

from mlbench.util.progress import PlainProgress, RichProgress, Silent, make_progress


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_plain_lines_carry_elapsed_seconds():
    now = [100.0]
    out = io.StringIO()
    progress = PlainProgress(out, clock=lambda: now[0])
    with progress.step("building kws"):
        now[0] = 112.34
    progress.note("done")
    assert out.getvalue() == "[   0.0 s] building kws\n[  12.3 s] building kws: took 12 s\n[  12.3 s] done\n"


def test_a_long_step_says_that_it_is_alive():
    out = io.StringIO()
    with PlainProgress(out, still_seconds=0.02).step("measuring"):
        deadline = time.monotonic() + 10
        while out.getvalue().count("still at it") < 2 and time.monotonic() < deadline:
            time.sleep(0.01)
    lines = out.getvalue().splitlines()
    assert all(
        re.fullmatch(r"\[ *\d+\.\d s\] measuring(: (still at it after|took) \d+ s)?", line) for line in lines
    )
    assert sum("still at it" in line for line in lines) >= 2
    settled = out.getvalue()
    time.sleep(0.1)
    assert out.getvalue() == settled


def test_a_step_ends_when_its_work_fails():
    for progress in (Silent(), PlainProgress(io.StringIO()), RichProgress(Terminal())):
        with pytest.raises(KeyError), progress.step("x"):
            raise KeyError
        assert threading.active_count() < 20


def test_steps_of_several_threads_are_shown_at_once(monkeypatch):
    monkeypatch.setenv("TERM", "xterm")
    out = Terminal()
    progress = make_progress(out)
    assert isinstance(progress, RichProgress)
    both = threading.Barrier(2)

    def work(name: str) -> None:
        with progress.step(f"[bold]{name}"):
            both.wait(5)
            time.sleep(0.2)

    threads = [threading.Thread(target=work, args=(name,)) for name in ("one", "two")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    progress.note("all [red]done[/red] \x1b[2J")
    assert "[bold]one" in out.getvalue()
    assert "[bold]two" in out.getvalue()
    assert "all [red]done[/red] \\x1b[2J" in out.getvalue()


def test_a_file_gets_plain_lines():
    assert isinstance(make_progress(io.StringIO()), PlainProgress)
