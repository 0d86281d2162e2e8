"""The workspace a sketch is built in: copies of its sources, the build path, and files for the linker.

A workspace is kept, so that a changed sketch compiles what changed only. It belongs to one sketch, board,
set of properties and toolchain: nothing compiled with other flags is ever in it. Copies are
rewritten when their content differs, whatever the times of the originals say, because the sketch
compilers go by time alone.
"""

from __future__ import annotations

import json
import re
import shutil
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from mlbench.firmware.sketch_source import SketchSource
from mlbench.firmware.source_tree import SourceFile

SKETCH_ROOT = "/sketch"
"""Where debug information places a sketch: ``/sketch/<name>/<file>``, on every machine."""

_MANIFEST = "manifest.json"
_TOOLS = "tools"


def safe_name(name: str) -> str:
    """A sketch's name as its copy has it: arduino-builder trips over some names, of two blanks say."""
    return re.sub(r"[^\w.+-]", "_", name, flags=re.ASCII)


@dataclass(frozen=True)
class Workspace:
    """The folders of one workspace. ``name`` is a safe one."""

    folder: Path
    name: str
    built_in: Path | None = None
    """Where the sketch compiler compiled, when it chose the place itself."""

    @property
    def sketch(self) -> Path:
        """The copy of the sketch's folder."""
        return self.folder / "sketch" / self.name

    @property
    def libraries(self) -> Path:
        """The copies of its libraries, a folder each."""
        return self.folder / "libraries"

    @property
    def build_path(self) -> Path:
        """What the sketch compiler owns."""
        return self.built_in or self.folder / "build"

    @property
    def link_options(self) -> Path:
        """The response file every link reads: empty but for a second link."""
        return self.folder / "link.txt"

    @property
    def regions(self) -> Path:
        """The enlarged memory regions, when the sketch does not fit."""
        return self.folder / "regions.ld"

    @property
    def map_file(self) -> Path:
        """The map the linker writes when the platform's recipe asks for none."""
        return self.folder / "link.map"

    @property
    def cores(self) -> Path:
        """What the sketch compiler keeps of compiled cores."""
        return self.folder / "cores"

    def fill(self, source: SketchSource) -> None:
        """Make the copies equal to the sources, touching only what differs. Raises OSError, SourceChanged.

        Until ``finalize`` the workspace counts as half-built, and is emptied by the next ``fill``: a compiler
        that was killed may leave half an object, newer than its source.
        """
        wanted = self._wanted(source)
        manifest = self.folder / _MANIFEST
        known = self._known(manifest)
        if known is None:
            shutil.rmtree(self.folder, ignore_errors=True)
            known = {}
        for folder in (self.folder, self.build_path, self.libraries, self.cores):
            folder.mkdir(parents=True, exist_ok=True)
        manifest.unlink(missing_ok=True)
        for relative in known.keys() - wanted.keys():
            (self.folder / relative).unlink(missing_ok=True)
        if known.keys() != wanted.keys():
            # The sketch compilers keep copies of removed files and do not see that a new header hides
            # another; the core, which no file of a sketch can change, stays.
            for build_path in (self.build_path, *self.cores.glob("sketches/*")):
                for part in ("sketch", "libraries", "preproc", "includes.cache"):
                    _remove(build_path / part)
        for relative, file in wanted.items():
            target = self.folder / relative
            if known.get(relative) == file.digest and target.is_file():
                continue
            if target.is_dir():
                shutil.rmtree(target)
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(file.read())
        self.link_options.write_text("")

    def compiled_with(self, stamp: str) -> None:
        """Forget what was compiled with other tools, which sketch compilers do not see. Raises OSError."""
        mark = self.folder / _TOOLS
        known = ""
        with suppress(OSError):
            known = mark.read_text()
        if known not in ("", stamp):
            for folder in (self.build_path, self.cores):
                _remove(folder)
                folder.mkdir(parents=True)
        mark.write_text(stamp)

    def finalize(self, source: SketchSource) -> None:
        """Say that the sketch compiler came to its end, good or bad. Raises OSError."""
        digests = {relative: file.digest for relative, file in self._wanted(source).items()}
        (self.folder / _MANIFEST).write_text(json.dumps(digests))

    def _wanted(self, source: SketchSource) -> dict[str, SourceFile]:
        main = f"{source.name}.ino"
        wanted = {
            f"sketch/{self.name}/{f'{self.name}.ino' if key == main else key}": file
            for key, file in source.files.items()
        }
        for library in source.libraries:
            wanted |= {f"libraries/{library.name}/{k}": f for k, f in library.files.items()}
        return wanted

    def prefix_maps(self) -> tuple[tuple[str, str], ...]:
        """(folder, stands for) of this workspace, general ones first: gcc takes the last that matches.

        The sketch compiler itself fills in the build path.
        """
        return (
            (str(self.folder), "/room"),
            (str(self.libraries), "/libraries"),
            ("{build.path}", "/room/build"),
            ("{build.path}/sketch", f"{SKETCH_ROOT}/{self.name}"),
            (str(self.sketch), f"{SKETCH_ROOT}/{self.name}"),
        )

    def user_path(self, path: str, source: SketchSource) -> str:
        """The user's own file for a path in a compiler's message; other paths stay as they are."""
        # The linker reads places from debug information, where the maps above are in force.
        for prefix in (f"{self.sketch}/", f"{self.build_path}/sketch/", f"{SKETCH_ROOT}/{self.name}/"):
            if path.startswith(prefix):
                relative = path[len(prefix) :]
                if relative.startswith(f"{self.name}.ino"):
                    relative = f"{source.name}.ino{relative[len(self.name) + 4 :]}"
                for candidate in (relative, relative.removesuffix(".cpp"), relative.removesuffix(".o")):
                    if candidate in source.files:
                        return str(source.files[candidate].origin)
                return str(source.folder / relative)
        for library in source.libraries:
            for prefix in (f"{self.libraries / library.name}/", f"/libraries/{library.name}/"):
                if path.startswith(prefix):
                    file = library.files.get(path[len(prefix) :])
                    return str(file.origin if file else library.folder / path[len(prefix) :])
        return path

    def user_text(self, text: str, source: SketchSource) -> str:
        """A message with the workspace's folders replaced by the user's."""
        text = text.replace(str(self.build_path / "sketch"), str(source.folder))
        text = text.replace(str(self.sketch), str(source.folder))
        for library in source.libraries:
            text = text.replace(str(self.libraries / library.name), str(library.folder))
        return text

    def _known(self, manifest: Path) -> dict[str, str] | None:
        with suppress(OSError, ValueError):
            known = json.loads(manifest.read_text())
            if isinstance(known, dict):
                return {str(key): str(value) for key, value in known.items()}
        return None


def _remove(path: Path) -> None:
    if path.is_dir():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)
