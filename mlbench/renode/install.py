"""Renode's portable release, fetched once, on request, and used only if its checksum matches."""

from __future__ import annotations

import os
import platform
import tarfile
from pathlib import Path

from mlbench.errors import EnvironmentFault
from mlbench.host.cache_dir import TOOLS, Say, cache_area, home_path, locked

_NEWEST = ("1.17.0", "1.16.1")
"""What is fetched where no version is named: the first one whose checksum is known for this machine."""

_ARCHIVES = {
    ("1.17.0", "x86_64"): (
        "renode-1.17.0.linux-portable.tar.gz",
        "4ba7c68b59e2447f188ef4b4b112fcccd2802582c460beedceb63b84e5605a5f",
    ),
    # SHA-256 of the release's archives, as several public repositories that install it pin it.
    ("1.16.1", "x86_64"): (
        "renode-1.16.1.linux-portable-dotnet.tar.gz",
        "00e113cdbd0f5354cf2f64bbe3f5a070d8958409542fca66e45ac97d982938c0",
    ),
    ("1.16.1", "aarch64"): (
        "renode-1.16.1.linux-arm64-portable-dotnet.tar.gz",
        "fff3a098c96ed0a4ffbdff3f028c9c5fde432db09587c7bd7c99406180f90007",
    ),
}
_URL = "https://github.com/renode/renode/releases/download/v{version}/{name}"


def default_release() -> str:
    """The version that is fetched where none is named."""
    known = (version for version in _NEWEST if (version, platform.machine()) in _ARCHIVES)
    return next(known, _NEWEST[-1])


def installed() -> Path | None:
    """The program of the newest release that was fetched; None where there is none."""
    try:
        folders = sorted((home_path() / TOOLS).glob("renode-*/"), key=_version, reverse=True)
    except EnvironmentFault:
        return None
    return next((folder / "renode" for folder in folders if (folder / "renode").is_file()), None)


def _version(folder: Path) -> tuple[int, ...]:
    parts = folder.name.partition("-")[2].split(".")
    return tuple(int(part) if part.isdecimal() else -1 for part in parts)


def install(version: str, say: Say) -> Path:
    """Fetch a release and unpack it into mlbench's own folder; gives its program.

    ``MLBENCH_RENODE_URL`` and ``MLBENCH_RENODE_SHA256`` name another archive, for a mirror or a version
    whose checksum is not known here.

    Raises:
        EnvironmentFault: out of reach, another content, or no such release is known.
    """
    known = _ARCHIVES.get((version, platform.machine())) if platform.system() == "Linux" else None
    url = os.environ.get("MLBENCH_RENODE_URL", "")
    sha256 = os.environ.get("MLBENCH_RENODE_SHA256", "") or (known[1] if known else "")
    if not url and known:
        url = _URL.format(version=version, name=known[0])
    if not url or not sha256:
        raise EnvironmentFault(
            f"no checksum of Renode {version} for {platform.system()} {platform.machine()} is known",
            do="set MLBENCH_RENODE_URL and MLBENCH_RENODE_SHA256, or MLBENCH_RENODE to a program",
        )
    from mlbench.util.download import install_archive, public

    folder = home_path() / TOOLS / f"renode-{version}"
    program = folder / "renode"
    with locked(cache_area(TOOLS) / "lock", say, f"fetching Renode {version}"):
        if program.is_file():
            return program
        say(f"fetching Renode {version} from {public(url)}")
        install_archive(url, sha256, folder, _unpack, total_seconds=900.0)
    return program


def _unpack(archive: Path, folder: Path) -> None:
    """Unpack without the archive's own top folder."""
    folder.mkdir()
    try:
        with tarfile.open(archive) as tar:
            for member in tar:
                inside = member.name.partition("/")[2]
                if not inside or ".." in Path(inside).parts or not (member.isfile() or member.isdir()):
                    continue
                target = folder / inside
                if member.isdir():
                    target.mkdir(parents=True, exist_ok=True)
                    continue
                target.parent.mkdir(parents=True, exist_ok=True)
                source = tar.extractfile(member)
                assert source is not None
                with source, target.open("wb") as output:
                    while chunk := source.read(1 << 20):
                        output.write(chunk)
                target.chmod(0o755 if member.mode & 0o100 else 0o644)
    except tarfile.TarError as error:
        raise EnvironmentFault(f"is no archive ({error})", where=archive.name, do="fetch it again") from error
    if not (folder / "renode").is_file():
        raise EnvironmentFault("holds no renode", where=archive.name, do="check MLBENCH_RENODE_URL")
