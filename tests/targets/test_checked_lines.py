"""Lines with numbers and checksums, among anything."""

from __future__ import annotations

import zlib
from itertools import pairwise

from hypothesis import example, given
from hypothesis import strategies as st

from mlbench.targets.board.line_protocol import LineReader, write_line

WORDS = st.from_regex(r"[a-z_0-9]{1,12}( [a-z_0-9]{1,12}){0,5}", fullmatch=True)
NOISE = st.binary(max_size=60).filter(lambda data: b"mlbench" not in data)


def read(data: bytes, cuts: list[int] | None = None) -> tuple[LineReader, list[tuple[str, int]]]:
    reader, found = LineReader(), []
    places = [0, *sorted(cut % (len(data) + 1) for cut in cuts or ()), len(data)]
    for start, end in pairwise(places):
        found += [(" ".join(line.words), line.number) for line in reader.feed(data[start:end])]
    return reader, found


def test_a_line_as_it_is_documented() -> None:
    text = b"mlbench inference_time 53654 us #3"
    line = text + b" *%08x\n" % zlib.crc32(text)
    assert write_line("inference_time 53654 us", 3) == line
    assert read(line)[1] == [("inference_time 53654 us", 3)]
    assert read(line[:-1] + b"\r\n")[1] == [("inference_time 53654 us", 3)]


@given(st.lists(st.tuples(NOISE, WORDS), max_size=6), NOISE, st.lists(st.integers(0, 4000), max_size=8))
@example([(b"mlbench half a li", "x")], b"", [3])
def test_lines_are_found_in_anything_in_whatever_pieces(parts, tail: bytes, cuts: list[int]) -> None:
    data = b"".join(noise + write_line(words, n) for n, (noise, words) in enumerate(parts)) + tail
    reader, found = read(data, cuts)
    assert found == [(words, n) for n, (_, words) in enumerate(parts)]
    assert reader.text() == b"".join(noise for noise, _ in parts) + tail
    assert (reader.gaps, reader.spoilt) == (0, 0)


@given(st.lists(WORDS, min_size=1, max_size=5), st.data())
def test_what_is_spoilt_is_no_line(words: list[str], data) -> None:
    """A byte lost, doubled, made up or changed: the line is missing, and no other is invented."""
    lines = [write_line(text, number) for number, text in enumerate(words)]
    which = data.draw(st.integers(0, len(lines) - 1))
    line = lines[which]
    at = data.draw(st.integers(0, len(line) - 2))
    byte = data.draw(st.integers(0, 255).filter(lambda value: value != line[at]))
    spoilt = data.draw(
        st.sampled_from(
            [
                line[:at] + line[at + 1 :],
                line[:at] + line[at : at + 1] + line[at:],
                line[:at] + bytes([byte]) + line[at:],
                line[:at] + bytes([byte]) + line[at + 1 :],
            ]
        )
    )
    found = read(b"".join([*lines[:which], spoilt, *lines[which + 1 :]]))[1]
    good = [(text, number) for number, text in enumerate(words)]
    # What is put in front of a line leaves it whole, as does a blank line's worth of noise behind another.
    assert found in (good, good[:which] + good[which + 1 :])


def test_missing_numbers_and_restarts_are_told() -> None:
    reader = LineReader()
    reader.feed(write_line("a", 0) + write_line("b", 3))
    assert reader.gaps == 2
    reader.restarted()
    reader.feed(write_line("a", 0))
    assert reader.gaps == 2


def test_the_library_counts_for_itself() -> None:
    reader = LineReader()
    mixed = [("span 1", 0), ("init_time 5 us", 0), ("inference_time 6 us", 1), ("span 2", 1)]
    assert len(reader.feed(b"".join(write_line(*line) for line in mixed))) == 4
    assert reader.gaps == 0


def test_no_firmware_fills_the_memory() -> None:
    reader = LineReader(most=1000)
    for _ in range(100):
        reader.feed(b"x" * 500)
    assert len(reader.rest) == 1000
    assert reader.lost > 48_000
    assert len(reader.text()) <= 1240
