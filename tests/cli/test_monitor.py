"""`monitor` as a person and as a program meet it: on a terminal, through pipes, as a serial port."""

from __future__ import annotations

import os
import pty
import resource
import select
import signal
import subprocess
import sys
import termios
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from bare_image import ROOT, Compiler
from hypothesis import given
from hypothesis import strategies as st
from live_firmware import CHATTER, LINES, UART_ECHO
from usb_firmware import ECHO

from mlbench.boards import board_for
from mlbench.pipeline.prebuilt import firmware_of, listen
from mlbench.targets.emulator.target import EmulatorTarget
from mlbench.util.terminal_link import Harmless

serial = pytest.importorskip("serial")
_PATIENCE = 30.0


def _command(elf: Path, *arguments: str) -> list[str]:
    return [sys.executable, "-m", "mlbench", "monitor", str(elf), *arguments]


def _environment() -> dict[str, str]:
    return {**os.environ, "PYTHONPATH": str(ROOT)}


def _run(elf: Path, *arguments: str, typed: bytes = b"") -> subprocess.CompletedProcess[bytes]:
    return subprocess.run(
        _command(elf, *arguments), env=_environment(), input=typed, capture_output=True, timeout=60
    )


@contextmanager
def _running(elf: Path, *arguments: str, **how: object) -> Iterator[subprocess.Popen[bytes]]:
    process = subprocess.Popen(
        _command(elf, *arguments),
        env=_environment(),
        stderr=subprocess.PIPE,
        **how,  # type: ignore[call-overload]
    )
    try:
        yield process
    finally:
        process.kill()
        process.wait()
        process.stderr.close()


def _eventually(condition: object) -> None:
    until = time.monotonic() + _PATIENCE
    while not condition():  # type: ignore[operator]
        assert time.monotonic() < until
        time.sleep(0.02)


def _read_until(descriptor: int, text: bytes) -> bytes:
    seen = b""
    until = time.monotonic() + _PATIENCE
    while text not in seen:
        assert time.monotonic() < until, seen
        if select.select([descriptor], [], [], 0.1)[0]:
            seen += os.read(descriptor, 4096)
    return seen


def _elf(bare: Compiler, source: str) -> Path:
    return bare.image(source).path


def test_what_is_piped_in_goes_to_the_firmware(bare: Compiler) -> None:
    done = _run(_elf(bare, UART_ECHO), "--fast", "--until", "ABC", typed=b"abc")
    assert done.returncode == 0, done.stderr
    assert done.stdout == b"ready\nABC"


def test_usb_by_default_and_by_name(bare: Compiler) -> None:
    done = _run(_elf(bare, ECHO), "--fast", "--source", "usb", "--until", "back", typed=b"and back")
    assert (done.returncode, done.stdout) == (0, b"hello\r\nand back")
    done = _run(_elf(bare, ECHO), "--fast", "--source", "uart0")
    assert (done.returncode, done.stdout) == (0, b"")


def test_text_that_does_not_come_is_an_error(bare: Compiler) -> None:
    done = _run(_elf(bare, UART_ECHO), "--fast", "--until", "never\x1b", "--seconds", "0.5")
    assert done.returncode == 3
    assert b'did not send "never\\x1b" in 0.5' in done.stderr
    assert b"\x1b" not in done.stderr


def test_resets_are_told_and_the_line_goes_on(bare: Compiler) -> None:
    done = _run(_elf(bare, UART_ECHO), "--fast", typed=b"a!b")
    assert done.stdout == b"ready\nA!ready\nB"
    assert b"the firmware reset the chip" in done.stderr


def test_a_fault_ends_it(bare: Compiler) -> None:
    done = _run(_elf(bare, UART_ECHO), "--fast", typed=b"a?b")
    assert done.returncode == 3
    assert done.stdout == b"ready\nA?"
    assert b"0x60000000" in done.stderr


WORSE = """
__attribute__((noinline)) void report(void) { note(REG(0x60000020)); }
void hard_fault_handler(void) { report(); for (;;) ; }
__attribute__((noinline)) void bad(void) { note(REG(0x60000010)); }
__attribute__((noinline)) void setup(void) { bad(); note(1); }
int main(void) { setup(); return 0; }
"""
ABORTS = """
#define UART 0x40002000
static u8 text[] = "why\\n";
__attribute__((noinline)) void abort(void) {
  REG(UART + 0x544) = (u32)text; REG(UART + 0x548) = 4; REG(UART + 8) = 1; for (;;) count++; }
__attribute__((noinline)) void setup(void) { abort(); }
int main(void) { REG(UART + 0x500) = 8; REG(UART + 0x524) = 0x01D7E000; setup(); return 0; }
"""
OVERFLOWS = """
__attribute__((noinline)) u32 deep(u32 n) { volatile u8 room[512]; room[n % 512] = n;
  return n ? deep(n - 1) + room[n % 512] : room[0]; }
int main(void) { note(deep(8)); for (;;) count++; }
"""


@pytest.mark.parametrize("source", [WORSE, ABORTS, OVERFLOWS], ids=["faults", "abort", "overflow"])
def test_an_end_is_told_as_by_a_measured_run(bare: Compiler, source: str) -> None:
    flags = ("-g", "-O1", "-Wl,--defsym=RAM_LENGTH=0x800")
    elf = bare.image(source, flags=flags).path
    done = _run(elf, "--fast", "--seconds", "0.2")
    assert done.returncode == 3
    firmware = firmware_of(elf)
    _, ended = listen(firmware, EmulatorTarget(board_for("nano33ble")))
    assert ended
    (last,) = [line for line in done.stderr.decode().splitlines() if line.startswith(f"mlbench: {elf.name}")]
    assert last.startswith(f"mlbench: {elf.name}: {ended}")
    if source is WORSE:
        assert "fault: BusFault: reading 0x60000010 in bad (" in last
        assert "; then, in the HardFault handler: BusFault: reading 0x60000020, at 0x" in last
        assert ", called from setup (" in last
    if source is ABORTS:
        assert done.stdout == b"why\n"
        assert "abort() was called in setup (" in last


def test_escape_sequences_are_harmless_unless_asked_for(bare: Compiler) -> None:
    elf = _elf(bare, CHATTER)
    done = _run(elf, "--fast", "--seconds", "0.25")
    assert done.stdout == b"\\x1b[31mtick\\x07 \\u202e\n" * 2
    done = _run(elf, "--fast", "--seconds", "0.25", "--raw")
    assert done.stdout == "\x1b[31mtick\x07 \u202e\n".encode() * 2


def test_real_time_is_kept_without_a_busy_loop(bare: Compiler) -> None:
    before, begin = resource.getrusage(resource.RUSAGE_CHILDREN), time.monotonic()
    done = _run(_elf(bare, CHATTER), "--seconds", "3")
    taken = time.monotonic() - begin
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    assert done.stdout.count(b"tick") == 29
    assert taken >= 3
    assert after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime < 2


def test_firmware_that_slept_hears_each_byte_of_a_line(bare: Compiler, tmp_path: Path) -> None:
    """What is typed after a pause comes byte by byte, not at once."""
    link = tmp_path / "port"
    with _running(_elf(bare, LINES), "--pty", str(link)):
        _eventually(link.exists)
        with serial.Serial(str(link), 115200, timeout=_PATIENCE) as port:
            for line in (b"inference\n", b"again\n"):
                assert not port.in_waiting
                port.write(line)
                assert port.read(len(line)) == line


@pytest.mark.parametrize(
    ("source", "greeting"), [(UART_ECHO, b""), (ECHO, b"hello\r\n")], ids=["uart", "usb"]
)
def test_programs_open_it_as_a_serial_port(
    bare: Compiler, tmp_path: Path, source: str, greeting: bytes
) -> None:
    link = tmp_path / "port"
    with _running(_elf(bare, source), "--pty", str(link)) as process:
        _eventually(link.is_symlink)
        for _ in range(2):  # closed and opened again
            with serial.Serial(str(link), 115200, timeout=_PATIENCE) as port:
                if greeting:
                    assert port.read(len(greeting)) == greeting
                port.write(b"PING")
                assert port.read_until(b"PING") in (b"PING", b"ready\nPING")
            time.sleep(0.3)
        process.terminate()
        assert process.wait(_PATIENCE) == 128 + signal.SIGTERM
    assert not link.is_symlink()


def test_the_baud_rate_of_a_program_reaches_the_firmware(bare: Compiler, tmp_path: Path) -> None:
    # A firmware that resets when it is asked for 1200 baud, as Arduino's do.
    source = ECHO.replace("touched = 1;", "REG(0xE000ED0C) = 0x05FA0004;")
    link = tmp_path / "port"
    with _running(_elf(bare, source), "--pty", str(link)) as process:
        _eventually(link.is_symlink)
        assert process.stderr is not None
        with serial.Serial(str(link), 9600, timeout=_PATIENCE) as port:
            assert port.read(7) == b"hello\r\n"
            port.baudrate = 1200
            assert b"reset" in _read_until(process.stderr.fileno(), b"reset the chip")


def test_the_link_goes_at_the_end(bare: Compiler, tmp_path: Path) -> None:
    link = tmp_path / "port"
    link.symlink_to("/dev/pts/none")  # of a monitor that was killed outright
    done = _run(_elf(bare, CHATTER), "--pty", str(link), "--fast", "--until", "tick")
    assert done.returncode == 0
    assert not link.is_symlink()


def test_nothing_is_overwritten_by_a_link(bare: Compiler, tmp_path: Path) -> None:
    kept = tmp_path / "kept"
    kept.write_text("mine")
    done = _run(_elf(bare, CHATTER), "--pty", str(kept))
    assert done.returncode == 2
    assert b"kept" in done.stderr
    assert kept.read_text() == "mine"
    done = _run(_elf(bare, CHATTER), "--pty", str(tmp_path / "no" / "folder"))
    assert done.returncode == 4


@pytest.mark.parametrize(
    ("key", "status"), [(b"\x1d", 0), (b"\x03", 0), (b"?", 3), (signal.SIGTERM, 143), (signal.SIGHUP, 129)]
)
def test_the_terminal_is_as_before_on_every_way_out(
    bare: Compiler, key: bytes | signal.Signals, status: int
) -> None:
    master, slave = pty.openpty()
    try:
        before = termios.tcgetattr(slave)

        def lead() -> None:
            os.setsid()
            os.close(os.open(os.ttyname(slave), os.O_RDWR))  # takes it as its controlling terminal
            os.tcsetpgrp(slave, os.getpgrp())

        with _running(
            _elf(bare, UART_ECHO), stdin=slave, stdout=slave, preexec_fn=lead, close_fds=False
        ) as process:
            _read_until(master, b"ready")
            during = termios.tcgetattr(slave)
            assert not during[3] & termios.ECHO
            os.write(master, b"x")
            assert b"x" not in _read_until(master, b"X")
            if isinstance(key, bytes):
                os.write(master, key)
            else:
                process.send_signal(key)
            assert process.wait(_PATIENCE) == status
            assert termios.tcgetattr(slave) == before
    finally:
        os.close(master)
        os.close(slave)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["nothing.elf"], b"no such file"),
        (["x", "--seconds", "0"], b"seconds"),
        (["x", "--source", "i2c"], b"invalid choice"),
    ],
)
def test_wrong_words_are_told(arguments: list[str], said: bytes) -> None:
    done = _run(Path(arguments[0]), *arguments[1:])
    assert done.returncode == 2
    assert said in done.stderr


@given(st.binary(max_size=60), st.integers(1, 7))
def test_no_piece_of_text_steers_a_terminal(data: bytes, size: int) -> None:
    harmless = Harmless()
    text = "".join(harmless(data[n : n + size]) for n in range(0, len(data), size))
    assert all(character in "\n\r\t" or character.isprintable() for character in text)
    plain = bytes(byte for byte in data if 0x20 <= byte < 0x7F)
    assert Harmless()(plain) == plain.decode()
