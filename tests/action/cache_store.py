"""What actions/cache does, with a folder in place of GitHub's store. The stand-ins run it as a script.

As the real one: a key is written once; what is looked for is the key, else the newest whose beginning it
or one of the ``restore-keys`` is; an archive belongs to the list of paths that it was made of; and it is
unpacked with ``tar -P``, wherever that leads.
"""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
from pathlib import Path
from urllib.parse import quote, unquote


def main() -> int:
    """``restore`` or ``save``, as the environment of the stand-in has it."""
    verb, store = sys.argv[1], Path(sys.argv[2])
    key, paths = os.environ["KEY"], os.environ["FOLDERS"].split()
    print(f"cache {verb}d {key}", *paths, sep="\n")
    version = store / hashlib.sha256("\n".join(paths).encode()).hexdigest()[:16]
    version.mkdir(parents=True, exist_ok=True)
    if verb == "save":
        _save(version / quote(key, safe=""), paths)
        return 0
    found = _find(version, [key, *os.environ.get("RESTORE_KEYS", "").split()])
    if found is not None:
        subprocess.run(["tar", "-P", "-xf", str(found)], check=True)
    with Path(os.environ["GITHUB_OUTPUT"]).open("a", encoding="utf-8") as outputs:
        outputs.write(f"cache-hit={'true' if found and unquote(found.name) == key else ''}\n")
    return 0


def _save(archive: Path, paths: list[str]) -> None:
    there = [path for path in paths if Path(path).exists()]
    if archive.exists() or not there:
        return
    made = archive.with_name(f".{os.getpid()}")
    subprocess.run(["tar", "-P", "-cf", str(made), *there], check=True)
    made.replace(archive)


def _find(version: Path, keys: list[str]) -> Path | None:
    exact = version / quote(keys[0], safe="")
    if exact.is_file():
        return exact
    kept = sorted(version.glob("[!.]*"), key=lambda path: path.stat().st_mtime_ns, reverse=True)
    return next((path for key in keys for path in kept if unquote(path.name).startswith(key)), None)


if __name__ == "__main__":
    sys.exit(main())
