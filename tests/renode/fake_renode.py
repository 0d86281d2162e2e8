"""A stand-in for Renode: its Robot Framework server, its answers and its ways to fail, with the embedded
emulator as the machine behind them.

What it does on each command is what Renode 1.16.1 was seen to do in a recorded conversation; what
it is not known to do it refuses. Hooks are run as Renode runs them: Python with ``self``, an error that
leaves one ends the process by SIGABRT, an abort of the CPU leaves ``RunFor`` unanswered for ever.

``FAKE_RENODE`` (a JSON object in the environment) makes it misbehave:
``{"version": "1.14.0"}``, ``{"start_seconds": 1}``, ``{"port": "never" | "late" | "dead"}``,
``{"abort": [2, text]}`` (of the CPU, in the 2nd RunFor), ``{"miscount": 7}``, ``{"text": "BOOT"}``,
``{"less_ram": true}``, ``{"wedge": true}`` (a child of its own),
``{"at": {"emulation RunFor": [2, how]}}`` (at its 2nd time; how is die, hang, reset, garbage or fail).
"""

from __future__ import annotations

import json
import os
import re
import socket
import sys
import time
from collections import Counter
from contextlib import suppress
from pathlib import Path
from typing import Any
from xmlrpc.client import Fault
from xmlrpc.server import SimpleXMLRPCRequestHandler, SimpleXMLRPCServer

FOLDER = Path.cwd()
QUIRKS: dict[str, Any] = json.loads(os.environ.get("FAKE_RENODE", "{}"))
CLOCK_HZ = 64_000_000


class Register:
    """Renode's RegisterValue."""

    def __init__(self, value: int) -> None:
        self.RawValue = value

    def __str__(self) -> str:
        return hex(self.RawValue)


class Bus:
    def __init__(self, machine: Any) -> None:
        self._machine = machine

    def ReadBytes(self, address: int, count: int) -> bytes:  # noqa: N802
        return self._machine.cpu.read(address, count)

    def ReadDoubleWord(self, address: int) -> int:  # noqa: N802
        return self._machine.cpu.word(address)


class HookCpu:
    """``self`` in a hook."""

    def __init__(self, machine: Any) -> None:
        self._machine = machine
        self.Bus = Bus(machine)
        self.moved: int | None = None
        self.IsHalted = False

    @property
    def ExecutedInstructions(self) -> int:  # noqa: N802
        # Now and then one too many, where it is told to count wrong.
        wrong = QUIRKS.get("miscount", 0)
        return self._machine.hook.instructions + (self._machine.hook.instructions % wrong if wrong else 0)

    def GetRegister(self, number: int) -> Register:  # noqa: N802
        return Register(self._machine.cpu.r(number))

    def SetRegisterUlong(self, number: int, value: int) -> None:  # noqa: N802
        if not isinstance(value, int):
            raise TypeError("SetRegisterUlong wants a number")
        self._machine.cpu.set_r(number, value)

    @property
    def PC(self) -> Register:  # noqa: N802
        return Register(self._machine.cpu.pc)

    @PC.setter
    def PC(self, value: Register) -> None:  # noqa: N802
        if not isinstance(value, Register):
            raise TypeError("PC wants a RegisterValue")
        self.moved = value.RawValue & ~1


class Failed(Exception):
    """FAIL, with the text of the error."""


class FakeRenode:
    def __init__(self) -> None:
        self.log: Path | None = None
        self.count: Counter[str] = Counter()
        self.reset()

    def reset(self) -> None:
        self.created = self.platform = False
        self.image: Any = None
        self.machine: Any = None
        self.patches: list[tuple[int, int]] = []
        self.hooks: dict[int, list[tuple[Any, dict[str, Any]]]] = {}
        self.uarts: dict[str, Path] = {}
        self.vectors = 0
        self.mips = 100

    # --- keywords ----------------------------------------------------------------------------

    def run_keyword(self, name: str, arguments: list[Any]) -> dict[str, Any]:
        shown = " ".join([name, *map(str, arguments)])
        for start, (nth, how) in QUIRKS.get("at", {}).items():
            if shown.removeprefix("ExecuteCommand ").startswith(start):
                self.count[start] += 1
                if self.count[start] == nth:
                    misbehave(how)
                    if how == "fail":
                        return {"status": "FAIL", "error": f"KeywordException: told to fail at {shown}"}
        try:
            value = self.keyword(name, arguments)
        except Failed as error:
            return {"status": "FAIL", "error": str(error), "traceback": "at Antmicro.Renode"}
        return {"status": "PASS", "return": value} if value is not None else {"status": "PASS"}

    def keyword(self, name: str, arguments: list[Any]) -> Any:
        if name == "ExecuteCommand" and len(arguments) == 1:
            printed = self.command(arguments[0])
            return f"{printed}\r\n\r" if printed else ""
        if name == "ResetEmulation":
            self.reset()
            return None
        if name == "LogToFile" and len(arguments) in (1, 2):
            self.log = Path(arguments[0])
            self.log.write_text("")
            return None
        if name in ("ExecuteCommand", "LogToFile"):
            text = f'Arguments types do not match any available keyword "{name}" : {arguments}'
            raise Fault(2, text)
        raise Fault(1, f'Keyword "{name}" not found')

    # --- the monitor -------------------------------------------------------------------------

    def command(self, text: str) -> str:
        for pattern, does in COMMANDS:
            match = re.fullmatch(pattern, text)
            if match:
                if pattern.startswith(("cpu", "sysbus", "uart", "machine")) and not self.created:
                    raise Failed(f"KeywordException: No such command or device: {text.split()[0]}")
                return does(self, *match.groups()) or ""
        raise Failed(f"KeywordException: Could not execute command '{text}': No such command or device")

    def create(self) -> None:
        self.created = True

    def load_platform(self, name: str) -> None:
        text = (FOLDER / name).read_text()
        if 'using "platforms/cpus/nrf52840.repl"' not in text or "init:" not in text or "init add" in text:
            raise Failed("KeywordException: it would download a register map")
        self.platform = True

    def load_elf(self, name: str) -> None:
        from mlbench.elf.image import Image
        from mlbench.errors import MLBenchError

        if not self.platform or not (FOLDER / name).is_file():
            raise Failed(
                f"KeywordException: 'sysbus LoadELF @{name}': Parameters did not match the signature"
            )
        try:
            self.image = Image.load(FOLDER / name)
            assert self.image.segments
        except MLBenchError:
            raise Failed(f"KeywordException: Error while loading ELF: {name}") from None

    def set_vectors(self, address: str) -> None:
        self.vectors = int(address, 0)

    def set_mips(self, mips: str) -> None:
        self.mips = int(mips)

    def uart(self, name: str, path: str) -> None:
        self.uarts[name] = FOLDER / path
        self.uarts[name].write_bytes(b"\n")

    def add_hook(self, address: str, code: str) -> None:
        scope: dict[str, Any] = {}
        self.hooks.setdefault(int(address, 0), []).append((compile(code, "hook", "exec"), scope))
        if self.machine is not None:
            self.machine.set_break(int(address, 0))

    def write(self, address: str, value: str) -> None:
        if int(address, 0) & 3:
            raise Failed("KeywordException: unaligned")
        self.patches.append((int(address, 0), int(value, 0)))
        if QUIRKS.get("less_ram") and 0x8000 < int(value, 0) < 0x40000:  # what a probe asks for
            self.patches[-1] = (int(address, 0), int(value, 0) + 8192)

    def write_char(self, uart: str, byte: str) -> None:
        self.started().console.feed(uart, bytes([int(byte, 0)]))

    def instructions(self) -> str:
        return f"0x{self.machine.hook.instructions if self.machine else 0:016X}"

    def pc(self) -> str:
        return hex(self.machine.cpu.pc)

    def started(self) -> Any:
        from mlbench.emulator.chips.nrf52840 import NRF52840
        from mlbench.emulator.machine import Machine

        if self.machine is None:
            if self.image is None or self.vectors == 0:
                raise Failed("KeywordException: the CPU has nothing to run")
            self.machine = Machine(self.image, NRF52840)
            for address, value in self.patches:
                self.machine.patch_flash(address, value.to_bytes(4, "little"))
            for address in self.hooks:
                self.machine.set_break(address)
            if self.mips != 100:
                self.machine.hook.cycles += (100 - self.mips) * 7777
            self.cpu = HookCpu(self.machine)
        return self.machine

    def run_for(self, seconds: str) -> None:
        from mlbench.emulator.machine import End

        machine = self.started()
        self.count["abort"] += 1
        if QUIRKS.get("abort", [0])[0] == self.count["abort"]:
            self.abort(QUIRKS["abort"][1])
        until = machine.clock.now + round(float(seconds) * CLOCK_HZ)
        resume = False
        while not self.cpu.IsHalted:
            ending = machine.run(until, resume=resume)
            resume = ending.end is End.BREAKPOINT
            if not resume:
                break
            self.run_hooks(ending.address)
            if self.cpu.IsHalted:
                break
            if self.cpu.moved is not None:
                machine.skip(self.cpu.moved)
                self.cpu.moved, resume = None, False
        for name, path in self.uarts.items():
            first = QUIRKS.get("text", "").encode() if name == "uart0" else b""
            path.write_bytes(b"\n" + first + machine.console.text(name))

    def run_hooks(self, address: int) -> None:
        for code, scope in self.hooks.get(address, ()):
            scope.update(self=self.cpu, cpu=self.cpu, pc=address)
            try:
                exec(code, scope)
            except Exception:
                os.abort()  # an error in a hook takes the whole process along

    def abort(self, text: str) -> None:
        assert self.log is not None
        with self.log.open("a") as log:
            log.write(f"12:00:00.0000 [ERROR] cpu: CPU abort [PC=0x{self.machine.cpu.pc:X}]: {text}.\n")
        misbehave("hang")


COMMANDS: list[tuple[str, Any]] = [
    (r"version", lambda _: f"Renode, version {QUIRKS.get('version', '1.16.1')} (fake)"),
    (r'mach create "board"', FakeRenode.create),
    (r"machine LoadPlatformDescription @([\w.]+)", FakeRenode.load_platform),
    (r"sysbus LoadELF @([\w.]+)", FakeRenode.load_elf),
    (r"cpu VectorTableOffset (0x[0-9a-f]+)", FakeRenode.set_vectors),
    (r"cpu PerformanceInMips (\d+)", FakeRenode.set_mips),
    (r"emulation SetGlobalAdvanceImmediately true", lambda _: None),
    (r'emulation SetGlobalQuantum "0.00001"', lambda _: None),
    (r"(uart[01]) CreateFileBackend @([\w.]+) true", FakeRenode.uart),
    (r'cpu AddHook (0x[0-9a-f]+) "([^"]*)"', FakeRenode.add_hook),
    (r"sysbus WriteDoubleWord (0x[0-9a-f]+) (0x[0-9a-f]+|\d+)", FakeRenode.write),
    (r"(uart[01]) WriteChar (0x[0-9a-f]+)", FakeRenode.write_char),
    (r"cpu ExecutedInstructions", FakeRenode.instructions),
    (r"cpu PC", FakeRenode.pc),
    (r'emulation RunFor "([\d.]+)"', FakeRenode.run_for),
]


def misbehave(how: str) -> None:
    if how == "die":
        os.abort()
    if how == "hang":
        while True:
            time.sleep(60)
    if how in ("reset", "garbage"):
        handler = Handler.current
        assert handler is not None
        if how == "garbage":
            body = b"<methodResponse><params><param><value>\x00\xff</oops>"
            handler.send_response(200)
            handler.send_header("Content-Length", str(len(body)))
            handler.end_headers()
            handler.wfile.write(body)
        handler.connection.shutdown(socket.SHUT_RDWR)


class Handler(SimpleXMLRPCRequestHandler):
    current: Handler | None = None

    def do_POST(self) -> None:  # noqa: N802
        Handler.current = self
        with suppress(OSError):
            super().do_POST()


def main() -> None:
    options = dict(zip(sys.argv[1:], sys.argv[2:], strict=False))
    assert options["--robot-server-port"] == "0"
    assert {"--disable-gui", "--hide-log"} <= set(sys.argv)
    temporary = Path(os.environ["TMPDIR"])
    port_file = temporary / f"renode-{os.getpid()}" / "robot_port"
    if QUIRKS.get("port") == "dead":
        # What a process that is gone has left: another port, behind a number that is nobody's.
        stale = temporary / "renode-999999" / "robot_port"
        stale.parent.mkdir()
        stale.write_text("1")
    if QUIRKS.get("wedge"):  # a child of its own, as Renode's launcher scripts have
        import subprocess

        subprocess.Popen(["sleep", "600"])
    Path(options["--pid-file"]).write_text(str(os.getpid()))
    time.sleep(QUIRKS.get("start_seconds", 0))
    if QUIRKS.get("start") == "exit":
        print("Fatal error: no valid ICU package", flush=True)
        raise SystemExit(3)
    server = SimpleXMLRPCServer(("127.0.0.1", 0), Handler, logRequests=False, allow_none=False)
    server.register_instance(FakeRenode())
    if QUIRKS.get("port") != "never":
        port_file.parent.mkdir(parents=True)
        if QUIRKS.get("port") == "late":
            port_file.write_text("")  # made, not yet written
            time.sleep(0.5)
        port_file.write_text(str(server.server_address[1]))
    server.serve_forever()


if __name__ == "__main__":
    main()
