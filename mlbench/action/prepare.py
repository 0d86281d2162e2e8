"""The first step: checks the inputs, makes a folder for the steps that follow, and names what to cache.

Runs with the machine's own Python, before anything is installed, so only the standard library is there.
Keys of caches are computed here because the runner's ``hashFiles`` sees the workspace alone.

There are two kinds of caches. Packages and tools run in steps that have a token, so they are saved before
anything of the project runs. Builds and measurements are saved afterwards, and are restored for the step
without a token alone. A job that only reports has a token that may write, and no cache at all.
"""

from __future__ import annotations

import hashlib
import platform
import sys
import tempfile
from collections.abc import Iterable, Mapping
from pathlib import Path

from mlbench.action.files import set_outputs
from mlbench.action.inputs import ActionInputs
from mlbench.action.state import ActionFolder
from mlbench.errors import UsageError
from mlbench.host.cache_dir import ARDUINO, BUILDS, ENVIRONMENTS, RESULTS, TOOLS, home

_FORMAT = "2"
"""Raised when what lies in the caches is laid out in another way."""
_ROOT = Path(__file__).resolve().parents[2]
_PACKAGES = (
    *("requirements/build.txt", "requirements/runtime.txt"),
    *(
        f"mlbench/emulator/{name}"
        for name in ("_block_hook.c", "_call_paths.h", "_exceptions.h", "_core_registers.h")
    ),
    *("mlbench/cycles/_path_price.c", "mlbench/renode/_retrace.c"),
)
"""Files that decide what the Python environment holds."""
_TOOLS = ("mlbench/firmware/install_tools.py",)
"""Files that decide which compilers are installed."""
_SUITES = ("mlbench.yml", "mlbench.yaml", ".github/mlbench.yml", "sketches/mlbench.yml")
INSTALLED = (TOOLS, ARDUINO)
"""Cache areas of what is installed by the inputs; cached together, once for each set of them."""


def prepare(environ: Mapping[str, str]) -> None:
    """Check the inputs, and set the outputs that ``action.yml`` hands on.

    Raises:
        UsageError: an input is wrong, or the job runs on a system that is none of Linux.
        EnvironmentFault: a folder cannot be made.
    """
    check_system(environ)
    settings = ActionInputs.read(environ)
    folder = Path(environ.get("GITHUB_WORKSPACE", ".")) / settings.working_directory
    if not folder.is_dir():
        do = "check out the repository first, or correct the input working-directory"
        raise UsageError("there is no such folder", where=str(folder), do=do)
    work = ActionFolder.make(Path(environ.get("RUNNER_TEMP") or tempfile.gettempdir()))
    work.settings.write_text(settings.to_json(), encoding="utf-8")
    hosted = environ.get("RUNNER_ENVIRONMENT", "") == "github-hosted"
    install = settings.install or ("true" if hosted else "")
    set_outputs(environ, {"work": str(work.folder), "mode": settings.mode, "install": install})
    if settings.mode == "report":
        work.make_home()
    elif settings.cache and hosted:
        set_outputs(environ, _caches(settings, folder, environ))


def check_system(environ: Mapping[str, str]) -> None:
    """Raise UsageError on a system that the action does not run on."""
    system = environ.get("RUNNER_OS") or platform.system()
    if system != "Linux":
        do = "set `runs-on: ubuntu-latest`, or a self-hosted Linux machine"
        raise UsageError(f"the action needs a Linux machine, this one is {system}", do=do)


def _caches(settings: ActionInputs, folder: Path, environ: Mapping[str, str]) -> dict[str, str]:
    home_folder = home()
    machine = [_FORMAT, platform.machine(), platform.python_version(), sys.base_prefix, _system()]
    outputs: dict[str, str] = {}
    # What is there already was left by an earlier step of this job, and that may have built something.
    if not (home_folder / ENVIRONMENTS).exists():
        packages = _digest([*machine, *(_content(_ROOT / name) for name in _PACKAGES)])
        outputs |= {
            "python": "true",
            "python-path": str(home_folder / ENVIRONMENTS),
            "python-key": f"mlbench-python-{packages}",
        }
    if settings.prebuilt:  # builds nothing
        return outputs
    tools = _digest([*machine, *(_content(_ROOT / name) for name in _TOOLS)])
    if not any((home_folder / name).exists() for name in INSTALLED):
        installs = _digest([*settings.platforms, "", *settings.libraries, "", settings.renode_version])
        outputs |= {
            "tools": "true",
            "tools-path": "\n".join(str(home_folder / name) for name in INSTALLED),
            "tools-key": f"mlbench-tools-{tools}-{installs}",
            "tools-restore": f"mlbench-tools-{tools}-",
        }
    suites = [settings.suite] if settings.suite else list(_SUITES)
    wanted = [*settings.board, *settings.platforms, *settings.libraries, settings.renode_version]
    boards = _digest([*wanted, *(_content(folder / name) for name in suites)])
    run = f"{environ.get('GITHUB_RUN_ID', '')}-{environ.get('GITHUB_RUN_ATTEMPT', '')}"
    job = _digest([settings.key, environ.get("GITHUB_JOB", "")])
    return {
        **outputs,
        "builds": "true",
        "builds-path": str(home_folder / BUILDS),
        "builds-key": f"mlbench-builds-{tools}-{boards}",
        "builds-restore": f"mlbench-builds-{tools}-",
        # Measurements are small and kept anew by each run: what lies under a key never changes.
        "results-path": str(home_folder / RESULTS),
        "results-key": f"mlbench-results-{_FORMAT}-{job}-{run}",
        "results-restore": f"mlbench-results-{_FORMAT}-{job}-\nmlbench-results-{_FORMAT}-",
    }


def _system() -> str:
    """What the distribution calls itself: an environment of one does not run on another."""
    try:
        facts = platform.freedesktop_os_release()
    except OSError:
        return ""
    return f"{facts.get('ID', '')} {facts.get('VERSION_ID', '')}"


def _content(path: Path) -> str:
    try:
        return hashlib.sha256(path.read_bytes()).hexdigest()
    except OSError:
        return ""


def _digest(texts: Iterable[str]) -> str:
    return hashlib.sha256("\0".join(texts).encode("utf-8", "surrogateescape")).hexdigest()[:16]
