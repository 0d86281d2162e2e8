"""Sketches built for a test, and what the suite beside them says of them."""

from __future__ import annotations

from pathlib import Path

from mlbench.core.firmware import BoardBuild, BuildRequest, Firmware
from mlbench.core.sketch_files import folder_of
from mlbench.host.policy import Policy
from mlbench.suite.discovery import find_suite
from mlbench.suite.suite_file import DEFAULT_BOARD, SketchSpec, Source, load_suite
from mlbench.util.progress import Silent
from mlbench.util.settings import Settings


def build(
    sketch: Path | str,
    board: str = DEFAULT_BOARD,
    *,
    libraries: tuple[Path, ...] = (),
    build_properties: tuple[str, ...] = (),
    uploaded: bool = False,
) -> Firmware:
    """Build a sketch; one that was built before from the same files is taken as it is.

    Args:
        sketch: its folder, or its .ino.
        board: FQBN.
        libraries: folders of libraries; those that the suite beside the sketch names come on top.
        build_properties: ``key=value`` each.
        uploaded: whether what a board's uploader takes is wanted as well.

    Raises:
        SketchError: it does not build; says where.
        EnvironmentFault: a tool is missing.
    """
    from mlbench.pipeline.services import make_services

    services = make_services(Settings(policy=Policy.read([])), Silent())
    path = Path(sketch).absolute()
    spec = spec_of(path)
    if spec is not None:
        request = services.locate(services.obtain(spec), spec)
        libraries = (*request.libraries, *libraries)
        build_properties = (*request.build_properties, *build_properties)
    board_build = BoardBuild() if uploaded else None
    return services.build(BuildRequest(path, board, build_properties, libraries, board=board_build))


def spec_of(sketch: Path) -> SketchSpec | None:
    """The entry of a sketch in the suite of its project; None where it has none."""
    folder = folder_of(sketch)
    suite = find_suite(folder)
    if suite is None:
        return None
    for spec in load_suite(suite).sketches:
        path = spec.source.folder / spec.sketch
        sketch_folder = folder_of(path)
        if not spec.source.url and sketch_folder.absolute() == folder.absolute():
            return spec
    return None


def plain_spec(firmware: Firmware, board: str, backend: str) -> SketchSpec:
    """An entry for firmware that no suite knows."""
    return SketchSpec(firmware.name, firmware.source, board, Source(), backend)
