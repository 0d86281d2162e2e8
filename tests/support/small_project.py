"""A small project in the shape of this one, so that starts can be tried without the real packages."""

from __future__ import annotations

import base64
import hashlib
import json
import os
import shutil
import subprocess
import sys
import zipfile
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]

CLI = """
import json, os, sys, time
import tinydep

def main():
    if "--sleep" in sys.argv:
        print("sleeping", flush=True)
        time.sleep(60)
    if "--status" in sys.argv:
        return 7
    print(json.dumps({
        "pid": os.getpid(), "argv": sys.argv[1:], "prefix": sys.prefix, "first": sys.path[0],
        "tinydep": tinydep.VERSION, "file": tinydep.__file__, "cached": __cached__,
    }))
    return 0
"""


def make_wheel(folder: Path, name: str, version: str) -> tuple[Path, str]:
    """A wheel of one module; its path and SHA-256."""
    info = f"{name}-{version}.dist-info"
    files = {
        f"{name}.py": f"VERSION = {version!r}\n",
        f"{info}/METADATA": f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n",
        f"{info}/WHEEL": "Wheel-Version: 1.0\nGenerator: tests\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
    }
    record = ""
    for path, text in files.items():
        digest = base64.urlsafe_b64encode(hashlib.sha256(text.encode()).digest()).rstrip(b"=").decode()
        record += f"{path},sha256={digest},{len(text)}\n"
    files[f"{info}/RECORD"] = record + f"{info}/RECORD,,\n"
    folder.mkdir(exist_ok=True)
    wheel = folder / f"{name}-{version}-py3-none-any.whl"
    with zipfile.ZipFile(wheel, "w") as archive:
        for path, text in files.items():
            # A fixed date: the same wheel, and so the same lock, in every project.
            archive.writestr(zipfile.ZipInfo(path), text)
    return wheel, hashlib.sha256(wheel.read_bytes()).hexdigest()


@dataclass
class Project:
    """A checkout, a wheelhouse, and a home that is still to be made."""

    root: Path
    home: Path
    elsewhere: Path
    python: str = sys.executable
    environ: dict[str, str] = field(default_factory=dict)

    def command(self, *arguments: str) -> list[str]:
        return [self.python, str(self.root / "entrypoint.py"), *arguments]

    def start(self, *arguments: str, **environ: str | None) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            self.command(*arguments),
            env=self.with_environ(environ),
            cwd=self.elsewhere,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )

    def with_environ(self, more: dict[str, str | None]) -> dict[str, str]:
        merged: dict[str, str | None] = {**self.environ, **more}
        return {name: value for name, value in merged.items() if value is not None}

    def answer(self, *arguments: str, **environ: str | None) -> dict[str, object]:
        done = self.start(*arguments, **environ)
        assert done.returncode == 0, done.stderr
        found: dict[str, object] = json.loads(done.stdout)
        return found

    @property
    def environments(self) -> list[Path]:
        return [path for path in (self.home / "environments").glob("*") if path.is_dir()]

    def lock(self, digest: str = "", version: str = "1.0") -> None:
        """Write the lock files; with ``digest`` a wrong one for the package."""
        for file, name in (("build.txt", "tinybuild"), ("runtime.txt", "tinydep")):
            _, right = make_wheel(self.root.parent / "wheel house", name, version)
            chosen = digest if digest and file == "runtime.txt" else right
            (self.root / "requirements" / file).write_text(
                f"{name}=={version} \\\n    --hash=sha256:{chosen}\n"
            )


def make_project(base: Path) -> Project:
    root = base / "check out"
    package = root / "mlbench"
    shutil.copytree(ROOT / "mlbench" / "host", package / "host", ignore=shutil.ignore_patterns("*.pyc"))
    for folder in ("emulator", "cli", "cycles", "renode"):
        (package / folder).mkdir()
    (root / "requirements").mkdir()
    for name in (
        *("entrypoint.py", "mlbench/__init__.py", "mlbench/version.py", "mlbench/errors.py"),
        *("mlbench/cli/__init__.py", "mlbench/cli/bootstrap.py", "mlbench/cli/start.py"),
        *(
            f"mlbench/emulator/{name}"
            for name in ("_block_hook.c", "_call_paths.h", "_exceptions.h", "_core_registers.h")
        ),
        *("mlbench/cycles/_path_price.c", "mlbench/renode/_retrace.c"),
    ):
        shutil.copy(ROOT / name, root / name)
    (package / "cli" / "main.py").write_text(CLI)
    elsewhere = base / "some folder"
    elsewhere.mkdir()
    # Modules of these names lie where a user works, and on his PYTHONPATH; neither may be met.
    (elsewhere / "tinydep.py").write_text("VERSION = 'from the current folder'\n")
    (base / "on the path").mkdir()
    shutil.copy(elsewhere / "tinydep.py", base / "on the path")
    (elsewhere / "json.py").write_text("raise SystemExit('the wrong json')\n")
    project = Project(root, base / "a home", elsewhere)
    project.environ = {
        "PATH": os.environ["PATH"],
        "HOME": str(base / "user"),
        "MLBENCH_HOME": str(project.home),
        "MLBENCH_WHEELHOUSE": str(base / "wheel house"),
        "PYTHONPATH": str(base / "on the path"),
        "PIP_USER": "1",
        "PIP_TARGET": str(base / "wrong place"),
    }
    project.lock()
    return project


def snapshot(folder: Path) -> dict[str, tuple[int, int]]:
    """Every file's size and time of change."""
    return {
        str(path.relative_to(folder)): (path.lstat().st_size, path.lstat().st_mtime_ns)
        for path in sorted(folder.rglob("*"))
    }
