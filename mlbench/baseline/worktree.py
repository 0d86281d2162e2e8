"""The files of a commit beside those that are checked out: a git work tree that is gone afterwards."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from mlbench.baseline.repository import Repository
from mlbench.errors import EnvironmentFault
from mlbench.host.cache_dir import locked, remove_tree
from mlbench.util.progress import Progress

_POINTER = b"version https://git-lfs.github.com/spec/v1"
"""How a file begins that stands for one in Git LFS (git-lfs, docs/spec.md)."""

_MOST_DEPTH = 5


@dataclass(frozen=True)
class Worktree:
    """A commit's files. ``notes`` say what of them could not be had."""

    path: Path
    notes: tuple[str, ...] = ()


@contextmanager
def worktree(repository: Repository, commit: str, folder: Path, progress: Progress) -> Iterator[Worktree]:
    """The files of a commit that is here, at a place that is the same for each run in this repository.

    Its last part is the repository's own name, as a sketch at the top of a project is called like its
    folder. One process at a time; what a killed one left is removed first.

    Raises:
        EnvironmentFault: git or the disk.
    """
    name = hashlib.sha256(str(repository.root.resolve()).encode()).hexdigest()[:16]
    path = folder / name / (repository.root.resolve().name or "project")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise EnvironmentFault(
            f"cannot be written ({error.strerror or error})", where=str(folder), do="free some space there"
        ) from error
    with locked(path.parent / "lock", progress.note, "measuring a baseline of this project"):
        _remove(repository, path)
        try:
            _add(repository, commit, path)
            notes = [*_submodules(repository, repository.root, path), *_lfs(repository, path)]
            yield Worktree(path, tuple(notes))
        finally:
            _remove(repository, path)


def _add(repository: Repository, commit: str, path: Path) -> None:
    # Git LFS fetches contents at checkout, and needs the token for it.
    lazy = bool(repository.output("config", "--get", "filter.lfs.smudge"))
    done = repository.run(
        "worktree", "add", "--quiet", "--force", "--detach", str(path), commit, network=lazy
    )
    if done.status:
        what = f"the base cannot be checked out ({repository.said(done)})"
        raise EnvironmentFault(what, where=str(path), do="check the disk and the clone")


def _remove(repository: Repository, path: Path) -> None:
    # Git keeps a note of each work tree, also where a killed run left no files of it. Twice forced: a
    # process that was killed while git made one leaves it locked.
    repository.run("worktree", "remove", "--force", "--force", str(path))
    remove_tree(path)


def _submodules(repository: Repository, head: Path, path: Path, depth: int = 0) -> Iterator[str]:
    """Fill the submodules that the checkout has filled, from its own copies where they have the commit."""
    listed = repository.run("ls-files", "--stage", "-z", cwd=path).stdout.split("\0")
    for line in listed:
        about, _, name = line.partition("\t")
        if not about.startswith("160000 "):
            continue
        commit = about.split()[1]
        checkout, target = head / name, path / name
        if not (checkout / ".git").exists():
            continue
        reason = _submodule(repository, commit, checkout, target)
        if reason:
            yield f"submodule {name} of the base cannot be had ({reason})"
        elif depth < _MOST_DEPTH:
            yield from _submodules(repository, checkout, target, depth + 1)


def _submodule(repository: Repository, commit: str, checkout: Path, target: Path) -> str:
    done = repository.run("clone", "--quiet", "--shared", "--no-checkout", "--", str(checkout), str(target))
    if done.status:
        return repository.said(done)
    if repository.run("cat-file", "-e", f"{commit}^{{tree}}", cwd=target).status:
        url = repository.run("config", "--get", "remote.origin.url", cwd=checkout).stdout.strip()
        fetch = ("fetch", "--quiet", "--no-tags", "--depth=1", "--", url, commit)
        done = repository.run(*fetch, cwd=target, network=True)
        if done.status:
            return repository.said(done)
    done = repository.run("checkout", "--quiet", "--force", "--detach", commit, "--", cwd=target)
    return repository.said(done) if done.status else ""


def _lfs(repository: Repository, path: Path) -> Iterator[str]:
    """Files that stand for their contents in Git LFS where the checkout has the contents themselves."""
    listed = repository.run("ls-files", "-z", "--", ":(attr:filter=lfs)", cwd=path)
    names = [name for name in listed.stdout.split("\0") if name]
    missing = [name for name in names if _is_pointer(path / name) and not _is_pointer(repository.root / name)]
    if missing:
        more = f" and {len(missing) - 1} more" if len(missing) > 1 else ""
        yield f"{missing[0]}{more} of the base is in Git LFS and was not fetched; install git-lfs"


def _is_pointer(path: Path) -> bool:
    try:
        with path.open("rb") as file:
            return file.read(len(_POINTER)) == _POINTER
    except OSError:
        return False
