"""The step that installs what the inputs ask for, before anything of the project runs.

What it installs is cached, and later runs trust it. So it reads nothing of the workspace, builds nothing, and
has no token; ``action.yml`` saves the caches right after it.
"""

from __future__ import annotations

from collections.abc import Mapping

from mlbench.action.inputs import ActionInputs
from mlbench.action.prepare import INSTALLED
from mlbench.action.state import ActionFolder
from mlbench.errors import MLBenchError
from mlbench.firmware.install_tools import ensure_toolchain
from mlbench.host.cache_dir import home_path
from mlbench.host.policy import Policy
from mlbench.util.progress import Progress


def set_up(environ: Mapping[str, str], progress: Progress) -> dict[str, str]:
    """Install sketch compiler, platforms, libraries and Renode as the inputs have it.

    What cannot be installed is no error yet: the step that measures tries again, and puts into the report
    what it is told. A pull request may need none of it.

    Args:
        environ: the environment as the runner gave it.
        progress: told of what takes long.

    Returns:
        The outputs of the step: ``tools`` is ``true`` where all is installed and some of it is to be cached.
    """
    settings = ActionInputs.from_json(ActionFolder.of(environ).settings.read_text(encoding="utf-8"))
    if settings.prebuilt:  # nothing is built
        return {}
    try:
        # Compilers of the system, such as the ARM toolchain, are not cached, and are installed when needed.
        tools = ensure_toolchain(Policy.read([], environ), progress.note, arm=False)
        if settings.platforms or settings.libraries:
            from mlbench.action.packages import install

            install(settings, tools, progress)
        if settings.renode_version and settings.mode != "build":
            from mlbench.renode.install import install as install_renode

            install_renode(settings.renode_version, progress.note)
    except MLBenchError as error:
        progress.note(f"not set up yet: {error}")
        return {}
    has_tools = any((home_path() / name).is_dir() for name in INSTALLED)
    return {"tools": "true"} if has_tools else {}
