"""Mutated firmware and suites: a result or one line for the user, in bounded time and memory.

``make fuzz`` asks for all of them, ``make fuzz SEED=... ONLY=...`` for one again; ``make test`` for a tenth.
"""

from __future__ import annotations

import json
import os
import random
import shutil
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from bare_image import ROOT
from base_images import BASES, build_bases
from elf_mutations import MUTATIONS, Base, mutant
from workshop import compiler_or_skip
from yml_mutations import TEXTS, ask_suite, text_of

ALL = {"elf": 10_000, "yml": 300}
SHARE = float(os.environ.get("MLBENCH_FUZZ", "0.1"))
"""``make fuzz`` asks for 1, which is all of them."""
ONLY = os.environ.get("MLBENCH_FUZZ_ONLY", "")
"""Such as ``elf 17``."""
_GIVEN = os.environ.get("MLBENCH_FUZZ_SEED", "")
_BATCH = 250
_BATCH_SECONDS = 3_600
_MOST_TOLD = 5


def seed() -> str:
    """In ``make test`` the same each time: what fails there fails for everybody."""
    return _GIVEN or ("0" if SHARE < 1 else str(random.randrange(1 << 32)))


@pytest.fixture(scope="session")
def bases(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the four base images."""
    compiler_or_skip()
    folder = tmp_path_factory.mktemp("bases")
    for number, elf in enumerate(build_bases(folder)):
        shutil.copyfile(elf, folder / f"{number}.elf")
    return folder


def survive(kind: str, folder: Path, chosen: str, numbers: list[int]) -> Iterator[str]:
    """What goes wrong with files of these numbers, a text each. One that ends the process is one too."""
    while numbers:
        home = folder / f"home-{numbers[0]}"
        done = subprocess.run(
            [sys.executable, str(Path(__file__).with_name("survivor.py")), kind, str(folder), chosen]
            + [str(number) for number in numbers],
            env={
                **os.environ,
                "MLBENCH_HOME": str(home),
                "MLBENCH_HOTPATH": os.environ.get("MLBENCH_HOTPATH", ""),
                "PYTHONPATH": os.pathsep.join((str(ROOT), str(ROOT / "tests" / "support"))),
            },
            capture_output=True,
            text=True,
            errors="replace",
            timeout=_BATCH_SECONDS,
            check=False,
        )
        shutil.rmtree(home, ignore_errors=True)
        lines = [json.loads(line) for line in done.stdout.splitlines() if line.startswith('{"number"')]
        yield from (
            f"{kind} {line['number']}: " + "\n".join([*line["problems"], line["answer"][-600:]])
            for line in lines
            if line.get("problems")
        )
        if done.returncode == 0:
            return
        last = lines[-1]["number"] if lines else numbers[0]
        yield f"{kind} {last}: the process ended with status {done.returncode}: {done.stderr[-2000:]}"
        numbers = numbers[numbers.index(last) + 1 :]


def all_survive(kind: str, folder: Path, numbers: list[int]) -> None:
    """Fails with what goes wrong, and how to see each of them again."""
    chosen = seed()
    print(f"seed {chosen}")
    if ONLY:
        wanted, _, number = ONLY.partition(" ")
        if wanted != kind or int(number) not in numbers:
            pytest.skip(f"only {ONLY} is asked for")
        numbers = [int(number)]
    batches = [numbers[at : at + _BATCH] for at in range(0, len(numbers), _BATCH)]
    # make fuzz has the machine to itself; in make test the tests beside this one have the other cores.
    problems: list[str] = []

    def work(batch: list[int]) -> None:
        for problem in survive(kind, folder, chosen, batch):
            print(problem, flush=True)  # at once, for whoever waits for the rest
            problems.append(problem)

    with ThreadPoolExecutor(os.cpu_count() if SHARE >= 1 else 1) as pool:
        list(pool.map(work, batches))
    again = [f"make fuzz SEED={chosen} ONLY='{' '.join(text.split(':')[0].split())}'" for text in problems]
    assert not problems, "\n\n".join(
        [f"{len(problems)} went wrong", *problems[:_MOST_TOLD], *again[:_MOST_TOLD]]
    )


def numbers_of(kind: str) -> list[int]:
    return list(range(ALL[kind])) if ONLY else list(range(int(ALL[kind] * SHARE)))


@pytest.mark.parametrize("base", range(len(BASES)), ids=list(BASES))
def test_mutated_firmware(bases: Path, base: int) -> None:
    all_survive("elf", bases, [number for number in numbers_of("elf") if number % len(BASES) == base])


def test_mutated_suites(tmp_path: Path) -> None:
    all_survive("yml", tmp_path, numbers_of("yml"))


def test_the_texts_are_right(tmp_path: Path) -> None:
    for text in TEXTS:
        assert ask_suite(text, tmp_path / "suite") == ""


def test_a_seed_and_a_number_give_the_same_mutation(bases: Path) -> None:
    images = [Base((bases / f"{number}.elf").read_bytes()) for number in range(len(BASES))]
    for number in range(40):
        assert mutant(images, "1", number) == mutant(images, "1", number)
    assert len({mutant(images, "1", number).data for number in range(40)}) == 40
    assert text_of("1", 3) == text_of("1", 3) != text_of("2", 3)


def test_each_mutation_changes_what_it_is_named_after(bases: Path) -> None:
    images = [Base((bases / f"{number}.elf").read_bytes()) for number in range(len(BASES))]
    for change in MUTATIONS:
        changed = 0
        for number in range(12):
            draw, base = random.Random(number), images[number % len(images)]
            data = bytearray(base.data)
            change(draw, base, data)
            changed += data != base.data
        assert changed >= 8, change.__name__


def test_sound_images_are_measured(bases: Path) -> None:
    """The mutations begin from firmware that runs to its end."""
    for number, (_, (init, inference)) in enumerate(BASES.values()):
        done = subprocess.run(
            [
                *(sys.executable, "-m", "mlbench", "elf", str(bases / f"{number}.elf")),
                *("--init", init, "--inference", inference, "--timeout", "20 ms", "--inferences", "2"),
            ],
            env={**os.environ, "MLBENCH_HOME": str(bases / "home"), "PYTHONPATH": str(ROOT)},
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        assert "2 times" in done.stdout
