"""A baseline measured in the same run as what is held against it, for one command line."""

from __future__ import annotations

from collections.abc import Callable, Set
from dataclasses import replace
from pathlib import Path

from mlbench.baseline.base_commit import BaseCommit
from mlbench.baseline.measuring import Base, Job, Selected, measure_base
from mlbench.baseline.repository import Repository
from mlbench.compare import thresholds_of
from mlbench.errors import UsageError
from mlbench.pipeline.run import Services, profile_all
from mlbench.suite.discovery import find_suite
from mlbench.suite.options import RunOptions
from mlbench.suite.selection import Selection, select
from mlbench.util.progress import Progress


def measure_base_commit(
    base_commit: BaseCommit,
    repository: Repository,
    head: Selection,
    options: RunOptions,
    services: Services,
    progress: Progress,
    folder: Path,
    *,
    start: Path | None = None,
    skip: Set[Job] = frozenset(),
) -> Base:
    """Measure the sketches of a base commit as the same command line means them there.

    Args:
        base_commit: the commit.
        repository: the checkout.
        head: what the command line means in the checkout.
        options: what it asks for.
        services: what builds and measures.
        progress: told of what takes long.
        folder: where work trees may be made.
        start: the folder the command line was given in; the current one where None.
        skip: what the change does not touch.
    """
    return measure_base(
        base_commit,
        repository,
        folder,
        chooser(repository, head, options, start),
        lambda specs: profile_all(specs, services, progress),
        progress,
        head=selected(head),
        skip=skip,
    )


def chooser(
    repository: Repository, head: Selection, options: RunOptions, start: Path | None = None
) -> Callable[[Path], Selected]:
    """What the command line means in a work tree, given the tree's folder."""
    start_folder, root = (start or Path.cwd()).resolve(), repository.root.resolve()
    return lambda tree: _choose(tree, root, start_folder, head, options)


def selected(selection: Selection) -> Selected:
    """What a command line means, as far as a baseline needs it."""
    if selection.suite is None:
        return Selected(selection.specs, has_suite=False)
    return Selected(selection.specs, thresholds_of(selection.suite))


def _choose(tree: Path, root: Path, start_folder: Path, head: Selection, options: RunOptions) -> Selected:
    """What the command line means in a work tree.

    Raises:
        UsageError: the base does not have it.
    """
    if not start_folder.is_relative_to(root):
        raise UsageError(f"{start_folder} is not in the repository", do="run it in the project")
    place = tree / start_folder.relative_to(root)
    there = options
    if options.sketch:
        named = (start_folder / options.sketch).resolve()
        if (start_folder / options.sketch).exists():
            if not named.is_relative_to(root):
                raise UsageError(f"{options.sketch} is not in the repository", do="name a sketch in it")
            there = replace(options, sketch=str(tree / named.relative_to(root)))
            if not Path(there.sketch).exists():
                raise UsageError(f"it has no {named.relative_to(root)} yet")
    if not place.is_dir():
        raise UsageError(f"it has no folder {start_folder.relative_to(root)} yet")
    if head.suite is not None and not options.sketch and find_suite(place) is None:
        raise UsageError("it has no mlbench.yml yet")
    selection = select(there, place, lenient=True)
    if head.named and selection.named and len(selection.specs) == len(head.specs) == 1:
        selection = replace(selection, specs=(replace(selection.specs[0], name=head.specs[0].name),))
    return selected(selection)
