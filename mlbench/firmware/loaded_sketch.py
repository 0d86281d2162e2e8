"""Sketches that a prebuilt loader starts: the platform's loader, what it built, and both as one image."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from mlbench.core.firmware import SketchParts
from mlbench.elf.composed import Sketch, compose
from mlbench.elf.object_file import ObjectFile
from mlbench.elf.sketch_header import read_header
from mlbench.elf.sketch_limits import limits_of
from mlbench.elf.sketch_loader import SketchLoader, read_loader, with_configuration
from mlbench.errors import EnvironmentFault, MLBenchError, SketchError
from mlbench.firmware.compiler import expand
from mlbench.firmware.platforms import Fqbn, platforms_for

_SAM_BA = 0x10000
"""``upload.address`` and ``bootloader.address`` are offsets behind the bootloader SAM-BA, which takes the
first 64 KiB (boot_partition of loader/boards/arduino_nano_33_ble_sense.overlay, ArduinoCore-zephyr commit
00ec495)."""
_PARTITIONS = {0xE0000: 0x18000, 0x70000: 0x88000}
"""Bytes of the sketch's partition by its address, where the loader's ELF file is not there to tell them:
user_sketch of that overlay, and of the variant's overlay of 2026."""
_UPLOADS = ("elf-zsk.bin", "bin-zsk.bin", "llext.dfu.bin")
"""What the post-build tool made, by the platform's release: ``upload.extension``, before that
``.dfu.bin``."""


ON_BOARD = "a loader starts it, and mlbench measures such sketches on its own emulator only"
"""Why nothing of such a sketch is measured on a board."""
_CORES = ("arduino:zephyr:nano33ble", "arduino:zephyr_main:nano33ble")


def installed_core(cache: Path) -> str:
    """The board of Arduino's Zephyr core where the core is installed; empty where it is not.

    Args:
        cache: folder of all that builds keep.

    Raises:
        UsageError: the configuration of arduino-cli is not YAML.
    """
    for board in _CORES:
        fqbn = Fqbn.parse(board)
        platforms = platforms_for(fqbn, cache / "arduino", cache / "arduino-cli" / "data")
        if platforms.platform(fqbn) is not None:
            return board
    return ""


@dataclass(frozen=True)
class BuiltSketch:
    """What a platform's recipes left in the build folder, and its properties."""

    build_path: Path
    name: str
    """``<sketch>.ino``."""
    properties: Mapping[str, str]

    def composed(self) -> tuple[bytes, SketchParts]:
        """The image of loader and sketch, and what it is made of.

        Raises:
            SketchError: the sketch's files or the loader are damaged, or do not belong together.
            EnvironmentFault: the platform lacks its loader, or did not make an upload.
        """
        loader = self._loader()
        upload_file = self._upload()
        upload = upload_file.read_bytes()
        header = read_header(upload, upload_file.name)
        names = self.build_path / f"{self.name}_debug.elf"
        if not names.is_file():
            names = self.build_path / f"{self.name}.elf"
        object_file = ObjectFile(names.read_bytes(), names.name)
        self._check_mode(object_file, linked=header.linked)
        base = self._base(loader)
        size = loader.sketch_size or _PARTITIONS.get(base)
        used = ObjectFile(upload[header.payload :], upload_file.name) if not header.linked else None
        missing = () if used is None else tuple(n for n in used.undefined() if not loader.exports.get(n))
        parts = SketchParts(
            loader.name,
            loader.stored,
            header.version,
            len(upload),
            header.mode,
            base,
            loader.static_ram,
            limits_of(loader, header, upload, object_file, size),
            missing,
            threads=loader.threads,
            records=loader.records,
        )
        return compose(loader, Sketch(upload, header, object_file, base), parts), parts

    def _check_mode(self, object_file: ObjectFile, *, linked: bool) -> None:
        if linked is object_file.relocatable:
            has, says = ("relocatable", "linked") if linked else ("linked", "to be loaded")
            what = f"the sketch is {has}, and its header says that it is {says}"
            raise SketchError(what, where=self.name, do="build it again with one `link_mode`")

    def _loader(self) -> SketchLoader:
        """The platform's loader: its ELF file where that is whole, else its plain bytes."""
        named = self._path("bootloader.file", "firmwares")
        base = _SAM_BA + (self._number("bootloader.address") or 0)
        known = [named.with_suffix(".elf"), named.with_suffix(".bin"), named]
        problem: MLBenchError | None = None
        for file in dict.fromkeys(known):
            if not file.is_file():
                continue
            try:
                loader = read_loader(file, base)
                configuration = file.with_suffix(".config")
                known_by_file = configuration.is_file()
                return with_configuration(loader, configuration.read_text()) if known_by_file else loader
            except MLBenchError as error:
                problem = error
        if problem is not None:
            raise problem
        raise EnvironmentFault(
            f"the platform has no loader {named.name}, which starts its sketches",
            where=str(named.parent),
            do="install the platform again",
        )

    def _path(self, key: str, folder: str) -> Path:
        platform = self.properties.get("runtime.platform.path", "")
        name = expand(self.properties.get(key, ""), self.properties)
        variant = expand(self.properties.get("build.variant", ""), self.properties)
        return Path(platform) / folder / (name or f"zephyr-{variant}.bin")

    def _upload(self) -> Path:
        extension = expand(self.properties.get("upload.extension", ""), self.properties)
        names = [extension] if extension else []
        for suffix in dict.fromkeys((*names, *_UPLOADS)):
            file = self.build_path / f"{self.name}.{suffix}"
            if file.is_file():
                return file
        raise EnvironmentFault(
            f"the platform made no upload of {self.name}: none of {', '.join((*names, *_UPLOADS))}",
            where=str(self.build_path),
            do="install the platform again",
        )

    def _base(self, loader: SketchLoader) -> int:
        known = loader.sketch_base
        offset = self._number("upload.address")
        named = None if offset is None else _SAM_BA + offset
        if known is not None and named is not None and known != named:
            raise EnvironmentFault(
                f"the loader looks for sketches at {known:#x}, and the platform uploads them to {named:#x}",
                where=loader.name,
                do="install the platform again, whose loader and boards.txt belong together",
            )
        base = known if known is not None else named
        if base is None:
            what = "neither the loader nor `upload.address` says where sketches are programmed"
            raise EnvironmentFault(what, where=loader.name, do="install the platform again")
        return base

    def _number(self, key: str) -> int | None:
        text = expand(self.properties.get(key, ""), self.properties)
        try:
            return int(text, 16 if text.lower().startswith("0x") else 10)
        except ValueError:
            return None
