"""Files in results, named as the user knows them: no workspace, no cache, no more of the machine."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TypeVar

from mlbench.core.firmware import Firmware
from mlbench.firmware.workspace import SKETCH_ROOT
from mlbench.results.values import Absent, Failure, Measures, UnusedRam
from mlbench.source.project import Project
from mlbench.suite.suite_file import shown_path

_V = TypeVar("_V")


def portable(failure: Failure, project: Project | None, firmware: Firmware | None) -> Failure:
    """The failure with files named as in the project: no more of the machine than a user's own folders."""

    def place(file: str) -> str:
        return user_file(_user_text(file, project, firmware), project)

    return replace(
        failure,
        message=_user_text(failure.message, project, firmware),
        chain=tuple(replace(frame, file=place(frame.file)) for frame in failure.chain),
        diagnostics=tuple(replace(item, file=place(item.file)) for item in failure.diagnostics),
    )


def portable_measures(measures: Measures, project: Project | None, firmware: Firmware) -> Measures:
    """Measures whose reasons and failures name files as in the project."""

    def portable(value: _V) -> _V | Absent:
        return Absent(_user_text(value.reason, project, firmware)) if isinstance(value, Absent) else value

    unused = portable(measures.unused_ram)
    if isinstance(unused, UnusedRam):
        first = _user_text(unused.first_failure, project, firmware)
        unused = replace(unused, first_failure=first)
    return Measures(
        portable(measures.flash),
        unused,
        portable(measures.ram_need),
        portable(measures.init_time),
        portable(measures.inference_time),
        tuple((key, portable(value)) for key, value in measures.further),
    )


def _user_text(text: str, project: Project | None, firmware: Firmware | None) -> str:
    """Text with the user's folder in place of the one that debug information has for a sketch.

    What lies in the project or in the current folder is named from there, as everywhere else.
    """
    roots = [project.root] if project and project.bounded else []
    for root in (*roots, Path.cwd()):
        if root != Path(root.anchor):
            text = text.replace(f"{root}/", "")
    if firmware is None:
        return text
    # Of an image that was built elsewhere the folder is only known by its name.
    folder = firmware.source.parent if firmware.source.is_file() else firmware.source
    return text.replace(f"{SKETCH_ROOT}/{firmware.name}/", f"{user_file(str(folder), project)}/")


def user_file(file: str, project: Project | None) -> str:
    """A file as the user knows it: from the project, or from the current folder."""
    path = Path(file)
    if not file or not path.is_absolute():
        return file
    if project and project.bounded and path.is_relative_to(project.root):
        return str(path.relative_to(project.root))
    return shown_path(path)
