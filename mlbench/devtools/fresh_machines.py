"""README's two commands on machines with nothing of ours: ``python -m mlbench.devtools.fresh_machines``.

Each machine is a bare system that debootstrap makes in a folder; the commands run there as root, in a
clone of this checkout's last commit and an empty environment. Needs root, debootstrap and the network.
A system whose packages are not reached is told as that, and is no failure.
"""

from __future__ import annotations

import argparse
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

_ROOT = Path(__file__).parents[2]
_PACKAGES = "ca-certificates,git,make,python3"
_CLONE = Path("root/mlbench-action")
_COMMANDS = {"run": "python3 entrypoint.py", "test": "make test"}
_SHOWN_LINES = 25
_CERTIFICATES = Path("etc/ssl/certs/ca-certificates.crt")
_NETWORK = (Path("etc/resolv.conf"), Path("etc/hosts"), _CERTIFICATES)
"""What a machine needs of this one's to reach the same network."""
_KEPT = re.compile(r"(?:https?|no|all)_proxy|PIP_\w+|SSL_CERT_\w+", re.IGNORECASE)


@dataclass(frozen=True)
class System:
    """A release of a distribution, as debootstrap knows it."""

    name: str
    suite: str
    components: str = "main"


SYSTEMS = (
    System("debian-12", "bookworm"),
    System("debian-13", "trixie"),
    System("ubuntu-22.04", "jammy", "main,universe"),
    System("ubuntu-24.04", "noble", "main,universe"),
)


def main() -> int:
    """Print a line for each system and command; the exit status is 1 where one failed."""
    parser = argparse.ArgumentParser(
        prog="python -m mlbench.devtools.fresh_machines", description=__doc__.splitlines()[0]
    )
    names = [system.name for system in SYSTEMS]
    parser.add_argument("systems", nargs="*", metavar="SYSTEM", help=f"of {', '.join(names)}; default: all")
    parser.add_argument("--only", choices=list(_COMMANDS), help="one of the two commands")
    parser.add_argument("--mirror", default="", help="where debootstrap finds the packages; default: its own")
    parser.add_argument("--keep", metavar="FOLDER", type=Path, help="leave the machines and logs there")
    options = parser.parse_args()
    unknown = sorted(set(options.systems) - set(names))
    if unknown:
        parser.error(f"unknown: {', '.join(unknown)}; known: {', '.join(names)}")
    if os.geteuid() or not shutil.which("debootstrap"):
        print("needs root and debootstrap; run it as `sudo make fresh`", file=sys.stderr)
        return 2
    commands = [options.only] if options.only else list(_COMMANDS)
    folder = options.keep or Path(tempfile.mkdtemp(prefix="mlbench-fresh-"))
    folder.mkdir(parents=True, exist_ok=True)
    try:
        chosen = [system for system in SYSTEMS if system.name in (options.systems or names)]
        return int(sum(_failed(system, folder, commands, options.mirror) for system in chosen) > 0)
    finally:
        if not options.keep:
            shutil.rmtree(folder)


def _failed(system: System, folder: Path, commands: list[str], mirror: str) -> bool:
    """Run the commands on a machine of its own; whether one failed."""
    machine = folder / system.name
    shutil.rmtree(machine, ignore_errors=True)
    words = ["debootstrap", "--variant=minbase", f"--include={_PACKAGES}"]
    words += [f"--components={system.components}", system.suite, str(machine), *([mirror] if mirror else [])]
    bootstrap = subprocess.run(
        words,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    if bootstrap.returncode:
        print(f"{system.name}: not reached: {_last(bootstrap.stdout, 1)}", flush=True)
        return False
    _equip(machine)
    failed = False
    for command in commands:
        log = folder / f"{system.name}-{command}.log"
        begin = time.monotonic()
        status = _run(machine, _COMMANDS[command], log)
        failed |= status != 0
        took = time.monotonic() - begin
        print(f"{system.name}: {_COMMANDS[command]}: status {status}, {took:.0f} s", flush=True)
        if status:
            print(_last(log.read_text(errors="replace"), _SHOWN_LINES), flush=True)
    return failed


def _equip(machine: Path) -> None:
    """A clone of the last commit, and this machine's way to the network."""
    words = ["git", "clone", "--quiet", str(_ROOT), str(machine / _CLONE)]
    subprocess.run(words, check=True)
    for file in _NETWORK:
        origin = Path("/") / file
        if origin.is_file():
            shutil.copyfile(origin, machine / file)


def _run(machine: Path, command: str, log: Path) -> int:
    """Run a command in the clone. What is mounted for it goes with its namespace."""
    mounts = "mount -t proc proc proc && mount --rbind /dev dev && mount -t sysfs sys sys"
    script = f'cd "$1" && {mounts} && exec chroot . env -i "${{@:2}}" sh -c "cd /{_CLONE} && {command}"'
    words = ["unshare", "--mount", "--pid", "--fork", "bash", "-c", script, "fresh", str(machine)]
    with log.open("wb") as out:
        done = subprocess.run(
            [*words, *(f"{name}={value}" for name, value in _environment(os.environ).items())],
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=subprocess.STDOUT,
            check=False,
        )
    return done.returncode


def _environment(environ: Mapping[str, str]) -> dict[str, str]:
    variables = {name: value for name, value in environ.items() if _KEPT.fullmatch(name)}
    return {"HOME": "/root", "PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "LANG": "C.UTF-8", **variables}


def _last(text: str, count: int) -> str:
    return "\n".join(text.strip().splitlines()[-count:])


if __name__ == "__main__":
    sys.exit(main())
