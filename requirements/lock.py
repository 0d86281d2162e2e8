"""Writes the lock files: exact versions with the hashes of every platform's files.

Run as ``make lock``. The resolver is installed for the purpose, so that it is no dependency of anything.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
import venv
from pathlib import Path

RESOLVER = "uv>=0.9"
OLDEST_PYTHON = "3.10"
FOLDER = Path(__file__).resolve().parent
QUIET = ("--no-header", "--no-annotate", "--no-emit-index-url", "--no-emit-find-links", "--no-config", "-q")


def main() -> None:
    """Resolve each list for every Python and platform at once."""
    with tempfile.TemporaryDirectory() as scratch:
        venv.create(scratch, with_pip=True)
        bin_folder = Path(scratch, "bin")
        subprocess.run([bin_folder / "python", "-m", "pip", "install", "-q", RESOLVER], check=True)
        resolve = [bin_folder / "uv", "pip", "compile", "--universal", "--python-version", OLDEST_PYTHON]
        # `dev` keeps to what `runtime` chose: tests must meet the versions that users get.
        for name, more in (("build", []), ("release", []), ("runtime", []), ("dev", ["-c", "runtime.txt"])):
            command = [*resolve, "--generate-hashes", *QUIET, *sys.argv[1:], *more, f"{name}.in"]
            subprocess.run([*command, "-o", f"{name}.txt"], check=True, cwd=FOLDER, stdout=subprocess.DEVNULL)


if __name__ == "__main__":
    main()
