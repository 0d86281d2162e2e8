"""arduino-builder, the predecessor of arduino-cli that Debian and Ubuntu carry.

It reads the same platforms, libraries and sketches, but says what it does in lines of
``===level ||| template ||| [arguments]`` instead of JSON. Its ``-build-cache`` goes by board and
folder of the core alone: changed properties would meet a core compiled without them, so each set of
properties gets one of its own.
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from urllib.parse import unquote_plus

from mlbench.errors import EnvironmentFault, UsageError
from mlbench.firmware import gcc_text
from mlbench.firmware.board_options import with_options
from mlbench.firmware.compiler import CompileReport, Job, PlatformMissing, UsedLibrary
from mlbench.firmware.platforms import Fqbn, Platforms
from mlbench.firmware.precompiled import LDFLAGS, link_flags, precompiled
from mlbench.firmware.relinking import link_command, linked_again
from mlbench.firmware.toolchain import Toolchain, probe_version
from mlbench.util.subprocesses import Finished, child_environment, run

_CORE_API = "10607"
"""What ``ARDUINO`` is defined as; the same number that arduino-cli gives."""

_MESSAGE = re.compile(r"^===(?P<level>\w+) \|\|\| (?P<template>.*?) \|\|\| \[(?P<arguments>.*)\]$")


@dataclass(frozen=True)
class Message:
    """One line of the machine logger."""

    level: str
    template: str
    arguments: tuple[str, ...]

    def __str__(self) -> str:
        text = self.template
        for index, argument in enumerate(self.arguments):
            text = text.replace(f"{{{index}}}", argument)
        return text


def parse_messages(text: str) -> tuple[Message, ...]:
    """The machine logger's lines among others. Arguments are URL-encoded, parted by one blank."""
    matches = (_MESSAGE.match(line.rstrip()) for line in text.splitlines())
    return tuple(
        Message(m["level"], m["template"], tuple(unquote_plus(part) for part in m["arguments"].split(" ")))
        for m in matches
        if m
    )


@dataclass(frozen=True)
class ArduinoBuilder:
    """A ``SketchCompiler``."""

    program: Path
    tools: Toolchain
    platforms: Platforms

    @property
    def identity(self) -> str:
        """``arduino-builder 1.3.25``."""
        return f"arduino-builder {probe_version(self.program)}"

    def properties(self, job: Job) -> Mapping[str, str]:
        """Build properties, unexpanded."""
        done = self._call("-dump-prefs", job)
        if done.status:
            raise self._refusal(done, job)
        pairs = (line.partition("=") for line in done.stdout.splitlines() if not line.startswith("==="))
        return {key: value for key, equals, value in pairs if equals}

    def compile(self, job: Job) -> CompileReport:
        """Compile and link; once more with the archives of libraries that have some, which it passes over."""
        report = self._compiled(job)
        folders = precompiled(report.libraries)
        flags = link_flags(folders, self.properties(job)) if folders else ""
        if not flags:
            return report
        given = [item.partition("=")[2] for item in job.properties if item.startswith(f"{LDFLAGS}=")]
        added = f"{LDFLAGS}={' '.join([*given, flags])}"
        again = self._compiled(replace(job, properties=(*job.properties, added)))
        return replace(again, seconds=report.seconds + again.seconds)

    def _compiled(self, job: Job) -> CompileReport:
        elf = job.build_path / f"{job.sketch.name}.ino.elf"
        elf.unlink(missing_ok=True)
        done = self._call("-compile", job)
        messages = parse_messages(done.stdout + "\n" + done.stderr)
        errors = [str(message) for message in messages if message.level == "error"]
        if done.status and errors and not elf.exists():
            refusal = self._known(errors[0], job)
            if refusal is not None:
                raise refusal
        return CompileReport(
            success=done.status == 0,
            elf=elf if elf.exists() else None,
            output="\n".join(line for line in done.stderr.splitlines() if not line.startswith("===")),
            build_path=job.build_path,
            error=errors[0] if errors else "",
            diagnostics=gcc_text.parse(done.stderr, failed=not elf.exists()),
            libraries=tuple(_library(m) for m in messages if m.template.startswith("Using library {0}")),
            link=link_command(done.stdout, elf),
            seconds=done.seconds,
        )

    def relink(self, job: Job, report: CompileReport, *, artifacts: bool = False) -> CompileReport:  # noqa: ARG002
        """Run the link command again; arduino-builder itself would compile the ``.ino`` each time."""
        if not report.link:
            return self.compile(job)
        return linked_again(job, report, job.build_path, self._environment())

    def install_platform(self, package: str, architecture: str, version: str = "") -> None:
        """arduino-builder installs nothing: always raises PlatformMissing."""
        name = f"{package}:{architecture}"
        raise _cannot_install("core", f"platform {name}", f"{name}@{version}" if version else name)

    def install_library(self, name: str, version: str = "", *, alone: bool = False) -> None:  # noqa: ARG002
        """arduino-builder installs nothing: always raises PlatformMissing."""
        raise _cannot_install("lib", f"library {name}", f'"{name}@{version}"' if version else f'"{name}"')

    def _call(self, verb: str, job: Job) -> Finished:
        argv = [str(self.program), verb, "-logger=machine", "-verbose"]
        hardware = [self.tools.builder_hardware, *self.platforms.hardware]
        tools = [self.tools.builder_hardware]
        for data in self.platforms.data_folders:
            if (data / "packages").is_dir():
                hardware.append(data / "packages")
                tools.append(data / "packages")
        for folder in hardware:
            argv += ["-hardware", str(folder)]
        for folder in tools:
            argv += ["-tools", str(folder)]
        for folder in (*self.platforms.libraries, *([job.libraries] if job.libraries else [])):
            argv += ["-libraries", str(folder)]
        if job.cores:
            argv += ["-build-cache", str(job.cores)]
        platform = self.platforms.platform(Fqbn.parse(job.fqbn))
        fqbn = with_options(job.fqbn, platform) if platform is not None else job.fqbn
        argv += ["-fqbn", fqbn, "-core-api-version", _CORE_API, "-build-path", str(job.build_path)]
        ctags = [f"tools.ctags.cmd.path={self.tools.ctags}"] if self.tools.ctags else []
        argv += [f"-prefs={item}" for item in (*ctags, *job.properties)]
        return run(
            [*argv, str(job.sketch)],
            cwd=job.build_path,
            environment=self._environment() | dict(job.environment),
            seconds=job.seconds,
            supervised=True,
        )

    def _environment(self) -> dict[str, str]:
        return child_environment(os.environ, {}, str(self.tools.gcc_bin or ""))

    def _refusal(self, done: Finished, job: Job) -> UsageError | EnvironmentFault:
        errors = [str(m) for m in parse_messages(done.stdout + "\n" + done.stderr) if m.level == "error"]
        text = (
            errors[0] if errors else done.stderr.strip().splitlines()[-1] if done.stderr.strip() else "failed"
        )
        return self._known(text, job) or EnvironmentFault(text, where="arduino-builder", do="run `doctor`")

    def _known(self, text: str, job: Job) -> UsageError | EnvironmentFault | None:
        if text.startswith("Board ") and text.endswith(" is unknown"):
            return UsageError(
                "unknown board", where=job.fqbn, do="run `boards`, or look into the platform's boards.txt"
            )
        if "is not a valid fully qualified board name" in text:
            return UsageError("is not a board name", where=job.fqbn, do="write package:architecture:board")
        if text.endswith("Unknown package") or re.match(r"Platform .* is unknown$", text):
            platform = ":".join(job.fqbn.split(":")[:2])
            return PlatformMissing(
                "is not installed",
                where=f"platform {platform}",
                do=f"install it with `arduino-cli core install {platform}`",
            )
        if "Invalid option" in text or "Invalid value" in text:
            return UsageError(text, where=job.fqbn, do="correct the board's options")
        return None


def _cannot_install(kind: str, where: str, name: str) -> PlatformMissing:
    what = "is not installed, and arduino-builder cannot install it"
    do = f"install arduino-cli and run `arduino-cli {kind} install {name}`"
    return PlatformMissing(what, where=where, do=do)


def _library(message: Message) -> UsedLibrary:
    """arduino-builder calls a library by its folder; its own name is in its properties."""
    with_version = message.template.startswith("Using library {0} at version {1}")
    name, *rest = message.arguments
    version = rest.pop(0) if with_version and rest else ""
    folder = Path(rest[0]) if rest else Path()
    try:
        text = (folder / "library.properties").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return UsedLibrary(name, version, folder)
    called = re.search(r"^name=(.*)$", text, re.MULTILINE)
    return UsedLibrary(called[1].strip() if called and called[1].strip() else name, version, folder)
