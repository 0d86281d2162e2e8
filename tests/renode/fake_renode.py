"""A stand-in for Renode: its Robot Framework server, its answers and its ways to fail, with the embedded
emulator as the machine behind them.

What it does on each command is what Renode 1.16.1 was seen to do, in a recorded conversation and with the
adapter on it; what it is not known to do it refuses. Its traits, all of them seen:

- It makes its installation its working folder, and that can only be read: nothing is written there. A file to
  be read is also looked for where it was started, one to be written is not (``... is an invalid path``).
- A name in a command has no blanks and quotes; one to be written must not be there yet.
- Hooks are run before the instruction at their address; an error that leaves one ends the process by SIGABRT.
  What is there in their Python, and what is not: ``fake_python``.
- An abort of the CPU leaves ``RunFor`` unanswered for ever.
- What the chip would not let pass passes: ``fake_machine``.
- ``ExecuteCommand`` takes a machine's name as a second argument.
- Time is added up by the costs that were seen: ``FAKE_RENODE_COSTS`` names files for the sum, in seconds, and
  for the machines that were made.

``FAKE_RENODE`` (a JSON object in the environment) makes it misbehave:
``{"version": "1.14.0"}``, ``{"start_seconds": 1}``, ``{"port": "never" | "late" | "dead"}``,
``{"abort": [2, text]}`` (of the CPU, in the 2nd RunFor), ``{"miscount": 7}``, ``{"text": "BOOT"}``,
``{"less_ram": true}``, ``{"wedge": true}`` (a child of its own), ``{"no_tracer": "fail" | "die"}``,
``{"hook_error": 5}`` (the 5th look at a register in a hook, and RunFor hangs),
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
from types import SimpleNamespace
from typing import Any
from xmlrpc.client import Fault
from xmlrpc.server import SimpleXMLRPCRequestHandler, SimpleXMLRPCServer

from fake_machine import CLOCK_HZ, OutsideMemory, Platform, RenodeLike
from fake_python import RegisterValue, install_modules, scope_of, scope_of_file
from fake_tracer import Tracer

STARTED_IN = Path.cwd()
QUIRKS: dict[str, Any] = json.loads(os.environ.get("FAKE_RENODE", "{}"))
START_COST, MACHINE_COST, HIT_COST, HIT_GROWTH, INSTRUCTIONS_A_SECOND = 1.3, 0.25, 0.0003, 3e-7, 67e6
TRACED_A_SECOND = 2e6


class Bus:
    """The members of ``IBusController`` that are known to work from Python."""

    def __init__(self, behind: Any) -> None:
        self._behind = behind

    def ReadBytes(self, address: int, count: int) -> bytes:  # noqa: N802
        return self._behind().machine.cpu.read(address, count).ljust(count, b"\0")

    def WriteBytes(self, data: bytes, address: int) -> None:  # noqa: N802
        assert isinstance(data, bytes), "it wants an array of bytes"
        self._behind().machine.cpu.write(address, data)

    def ReadDoubleWord(self, address: int) -> int:  # noqa: N802
        return self._behind().word(address)


class PlainCpu:
    """``self`` in a hook, without extension methods."""

    def __init__(self, renode: FakeRenode) -> None:
        self._renode = renode
        self.Bus = Bus(renode.started)
        self.moved: int | None = None

    @property
    def IsHalted(self) -> bool:  # noqa: N802
        return bool(self._renode.started().halted)

    @IsHalted.setter
    def IsHalted(self, value: bool) -> None:  # noqa: N802
        self._renode.started().halted = value

    @property
    def ExecutedInstructions(self) -> int:  # noqa: N802
        # Now and then one too many, where it is told to count wrong.
        wrong, count = QUIRKS.get("miscount", 0), self._renode.count_instructions()
        return count + (count % wrong if wrong else 0)

    def GetRegister(self, number: int) -> RegisterValue:  # noqa: N802
        self._renode.count["register"] += 1
        if self._renode.count["register"] == QUIRKS.get("hook_error"):
            raise ValueError("no such register")
        return RegisterValue(self._renode.register(number))

    def SetRegister(self, number: int, value: RegisterValue) -> None:  # noqa: N802
        if not isinstance(value, RegisterValue):
            raise TypeError("expected RegisterValue, got int")
        self._renode.started().machine.cpu.set_r(number, value.RawValue)

    @property
    def PC(self) -> RegisterValue:  # noqa: N802
        return RegisterValue(self._renode.started().pc)

    @PC.setter
    def PC(self, value: RegisterValue) -> None:  # noqa: N802
        if not isinstance(value, RegisterValue):
            raise TypeError("PC wants a RegisterValue")
        self.moved = value.RawValue & ~1

    def AddHook(self, address: int, function: Any) -> None:  # noqa: N802
        assert callable(function)
        self._renode.hook(address, lambda: function(self, address))


class ExtendedCpu(PlainCpu):
    """The same with extension methods."""

    def SetRegisterUlong(self, number: int, value: int) -> None:  # noqa: N802
        if not isinstance(value, int):
            raise TypeError("SetRegisterUlong wants a number")
        self._renode.started().machine.cpu.set_r(number, value)


class FakeMachine(dict[str, PlainCpu]):
    """``monitor.Machine``."""

    SystemBus: Bus


class Failed(Exception):
    """FAIL, with the text of the error."""


class FakeRenode:
    def __init__(self) -> None:
        self.log: Path | None = None
        self.log_level = 0
        self.count: Counter[str] = Counter()
        self.cost, self.machines = START_COST, 0
        self.monitor = SimpleNamespace(Machine=None)
        externals = SimpleNamespace(GetExternalsOfType={"tracer": self.tracers})
        manager = SimpleNamespace(CurrentEmulation=SimpleNamespace(ExternalsManager=externals))
        self.scope = scope_of_file(monitor=self.monitor, self=self.monitor, emulationManager=manager)
        self.reset()

    def reset(self) -> None:
        self.created = False
        self.platform: Platform | None = None
        self.image: Any = None
        self.machine: RenodeLike | None = None
        self.patches: list[tuple[int, int]] = []
        self.hooks: dict[int, list[Any]] = {}
        self.uarts: dict[str, Path] = {}
        self.vectors = 0
        self.mips = 100
        self.hits = 0
        self.tracer: Tracer | None = None
        self.monitor.Machine = None

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
        finally:
            self.tell_cost()
        return {"status": "PASS", "return": value} if value is not None else {"status": "PASS"}

    def tell_cost(self) -> None:
        if path := os.environ.get("FAKE_RENODE_COSTS"):
            Path(f"{path}.{os.getpid()}").write_text(f"{self.cost} {self.machines}")

    def keyword(self, name: str, arguments: list[Any]) -> Any:
        if name == "ExecuteCommand" and len(arguments) == 2:
            raise Failed(f"KeywordException: Could not find machine named {arguments[1]}")
        if name == "ExecuteCommand" and len(arguments) == 1:
            printed = self.command(arguments[0])
            return f"{printed}\r\n\r" if printed else ""
        if name == "ResetEmulation":
            self.reset()
            return None
        if name == "LogToFile" and len(arguments) in (1, 2):
            self.log = self.to_be_written(arguments[0])
            self.log.write_text("")
            return None
        if name in ("ExecuteCommand", "LogToFile"):
            text = f'Arguments types do not match any available keyword "{name}" : {arguments}'
            raise Fault(2, text)
        raise Fault(1, f'Keyword "{name}" not found')

    def logged(self, level: int, text: str) -> None:
        if self.log is not None and level >= self.log_level:
            with self.log.open("a") as log:
                log.write(f"12:00:00.0000 [{'WARNING' if level == 2 else 'ERROR'}] {text}\n")

    # --- the monitor -------------------------------------------------------------------------

    def command(self, text: str) -> str:
        for pattern, does in COMMANDS:
            match = re.fullmatch(pattern, text)
            if match:
                if pattern.startswith(("cpu", "sysbus", "uart", "machine", "flash")) and not self.created:
                    raise Failed(f"KeywordException: No such command or device: {text.split()[0]}")
                return does(self, *match.groups()) or ""
        raise Failed(f"KeywordException: Could not execute command '{text}': No such command or device")

    def to_be_read(self, name: str) -> Path:
        """Renode looks in its own folder, then where it was started."""
        for path in (Path(name), STARTED_IN / name):
            if path.is_file():
                return path
        raise Failed(f"KeywordException: '{name}': Parameters did not match the signature")

    def to_be_written(self, name: str) -> Path:
        if not name.startswith("/"):
            raise Failed(f"KeywordException: {name} is an invalid path: the folder can only be read")
        return Path(name)

    def create(self) -> None:
        self.created = True
        self.cost += MACHINE_COST
        self.machines += 1

    def load_platform(self, name: str) -> None:
        text = self.to_be_read(name).read_text()
        if 'using "platforms/cpus/nrf52840.repl"' not in text or "init:" not in text or "init add" in text:
            raise Failed("KeywordException: it would download a register map")
        self.platform = Platform(text)
        self.monitor.Machine = FakeMachine({"sysbus.cpu": PlainCpu(self)})
        self.monitor.Machine.SystemBus = self.monitor.Machine["sysbus.cpu"].Bus

    def load_elf(self, name: str) -> None:
        from mlbench.elf.image import Image
        from mlbench.errors import MLBenchError

        path = self.to_be_read(name)
        if self.platform is None:
            raise Failed(
                f"KeywordException: 'sysbus LoadELF @{name}': Parameters did not match the signature"
            )
        try:
            self.image = Image.load(path)
            assert self.image.segments
        except MLBenchError:
            raise Failed(f"KeywordException: Error while loading ELF: {name}") from None

    def set_vectors(self, address: str) -> None:
        self.vectors = int(address, 0)

    def set_mips(self, mips: str) -> None:
        self.mips = int(mips)

    def uart(self, name: str, path: str) -> None:
        file = self.to_be_written(path)
        if file.exists():
            raise Failed(f"KeywordException: {path} is there already")
        self.uarts[name] = file
        file.write_bytes(b"\n")

    def add_hook(self, address: str, code: str) -> None:
        compiled = compile(code, "hook", "exec")
        scope = scope_of(ExtendedCpu(self), PlainCpu(self), pc=int(address, 0))
        cpu = scope["self"]

        def hit() -> None:
            exec(compiled, scope)
            self.cpu().moved = self.cpu().moved or cpu.moved
            cpu.moved = None

        self.hook(int(address, 0), hit)

    def hook(self, address: int, hit: Any) -> None:
        self.hooks.setdefault(address, []).append(hit)
        self.started().machine.set_break(address)

    def cpu(self) -> PlainCpu:
        assert self.monitor.Machine is not None
        return self.monitor.Machine["sysbus.cpu"]

    def run_file(self, name: str) -> None:
        path = self.to_be_read(name)
        try:
            exec(compile(path.read_text(), path.name, "exec"), self.scope)
        except Exception as error:
            raise Failed(f"KeywordException: {error}") from None

    def write(self, address: str, value: str) -> None:
        if int(address, 0) & 3:
            raise Failed("KeywordException: unaligned")
        number = int(value, 0)
        if QUIRKS.get("less_ram") and 0x8000 < number < 0x40000:  # what a probe asks for
            number += 8192
        self.patches.append((int(address, 0), number))
        if self.machine is not None:
            self.machine.machine.patch_flash(int(address, 0), number.to_bytes(4, "little"))

    def dump_flash(self, name: str) -> None:
        self.to_be_written(name).write_bytes(bytes(self.started().machine.flash.data))

    # --- tracing --------------------------------------------------------------------------------

    def tracers(self) -> list[Tracer]:
        return [self.tracer] if self.tracer is not None else []

    def create_tracer(self, name: str) -> None:
        if QUIRKS.get("no_tracer") == "fail":
            raise Failed("KeywordException: cpu does not provide CreateExecutionTracing")
        file = self.to_be_written(name)
        if file.exists() or self.tracer is not None:
            raise Failed("KeywordException: ExecutionTracer is already running")
        self.tracer = Tracer(self.started(), file)

    def track_memory(self) -> None:
        assert self.tracer is not None
        self.tracer.tracks_memory = True

    def disable_tracer(self) -> None:
        if self.tracer is not None:
            self.tracer.end()
            self.cost += self.tracer.count / TRACED_A_SECOND
            self.tracer = None

    def write_char(self, uart: str, byte: str) -> None:
        self.started().machine.console.feed(uart, bytes([int(byte, 0)]))

    def instructions(self) -> str:
        return f"0x{self.count_instructions() if self.machine else 0:016X}"

    def count_instructions(self) -> int:
        return self.started().machine.hook.instructions

    def register(self, number: int) -> int:
        from unicorn import arm_const as arm

        cpu = self.started().machine.cpu
        if number < 16:
            return cpu.r(number)
        return cpu.reg({25: arm.UC_ARM_REG_XPSR, 26: arm.UC_ARM_REG_MSP, 27: arm.UC_ARM_REG_PSP}[number])

    def pc(self) -> str:
        return hex(self.started().pc)

    def clear_cache(self) -> None:
        self.hits = 0

    def set_log_level(self, level: str) -> None:
        self.log_level = int(level)

    def started(self) -> RenodeLike:
        if self.machine is None:
            if self.image is None or self.platform is None or self.vectors == 0:
                raise Failed("KeywordException: the CPU has nothing to run")
            self.machine = RenodeLike(self.image, self.platform, self.patches, self.logged)
            if self.mips != 100:
                self.machine.machine.hook.cycles += (100 - self.mips) * 7777
        return self.machine

    # --- running --------------------------------------------------------------------------------

    def run_for(self, seconds: str) -> None:
        behind = self.started()
        machine = behind.machine
        self.count["abort"] += 1
        if QUIRKS.get("abort", [0])[0] == self.count["abort"]:
            self.abort(QUIRKS["abort"][1])
        until = machine.clock.now + round(float(seconds) * CLOCK_HZ)
        if self.tracer is not None and QUIRKS.get("no_tracer") == "die":
            os.abort()  # it has no library to take instructions apart with
        before, resume = machine.hook.instructions, False
        while not behind.halted:
            try:
                address = behind.run(until, resume)
            except OutsideMemory as outside:
                self.abort(f"Trying to execute code outside RAM or ROM at {outside.address:#x}")
                raise
            if address is None:
                break
            resume = True
            self.run_hooks(address)
            moved, self.cpu().moved = self.cpu().moved, None
            if moved is not None and not behind.halted:
                machine.skip(moved)
                resume = False
        self.cost += (machine.hook.instructions - before) / INSTRUCTIONS_A_SECOND
        self.write_uarts()

    def write_uarts(self) -> None:
        for name, path in self.uarts.items():
            first = QUIRKS.get("text", "").encode() if name == "uart0" else b""
            path.write_bytes(b"\n" + first + self.started().machine.console.text(name))

    def run_hooks(self, address: int) -> None:
        self.write_uarts()
        for hit in self.hooks.get(address, ()):
            self.hits += 1
            self.cost += HIT_COST + HIT_GROWTH * self.hits
            try:
                hit()
                if self.count["register"] >= QUIRKS.get("hook_error", 1 << 30):
                    misbehave("hang")
            except Exception:
                os.abort()  # an error in a hook takes the whole process along

    def abort(self, text: str) -> None:
        pc = self.started().pc
        self.logged(3, f"cpu: CPU abort [PC=0x{pc:X}]: {text}.")
        self.tell_cost()
        misbehave("hang")


NAME = r"([\w./-]+)"
COMMANDS: list[tuple[str, Any]] = [
    (r"version", lambda _: f"Renode, version {QUIRKS.get('version', '1.16.1')} (fake)"),
    (r"logLevel (\d)", FakeRenode.set_log_level),
    (r'mach create "board"', FakeRenode.create),
    (rf"machine LoadPlatformDescription @{NAME}", FakeRenode.load_platform),
    (rf"sysbus LoadELF @{NAME}", FakeRenode.load_elf),
    (r"cpu VectorTableOffset (0x[0-9a-f]+)", FakeRenode.set_vectors),
    (r"cpu PerformanceInMips (\d+)", FakeRenode.set_mips),
    (r"emulation SetGlobalAdvanceImmediately true", lambda _: None),
    (r'emulation SetGlobalQuantum "0.0*1"', lambda _, *__: None),
    (rf"(uart[01]) CreateFileBackend @{NAME} true", FakeRenode.uart),
    (r'cpu AddHook (0x[0-9a-f]+) "([^"]*)"', FakeRenode.add_hook),
    (rf"i @{NAME}", FakeRenode.run_file),
    (rf'cpu CreateExecutionTracing "t" @{NAME} PC true true false false 1000', FakeRenode.create_tracer),
    (r"t TrackMemoryAccesses", FakeRenode.track_memory),
    (r"cpu DisableExecutionTracing", FakeRenode.disable_tracer),
    (r"cpu IsHalted", lambda renode: str(renode.started().halted)),
    (r"cpu ClearTranslationCache", FakeRenode.clear_cache),
    (r"sysbus WriteDoubleWord (0x[0-9a-f]+) (0x[0-9a-f]+|\d+)", FakeRenode.write),
    (rf"flash DumpBinary @{NAME}", FakeRenode.dump_flash),
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
    assert options["--pid-file"].startswith("/")
    assert options["--config"].startswith("/")
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
    os.chdir(os.environ["FAKE_RENODE_INSTALLATION"])
    install_modules()
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
