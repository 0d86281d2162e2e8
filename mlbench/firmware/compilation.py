"""One build in its workspace: compile once, link as often as the measures need."""

from __future__ import annotations

import os
import re
import shutil
import time
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

from mlbench.core.firmware import (
    ALLOC_SIZE_SYMBOL,
    BoardImage,
    BuildKeys,
    BuildRequest,
    Diagnostic,
    Firmware,
    MemoryLimits,
    Overflow,
)
from mlbench.core.fqbn import starts_by_loader
from mlbench.elf.image import Image
from mlbench.elf.sketch_limits import PARTITION
from mlbench.errors import EnvironmentFault, HostTimeout, SketchError, UsageError
from mlbench.firmware import board_harness as harness
from mlbench.firmware import flags, gcc_text, linker, size_recipe
from mlbench.firmware.advice import Built, advice, lacking_entry_points
from mlbench.firmware.canonical import NoCanonicalLayout, canonical_link
from mlbench.firmware.compiler import CompileReport, Job, SketchCompiler, UsedLibrary
from mlbench.firmware.loaded_sketch import ON_BOARD, BuiltSketch
from mlbench.firmware.platforms import Fqbn
from mlbench.firmware.sketch_source import SketchSource
from mlbench.firmware.toolchain import Toolchain
from mlbench.firmware.workspace import Workspace
from mlbench.util.subprocesses import child_environment, run

_MOST_LINKS = 4
_MOST_DIAGNOSTICS = 50


class BuildFailed(SketchError):
    """A sketch does not compile or link. ``diagnostics`` holds what the compiler said of it."""

    def __init__(self, what: str, *, where: str, diagnostics: tuple[Diagnostic, ...], do: str = "") -> None:
        super().__init__(what, where=where, do=do)
        self.diagnostics = diagnostics


@dataclass
class Compilation:
    """One build in its workspace."""

    request: BuildRequest
    fqbn: Fqbn
    source: SketchSource
    workspace: Workspace
    tools: Toolchain
    compiler: SketchCompiler
    launcher: Path | None = None
    """What stands in front of each compile; None: nothing does."""
    variables: Mapping[str, str] = field(default_factory=dict)
    """What launchers get."""

    def ask(self) -> flags.BoardProperties:
        """What the sketch compiler says of the board with these properties. Raises as ``properties`` does."""
        properties = dict(self.compiler.properties(self._plain()))
        return flags.BoardProperties(properties, flags.compiler_of(properties, self.tools, self.workspace))

    def build(self, board: flags.BoardProperties) -> tuple[Firmware, tuple[UsedLibrary, ...]]:
        """The firmware, its files in the workspace, and the libraries that lie outside of the workspace."""
        start = time.monotonic()
        plain, properties = self._plain(), board.properties
        added = flags.workspace_properties(board, self.fqbn, self.workspace)
        if self.launcher is not None:
            added += flags.launched_properties(board, self.launcher)
        changed = {item.partition("=")[0] for item in added}
        unchanged = tuple(item for item in plain.properties if item.partition("=")[0] not in changed)
        job = replace(
            plain, properties=(*unchanged, *added), environment=tuple(sorted(self.variables.items()))
        )
        report = self._compiled(job)
        self.workspace = replace(self.workspace, built_in=report.build_path)
        overflows: tuple[Overflow, ...] = ()
        if report.elf is None:
            report, overflows = self._enlarge(job, report, properties)
        assert report.elf is not None
        if starts_by_loader(self.request.fqbn):
            return self._loaded(board, report, start)
        image = Image.load(report.elf)
        counts = self._counts(report, properties, image)
        counted = counts.storage
        if not report.success and not overflows:
            overflows = self._over_limits(image, counted, properties, report)
        elf = self._kept(report.elf, "")
        notes = _two_counts(image, counted)
        canonical, no_canonical = self._canonical(job, report) if not overflows else (None, "")
        probe = elf
        if self.source.uses:
            self._check_template(image)
        elif self.request.probes and not overflows and image.symbol("malloc") is None:
            probe, note = self._with_malloc(job, report, elf)
            notes += [note] if note else []
        keys = self._keys(board, report)
        uploaded, remark = None, ""
        if self.request.board is not None and not overflows:
            uploaded, remark = self._for_board(job, report, image, Image.load(probe), properties)
        notes += [remark] if remark else []
        firmware = Firmware(
            name=self.source.name,
            source=self.source.folder,
            elf=elf,
            probe_elf=probe,
            is_template=bool(self.source.uses),
            keys=keys,
            overflows=overflows,
            diagnostics=self._located(report.diagnostics)[:_MOST_DIAGNOSTICS],
            seconds=time.monotonic() - start,
            notes=tuple(notes),
            board=uploaded,
            platform_bytes=counted,
            platform_variables=counts.variables,
            limits=size_recipe.limits_of(properties),
            canonical_elf=canonical,
            no_canonical=no_canonical,
        )
        return firmware, self._outside(report)

    def _outside(self, report: CompileReport) -> tuple[UsedLibrary, ...]:
        return tuple(lib for lib in report.libraries if self.workspace.folder not in lib.folder.parents)

    def _keys(self, board: flags.BoardProperties, report: CompileReport) -> BuildKeys:
        return BuildKeys(
            self.request.fqbn,
            f"{self.fqbn.platform}@{board.properties.get('version', '')}",
            board.compiler.line,
            self.compiler.identity,
            tuple(sorted(str(library) for library in report.libraries)),
        )

    def _loaded(
        self, board: flags.BoardProperties, report: CompileReport, start: float
    ) -> tuple[Firmware, tuple[UsedLibrary, ...]]:
        """The same where a prebuilt loader starts the sketch: its image is composed of both."""
        known = self._of_build(board.properties)
        built = BuiltSketch(report.build_path, f"{self.workspace.name}.ino", known)
        data, parts = built.composed()
        elf = self.workspace.folder / f"{self.source.name}.elf"
        elf.write_bytes(data)
        partition = next((limit for limit in parts.limits if limit.name == PARTITION), None)
        over = partition.excess if partition is not None else 0
        if not report.success and not over:
            raise self._failed(report)
        if self.source.uses:
            self._check_template(Image.load(elf))
        firmware = Firmware(
            name=self.source.name,
            source=self.source.folder,
            elf=elf,
            probe_elf=elf,
            is_template=bool(self.source.uses),
            keys=self._keys(board, report),
            overflows=(Overflow(PARTITION, over),) if over else (),
            diagnostics=self._located(report.diagnostics)[:_MOST_DIAGNOSTICS],
            seconds=time.monotonic() - start,
            limits=MemoryLimits(partition.limit if partition is not None else None),
            board=self._uploaded(report.build_path) if self.request.board is not None and not over else None,
            no_canonical="a loader places the sketch" if self.request.canonical else "",
        )
        return firmware, self._outside(report)

    def _uploaded(self, build_path: Path) -> BoardImage:
        """What the platform uploads of a sketch that a loader starts: the sketch alone."""
        folder = self.workspace.folder / "upload"
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        for path in harness.artifacts(build_path, self.workspace.name):
            shutil.copyfile(path, folder / path.name)
        return BoardImage(folder, folder / f"{self.workspace.name}.ino.elf", missing=ON_BOARD)

    def _compiled(self, job: Job) -> CompileReport:
        try:
            return self.compiler.compile(job)
        except HostTimeout as error:
            rest = "; what was compiled by then is used by the next run" if self.launcher else ""
            raise HostTimeout(
                f"is not compiled within {job.seconds:.0f} s{rest}",
                where=str(self.source.folder),
                do="run again, or raise `build_timeout` in mlbench.yml",
            ) from error

    def _of_machine(self) -> tuple[str, ...]:
        return flags.platform_properties(self.fqbn, self.tools, self.request.build_properties)

    def _built(self) -> Built:
        return Built(self.source, self.fqbn, flags.has_cxx_library(self.tools))

    def _plain(self) -> Job:
        return Job(
            self.workspace.sketch,
            self.request.fqbn,
            self.workspace.build_path,
            (*self._of_machine(), *self.request.build_properties),
            self.workspace.libraries if self.source.libraries else None,
            self.workspace.cores,
            self.request.timeout_s,
        )

    def _enlarge(
        self, job: Job, report: CompileReport, properties: Mapping[str, str]
    ) -> tuple[CompileReport, tuple[Overflow, ...]]:
        """Link again with longer regions. Raises BuildFailed when size is not what is wrong."""
        first = report
        known = {**properties, "build.path": str(self.workspace.build_path)}
        regions = linker.read_regions(linker.scripts_of(known, self.workspace.build_path))
        overflows = linker.overflowed(report.output, regions)
        needed = overflows
        for attempt in range(_MOST_LINKS):
            script = linker.enlarged(regions, needed, attempt)
            if not overflows or not script:
                raise self._failed(first)
            self.workspace.regions.write_text(script)
            self.workspace.link_options.write_text(linker.link_options(self.workspace.regions))
            report = self.compiler.relink(job, first)
            if report.elf is not None:
                return report, overflows
            more = {overflow.region: overflow for overflow in linker.overflowed(report.output, regions)}
            if not more:
                raise self._failed(report)
            needed = tuple({**{o.region: o for o in needed}, **more}.values())
            overflows = tuple({**more, **{o.region: o for o in overflows}}.values())
        raise self._failed(first)

    def _over_limits(
        self, image: Image, counted: int | None, properties: Mapping[str, str], report: CompileReport
    ) -> tuple[Overflow, ...]:
        """What an image that links exceeds of the limits in boards.txt; the sketch compiler refused it."""
        limits = size_recipe.limits_of(properties)
        flash = sum(size for _, size in image.flash_bytes()) if counted is None else counted
        ram = sum(size for _, size in image.static_ram())
        overflows = [
            Overflow(region, size - limit)
            for region, size, limit in (("FLASH", flash, limits.flash), ("RAM", ram, limits.ram))
            if limit is not None and size > limit
        ]
        if not overflows:
            raise self._failed(report)
        return tuple(overflows)

    def _canonical(self, job: Job, report: CompileReport) -> tuple[Path | None, str]:
        """The image in the canonical layout, where it is asked for, or why there is none."""
        if not self.request.canonical:
            return None, ""
        folder = self.workspace.folder / "canonical"
        try:
            elf = canonical_link(
                report, folder, self.workspace.name, lambda linked: self.compiler.relink(job, linked)
            )
            return self._kept(elf, "-canonical"), ""
        except NoCanonicalLayout as why:
            return None, str(why)
        finally:
            shutil.rmtree(folder, ignore_errors=True)

    def _with_malloc(self, job: Job, report: CompileReport, elf: Path) -> tuple[Path, str]:
        self.workspace.link_options.write_text(linker.PULL_MALLOC)
        report = self.compiler.relink(job, report)
        if report.elf is None or not report.success:
            why = self._located(report.diagnostics or gcc_text.parse(report.output, failed=True))
            reason = why[0].message if why else report.error or "the link failed"
            return elf, f"no image with malloc could be linked for the RAM probe: {reason}"
        if Image.load(report.elf).symbol("malloc") is None:
            return (
                elf,
                "the platform's link recipe takes no further flags, so the RAM probe has no malloc to call",
            )
        return self._kept(report.elf, "-probe"), ""

    def _for_board(
        self, job: Job, report: CompileReport, image: Image, probe: Image, properties: Mapping[str, str]
    ) -> tuple[BoardImage, str]:
        """The image to upload, and what to say of it; ``probe`` is the one of probes. Raises as ``build``."""
        assert self.request.board is not None
        wanted, folder = self.request.board.harness, self.workspace.folder / "upload"
        wrap_plan, missing, options = None, "", ""
        if wanted is not None:
            try:
                wrap_plan = harness.plan(image, wanted, template=bool(self.source.uses))
            except UsageError as error:
                missing = error.what
        if wrap_plan is not None:
            harness.prepare(wrap_plan, self.workspace.folder / "board")
            self._compile_harness(properties)
            options = harness.response_file(wrap_plan, self.workspace.folder / "board")
        # The link before this one may have been another one, with malloc in it.
        self.workspace.link_options.write_text(options)
        linked = self.compiler.relink(job, report, artifacts=True)
        if linked.elf is None or not linked.success:
            raise self._failed(linked)
        final = Image.load(linked.elf)
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        artifacts = harness.artifacts(linked.build_path, self.workspace.name)
        fresh = [] if linked.only_linked else artifacts
        for path in (linked.elf, *fresh):
            shutil.copyfile(path, folder / path.name)
        elf = folder / linked.elf.name
        if wrap_plan is None:
            return BoardImage(folder, elf, missing=missing), ""
        sizes = (sum(size for _, size in each.static_ram()) for each in (final, probe))
        extra = next(sizes) - next(sizes)
        missing = harness.missing(final, wrap_plan)
        remark = f"the image for the board takes {extra:,} bytes of RAM more than the sketch" if extra else ""
        return BoardImage(folder, elf, wrap_plan.session, missing, extra, wanted), remark

    def _of_build(self, properties: Mapping[str, str]) -> dict[str, str]:
        """The board's properties with those of this build, which recipes name."""
        return {
            **properties,
            **dict(item.split("=", 1) for item in self._of_machine()),
            "build.path": str(self.workspace.build_path),
            "build.source.path": str(self.workspace.sketch),
            "build.project_name": f"{self.workspace.name}.ino",
        }

    def _compile_harness(self, properties: Mapping[str, str]) -> None:
        known = self._of_build(properties)
        done = run(
            harness.compile_command(known, self.workspace.folder / "board"),
            cwd=self.workspace.build_path,
            environment=child_environment(os.environ, {}, str(self.tools.gcc_bin or "")),
            seconds=self.request.timeout_s,
        )
        if done.status:
            reason = next(
                (line for line in done.stderr.splitlines() if "error" in line), "the compiler failed"
            )
            raise EnvironmentFault(
                f"what a board is measured with does not compile: {reason.strip()}",
                where=f"platform {self.fqbn.platform}",
                do="measure this board with `--ram-search faithful`, and report it",
            )

    def _counts(
        self, report: CompileReport, properties: Mapping[str, str], image: Image
    ) -> size_recipe.Counts:
        """The platform's own counts: of flash by the sketch compiler, where it says it in numbers.

        Variables are taken from the platform for machines whose memory is not known here.
        """
        if report.text is not None and image.maps_memory:
            return size_recipe.Counts(report.text)
        known, path = self._of_build(properties), self.workspace.build_path
        counts = size_recipe.platform_counts(known, path, str(self.tools.gcc_bin or ""))
        storage = counts.storage if report.text is None else report.text
        return size_recipe.Counts(storage, None if image.maps_memory else counts.variables)

    def _check_template(self, image: Image) -> None:
        use = self.source.uses[0]
        where = f"{self.source.files[use.relative].origin}:{use.line}"
        read = self.request.literal is not None or image.symbol(ALLOC_SIZE_SYMBOL) is not None
        if not read or image.symbol("malloc") is None:
            raise SketchError(
                "the compiler left out $alloc_size or malloc, so nothing is allocated with it",
                where=where,
                do="keep the pointer in a static variable, as in `ptr = (char*) malloc($alloc_size);`",
            )

    def _kept(self, elf: Path, suffix: str) -> Path:
        """A copy that the next link does not overwrite."""
        target = self.workspace.folder / f"{self.source.name}{suffix}.elf"
        shutil.copyfile(elf, target)
        return target

    def _located(self, diagnostics: tuple[Diagnostic, ...]) -> tuple[Diagnostic, ...]:
        located = {
            replace(
                d,
                file=self.workspace.user_path(d.file, self.source),
                message=self.workspace.user_text(d.message, self.source),
            ): None
            for d in diagnostics
        }
        return tuple(located)

    def _failed(self, report: CompileReport) -> SketchError | EnvironmentFault:
        diagnostics = self._located(report.diagnostics)
        errors = [d for d in diagnostics if d.severity == "error"]
        text = f"{report.output}\n{report.error}"
        for sign, what in _HOST_FAULTS.items():
            if sign in text:
                return EnvironmentFault(
                    what, where=str(self.source.folder), do="see to the machine, then try again"
                )
        if not errors:
            lines = (*report.error.splitlines(), *reversed(report.output.splitlines()))
            output_lines = [line for line in lines if line.strip()]
            # That a program failed is the last thing to say, after what it said itself.
            output_lines.sort(key=lambda line: bool(_STATUS.search(line)))
            what = (
                self.workspace.user_text(output_lines[0].strip(), self.source)
                if output_lines
                else "the sketch compiler failed"
            )
            return BuildFailed(what, where=str(self.source.folder), diagnostics=diagnostics)
        lacks = lacking_entry_points([d.message for d in errors])
        if lacks:
            what = f"defines no {' and no '.join(f'{name}()' for name in lacks)}"
            do = "write void setup() and void loop() into it; each may be empty"
            where = str(self.source.files[f"{self.source.name}.ino"].origin)
            return BuildFailed(what, where=where, diagnostics=diagnostics, do=do)
        first = errors[0]
        where = ":".join(str(part) for part in (first.file, first.line) if part) or str(self.source.folder)
        return BuildFailed(
            first.message, where=where, diagnostics=diagnostics, do=advice(first, self._built())
        )


def _two_counts(image: Image, counted: int | None) -> list[str]:
    """Tells that the platform counts flash otherwise than the image's sections do.

    The two may differ by right: a platform counts the sections that its ``recipe.size.regex`` names, which
    often leaves out .ARM.exidx and vectors, or counts a section that occupies no flash.
    """
    ours = sum(size for _, size in image.flash_bytes())
    if counted is None or counted == ours:
        return []
    return [
        f"flash is {counted:,} bytes as the platform counts it (recipe.size.regex); "
        f"the image's sections have {ours:,}"
    ]


_STATUS = re.compile(r"exit status \d+$")
_HOST_FAULTS = {
    "No space left on device": "no space left while compiling",
    "executable file not found": "the platform's compiler is not installed",
    "Killed signal terminated program": "the compiler was killed, most likely for lack of memory",
}
