"""arduino-cli, by its JSON.

It keeps compiled cores by board, folder of the platform and ``compiler.optimization_flags`` alone:
other flags would meet a stale core, so each set of properties gets a build cache of its own. With
``--build-path`` it would keep no cores at all, so it chooses the build path, in that cache.
"""

from __future__ import annotations

import glob
import json
import os
import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mlbench.core.firmware import Diagnostic
from mlbench.errors import EnvironmentFault, UsageError
from mlbench.firmware import gcc_text
from mlbench.firmware.arduino_data import seed, view_of
from mlbench.firmware.compiler import CompileReport, Job, PlatformMissing, UsedLibrary
from mlbench.firmware.platforms import Platforms
from mlbench.firmware.relinking import link_command, linked_again
from mlbench.firmware.toolchain import Toolchain, probe_version
from mlbench.firmware.upload_answer import uploaded_to
from mlbench.host.cache_dir import locked, unwritable
from mlbench.util.subprocesses import Finished, child_environment, run

_INSTALL_SECONDS = 1800.0
_INDEX = "Downloading index: "


@dataclass(frozen=True)
class ArduinoCli:
    """A ``SketchCompiler``. ``folder`` is its part of the cache: configuration and data."""

    program: Path
    tools: Toolchain
    platforms: Platforms
    folder: Path

    @property
    def identity(self) -> str:
        """``arduino-cli 1.5.1``."""
        return f"arduino-cli {probe_version(self.program)}"

    def properties(self, job: Job) -> Mapping[str, str]:
        """Build properties as the platform defines them."""
        _, answer = self._compile(job, "--show-properties=unexpanded")
        result = answer.get("builder_result") or {}
        pairs = [str(item).partition("=") for item in result.get("build_properties") or []]
        if not pairs:
            raise EnvironmentFault(
                f"gives no build properties: {answer.get('error') or 'its answer has none'}",
                where=str(self.program),
                do="use arduino-cli 1.0 or newer",
            )
        return {key: value for key, _, value in pairs}

    def compile(self, job: Job) -> CompileReport:
        """Compile and link."""
        name = f"{job.sketch.name}.ino.elf"
        for stale in (job.cores or job.build_path).glob(f"sketches/*/{glob.escape(name)}"):
            stale.unlink()
        # Verbose, it tells the link command, and all else is the same.
        done, answer = self._compile(job, "--verbose")
        result = answer.get("builder_result") or {}
        build_path = Path(str(result.get("build_path") or job.build_path))
        elf = build_path / name
        output = str(answer.get("compiler_err") or "")
        text = next(
            (
                s.get("size", 0)
                for s in result.get("executable_sections_size") or []
                if s.get("name") == "text"
            ),
            None,
        )
        return CompileReport(
            success=bool(answer.get("success")) and done.status == 0,
            elf=elf if elf.exists() else None,
            output=output,
            build_path=build_path,
            error=_first_line(str(answer.get("error") or "")),
            diagnostics=_diagnostics(result.get("diagnostics") or [], output, failed=not elf.exists()),
            libraries=tuple(
                UsedLibrary(
                    str(item.get("name", "")),
                    str(item.get("version", "")),
                    Path(str(item.get("install_dir", ""))),
                )
                for item in result.get("used_libraries") or []
            ),
            text=int(text) if text is not None else None,
            link=link_command(str(answer.get("compiler_out") or ""), build_path / name),
            seconds=done.seconds,
        )

    def relink(self, job: Job, report: CompileReport, *, artifacts: bool = False) -> CompileReport:
        """Run the link command again; for ``artifacts`` all of it, though nothing needs to be compiled."""
        if report.link and not artifacts:
            return linked_again(job, report, self.folder, self._environment({}))
        return self.compile(job)

    def upload(self, fqbn: str, port: str, folder: Path, seconds: float) -> str:
        """Put what was built onto a board; gives its port's address afterwards, empty where it is not known.

        Args:
            fqbn: the board.
            port: the address of its port. Whether it is touched at 1200 baud first, the platform says.
            folder: holds ``<sketch>.ino.bin`` and its like, of one sketch.
            seconds: host time for it.

        Raises:
            UploadRefused: another try would fail as well.
            UsageError: the platform does not have the board.
            EnvironmentFault: it failed; the board may be in its bootloader.
        """
        argv = ["upload", "--json", "--fqbn", fqbn, "-p", port, "--input-dir", str(folder)]
        done = self._run(argv, seconds, supervised=True)
        answer = self._answer(done)
        self._refuse(str(answer.get("error") or ""), fqbn)
        return uploaded_to(answer, done.status, fqbn, port, folder)

    def install_platform(self, package: str, architecture: str, version: str = "") -> None:
        """Install a platform from its index; the index of every configured URL is read first.

        Raises:
            PlatformMissing: it cannot be had.
        """
        platform = f"{package}:{architecture}"
        data = self.platforms.installs or self.platforms.data
        installed = data / "packages" / package / "hardware" / architecture / version
        with self._installing(data):
            if not any(installed.glob("boards.txt" if version else "*/boards.txt")):
                name = f"{platform}@{version}" if version else platform
                self._install("core", name, f"platform {platform}")

    def install_library(self, name: str, version: str = "", *, alone: bool = False) -> None:
        """Install a library of Arduino's index; no ``version``: the newest.

        Those it needs are installed too where it is not to come ``alone``.

        Raises:
            PlatformMissing: it cannot be had.
        """
        options = ["--no-deps"] if alone else []
        with self._installing(self.platforms.user):
            self._install("lib", f"{name}@{version}" if version else name, f"library {name}", options)

    @contextmanager
    def _installing(self, folder: Path) -> Iterator[None]:
        """One at a time: two jobs may lack the same platform."""
        try:
            folder.parent.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise unwritable(folder.parent, error) from error
        with locked(folder.with_name(f"{folder.name}.lock"), lambda _: None, "installing"):
            yield

    def _install(self, kind: str, name: str, where: str, options: Sequence[str] = ()) -> None:
        if self.tools.offline:
            raise PlatformMissing(
                "is not installed, and the network is not to be used",
                where=where,
                do=f"run `arduino-cli {kind} install {name}`, or leave out --offline",
            )
        # Only text says which index it was that could not be had, and why; the JSON of `core` does not.
        updated = self._run([kind, "update-index"], _INSTALL_SECONDS, installing=True)
        done = self._run([kind, "install", name, *options, "--json"], _INSTALL_SECONDS, installing=True)
        if done.status:
            causes = [f"{kind} update-index: {line}" for line in _index_errors(updated)]
            raise PlatformMissing(
                f"cannot be installed: {'; '.join([*causes, _error_of(done)])}",
                where=where,
                do="check the network, its name and version, and the package index it needs "
                "(board_manager.additional_urls of arduino-cli)",
            )

    def _compile(self, job: Job, *options: str) -> tuple[Finished, dict[str, Any]]:
        argv = ["compile", "--json", *options, "--fqbn", job.fqbn]
        for folder in self.platforms.libraries:
            # The user's own folder of libraries is searched anyway, and so is what goes behind all others.
            if folder.parent != self.platforms.user and folder != self.platforms.bundled:
                argv += ["--libraries", str(folder)]
        for library in sorted(job.libraries.iterdir()) if job.libraries else []:
            argv += ["--library", str(library)]
        builtin = (folder / "packages/builtin/tools/ctags" for folder in self.platforms.data_folders)
        brought = any(folder.is_dir() for folder in builtin)
        ctags = [f"tools.ctags.cmd.path={self.tools.ctags}"] if self.tools.ctags and not brought else []
        for item in (*ctags, *job.properties):
            argv += ["--build-property", item]
        done = self._run(
            [*argv, str(job.sketch)], job.seconds, job.cores, supervised=True, variables=dict(job.environment)
        )
        answer = self._answer(done)
        self._refuse(str(answer.get("error") or ""), job.fqbn)
        return done, answer

    def _answer(self, done: Finished) -> dict[str, Any]:
        answer = _json(done.stdout) or _json(done.stderr)
        if answer is None:
            raise EnvironmentFault(
                f"gives no JSON: {_first_line(done.stderr) or f'status {done.status}'}",
                where=str(self.program),
                do="use arduino-cli 1.0 or newer",
            )
        return answer

    def _refuse(self, error: str, fqbn: str) -> None:
        """Raise for what is wrong with the board rather than with the sketch."""
        text = error.removeprefix("Error during build: ").removeprefix("Error during Upload: ")
        if text.startswith("Platform '") and "not found" in text:
            platform = ":".join(fqbn.split(":")[:2])
            raise PlatformMissing(
                f"is not installed ({_first_line(text)})",
                where=f"platform {platform}",
                do=f"install it with `arduino-cli core install {platform}`",
            )
        if text.startswith("Invalid FQBN: board"):
            raise UsageError(
                "unknown board", where=fqbn, do="run `boards`, or look into the platform's boards.txt"
            )
        if text.startswith("Invalid FQBN"):
            raise UsageError(_first_line(text), where=fqbn, do="write package:architecture:board[:options]")

    def _run(
        self,
        argv: list[str],
        seconds: float,
        cores: Path | None = None,
        *,
        supervised: bool = False,
        installing: bool = False,
        variables: Mapping[str, str] | None = None,
    ) -> Finished:
        config, data = self._configure(installing=installing)
        # These go before the file, which all share; nothing else of the user's environment gets there.
        extra = {
            "ARDUINO_DIRECTORIES_DATA": str(data),
            "ARDUINO_DIRECTORIES_DOWNLOADS": str(data / "staging"),
            "ARDUINO_DIRECTORIES_USER": str(self.platforms.user),
            **(variables or {}),
        }
        if cores:
            extra["ARDUINO_BUILD_CACHE_PATH"] = str(cores)
        if self.platforms.bundled:
            extra["ARDUINO_DIRECTORIES_BUILTIN_LIBRARIES"] = str(self.platforms.bundled)
        if installing:
            urls = dict.fromkeys((*self.tools.additional_urls, *self.platforms.additional_urls))
            extra |= {"ARDUINO_BOARD_MANAGER_ADDITIONAL_URLS": " ".join(urls)} if urls else {}
            extra |= {"ARDUINO_NETWORK_PROXY": self.platforms.proxy} if self.platforms.proxy else {}
        environment = self._environment(extra)
        return run(
            [str(self.program), "--config-file", str(config), *argv],
            cwd=self.folder,
            environment=environment,
            seconds=seconds,
            supervised=supervised,
        )

    def _environment(self, extra: Mapping[str, str]) -> dict[str, str]:
        return child_environment(os.environ, extra, str(self.tools.gcc_bin or ""))

    def _configure(self, *, installing: bool) -> tuple[Path, Path]:
        """The configuration, and the data folder: both ours, whatever folders of the user's are read."""
        config = self.folder / "arduino-cli.yaml"
        settings = {
            "build_cache": {"path": str(self.folder / "cores")},
            "metrics": {"enabled": False},
            "network": {
                "cloud_api": {"skip_board_detection_calls": True},
                "connection_timeout": "2s" if self.tools.offline else "60s",
            },
            "updater": {"enable_notification": False},
        }
        text = json.dumps(settings, indent=1) + "\n"
        installs = self.platforms.installs
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            if not config.is_file() or config.read_text() != text:
                config.write_text(text)  # JSON is YAML
            if installs is not None and not installing:
                return config, view_of(self.platforms.data_folders, self.folder / "views")
            data = self.platforms.data if installs is None else installs
            seed(data)
        except OSError as error:
            raise EnvironmentFault(
                f"cannot be written: {error.strerror}", where=str(error.filename), do="check its permissions"
            ) from error
        return config, data


def _diagnostics(items: list[dict[str, Any]], output: str, *, failed: bool) -> tuple[Diagnostic, ...]:
    """arduino-cli's diagnostics; those of the linker, which it has none for, from the text."""
    diagnostics = {
        Diagnostic(
            "warning" if str(item.get("severity", "")).upper() == "WARNING" else "error",
            _first_line(str(item.get("message", ""))),
            str(item.get("file", "")),
            int(item.get("line", 0)),
            int(item.get("column", 0)),
        ): None
        for item in items
        if str(item.get("severity", "")).upper() != "NOTE"
    }
    if any(diagnostic.severity == "error" for diagnostic in diagnostics):
        return tuple(diagnostics)
    text_diagnostics = gcc_text.parse(output, failed=failed)
    return tuple(diagnostics | dict.fromkeys(d for d in text_diagnostics if failed or d.severity == "error"))


def _json(text: str) -> dict[str, Any] | None:
    try:
        value = json.loads(text)
    except ValueError:
        return None
    return value if isinstance(value, dict) else None


def _error_of(done: Finished) -> str:
    answer = _json(done.stdout) or _json(done.stderr) or {}
    return _first_line(str(answer.get("error") or done.stderr)) or f"status {done.status}"


def _index_errors(done: Finished) -> list[str]:
    """Which indexes could not be updated, and why, a line each."""
    if not done.status:
        return []
    errors = [line for line in _lines(done.stdout) if line.startswith(_INDEX)]
    errors = [line.removeprefix(_INDEX) for line in errors if not line.endswith((" downloaded", "%"))]
    # Instead of a line that is overwritten, each state of a download is a part of one line.
    return list(dict.fromkeys(errors)) or _lines(done.stderr)[-1:] or [f"status {done.status}"]


def _lines(text: str) -> list[str]:
    return [line.strip() for line in re.split(r"[\r\n]+", text) if line.strip()]


def _first_line(text: str) -> str:
    lines = re.split(r"[\r\n]+", text.strip())
    return lines[0].strip() if lines else ""
