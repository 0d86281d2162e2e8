"""Whether two runs sent the same, with and without a USB host that listens from some moment on."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from mlbench.core.execution import Outcome, RunResult
from mlbench.emulator.console import Console
from mlbench.measure.reference import Reference
from mlbench.targets.board.line_protocol import write_line
from mlbench.targets.emulator.stable_text import has_spoken, stable_lines

times = st.integers(0, 2**32 - 1)


def console(usb: bytes = b"", uart: bytes = b"") -> Console:
    made = Console(lambda: 0)
    made.attach("usb")
    made.attach("uart0")
    made.put("uart0", uart)
    made.put("usb", usb)
    return made


def result(usb: bytes = b"", uart: bytes = b"") -> RunResult:
    made = console(usb, uart)
    return RunResult(Outcome.PASSED, "", made.text(), (), 0.0, lines=stable_lines(made))


def difference(mine: RunResult, its: RunResult, *shifted: RunResult) -> str:
    found = Reference(mine, lambda variant: shifted[variant - 1] if shifted else mine).difference(its)
    return found.reason if found is not None else ""


def test_a_port_that_is_opened_within_a_line_does_not_count() -> None:
    assert difference(result(b"1\r\n1\r\n"), result(b"\r\n1\r\n1\r\n")) == ""
    assert difference(result(b"1\r\n1\r\n"), result(b"1\r\n1\r\n1")) == ""


def test_another_whole_line_does() -> None:
    assert "serial text differs" in difference(result(b"a\nb\nc\n"), result(b"a\nb\nd\n"))
    assert "serial text differs" in difference(result(b"a\nb\n", b"x\n"), result(b"a\nb\n", b"y\n"))


def test_text_of_a_wire_counts_from_its_first_byte() -> None:
    assert "serial text differs" in difference(result(uart=b"1\n"), result(uart=b"\n"))
    assert "serial text differs" in difference(result(uart=b"1\n"), result(uart=b"1\n1"))


def test_numbers_that_change_with_time_are_passed_over_in_usb_text_too() -> None:
    mine = result(b"ready\ntook 12 ms, class 7\n")
    other = [result(b"ready\ntook %d ms, class 7\nmore 1\n" % n) for n in (13, 14, 15)]
    assert difference(mine, result(b"dy\ntook 19 ms, class 7\n"), *other) == ""
    assert "serial text differs" in difference(mine, result(b"dy\ntook 19 ms, class 8\n"), *other)


def marked(us: int, number: int = 3, name: str = "inference", after: bytes = b"class 7\n") -> RunResult:
    return result(uart=b"ready\n" + write_line(f"{name}_time {us} us", number) + after)


@given(times, times)
def test_the_time_of_a_mark_and_its_checksum_are_passed_over(mine: int, its: int) -> None:
    """Without a word from a shifted run: the library says the same of itself everywhere."""
    assert difference(marked(mine), marked(its)) == ""


@given(times, times)
def test_all_else_of_a_mark_counts(mine: int, its: int) -> None:
    for other in (marked(its, 4), marked(its, name="init"), marked(its, after=b"class 8\n")):
        assert "serial text differs" in difference(marked(mine), other)


def test_what_looks_like_a_checksum_counts_where_no_mark_is() -> None:
    mine = result(uart=b"weights *0a1b2c3d\n")
    assert "serial text differs" in difference(mine, result(uart=b"weights *0a1b2c3e\n"))
    assert "serial text differs" in difference(mine, result(uart=b"weights *12345678\n"))


def test_a_number_behind_an_asterisk_may_grow_beyond_a_checksum() -> None:
    mine = result(uart=b"took *99999999 us\n")
    longer = [result(uart=b"took *%d us\n" % us) for us in (100000000, 100000001, 99999998, 100000002)]
    assert difference(mine, longer[0], *longer[1:]) == ""


def test_a_template_has_spoken_with_its_first_whole_line() -> None:
    assert not has_spoken(console())
    assert not has_spoken(console(b"1\r\n"))
    assert has_spoken(console(b"\r\n1\r\n"))
    assert has_spoken(console(b"." * 300))
    assert has_spoken(console(uart=b"1"))
