"""Whether edits that change nothing of what is measured lead to verdicts, and small real changes do.

``python -m mlbench.devtools.unrelated_edits`` edits copies of the sample sketches at random: texts,
constants, functions that nothing calls, a library more, another order of files. It builds and measures them
with the linker script of the project's platform and with one that does not sort what it links, compares
each with the sketch as it was, and prints the verdicts on initialization and inference that are not
``unchanged`` or ``noise``: there should be none. Edits after which the compiler wrote other code for a
measured function are listed. Then kernels are made 0.1 % slower, each beside an unrelated edit, and a loop
is grown from half the instruction cache to twice of it: these must be seen, with the sign that the time
itself has.
"""

from __future__ import annotations

import argparse
import random
import re
import shutil
import sys
import tempfile
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from mlbench.compare import compare
from mlbench.core.firmware import BuildRequest, Firmware
from mlbench.core.measures import INFERENCE_TIME, INIT_TIME
from mlbench.devtools.code_edits import UNRELATED, SketchCopy, slow_kernel
from mlbench.devtools.same_code import changed_functions
from mlbench.pipeline.run import Services, profile_all
from mlbench.pipeline.services import make_services
from mlbench.results.comparison import Delta, Verdict
from mlbench.results.values import Result, Time
from mlbench.suite.suite_file import SketchSpec, load_suite
from mlbench.util.progress import Silent
from mlbench.util.settings import Settings

SAMPLES = Path("sketches")
SKETCHES = (
    "keyword_spotting_graph",
    "keyword_spotting_aot",
    "person_detection_graph",
    "person_detection_aot",
)
_SCRIPT = Path("hardware/mlbench/nrf52840/variants/nano33ble/linker_script.ld")
_SORTED = re.compile(r"SORT_BY_NAME\(([^()]*)\)")
_QUIET = (Verdict.UNCHANGED, Verdict.NOISE)
_TIMES = (INIT_TIME, INFERENCE_TIME)
_SMALL = 0.001
_LOOP_INSTRUCTIONS = 1_024_000
_LOOP_SIZES = (256, 2048)
_LOOP = """\
__attribute__((noinline)) void prepare() {{ asm volatile("nop"); }}
__attribute__((noinline)) int infer() {{
  int sum = 0;
  for (int i = 0; i < {rounds}; i++) asm volatile(".rept {size}\\n adds %0, %0, #1\\n .endr" : "+l"(sum));
  return sum;
}}
volatile int result;
void setup() {{ prepare(); result = infer(); Serial.begin(115200); Serial.println("done"); }}
void loop() {{}}
"""


@dataclass(frozen=True)
class EditOutcome:
    """What came of an edit: the changes of the two times, and functions whose code is another."""

    number: int
    sketch: str
    edit: str
    deltas: tuple[Delta, ...]
    changed: tuple[str, ...] = ()
    error: str = ""

    @property
    def verdicts(self) -> tuple[Delta, ...]:
        """What is neither unchanged nor noise."""
        return tuple(delta for delta in self.deltas if delta.verdict not in _QUIET)

    def __str__(self) -> str:
        times = "; ".join(
            f"{delta.measure} {delta.verdict.value} {delta.change or 0:+.3f} us ({delta.percent or 0:+.3f} %)"
            f"{f', {delta.note}' if delta.note else ''}"
            for delta in self.deltas
        )
        code = f"; other code: {', '.join(self.changed)}" if self.changed else ""
        return f"{self.number:4} {self.sketch}: {self.edit}: {self.error or times}{code}"


class EditTrial:
    """Builds and measures edited copies of the sample sketches, and compares them with what they were.

    Args:
        samples: their folder.
        scratch: for copies.
        sketches: which of them.
        settings: options of the run.
    """

    def __init__(self, samples: Path, scratch: Path, sketches: Sequence[str], settings: Settings) -> None:
        self._samples, self._scratch, self._sketches = samples, scratch, sketches
        self._images: dict[Path, Firmware] = {}
        services = make_services(replace(settings, canonical=True), Silent())
        self._services = replace(services, build=self._noting(services))
        self._unsorted = self._write_unsorted()
        self._bases: dict[tuple[str, bool], Result] = {}

    def unrelated(self, seed: int, numbers: Iterable[int]) -> Iterator[EditOutcome]:
        """What came of unrelated edits, by number: the same for the same seed."""

        def edited(sketch_copy: SketchCopy, chance: random.Random, number: int) -> str:
            return UNRELATED[number % len(UNRELATED)](sketch_copy, chance)

        return self._outcomes(seed, numbers, edited)

    def slowed(self, seed: int, numbers: Iterable[int]) -> Iterator[EditOutcome]:
        """What came of kernels that are 0.1 % slower, each beside an unrelated edit."""

        def edited(sketch_copy: SketchCopy, chance: random.Random, number: int) -> str:
            other = UNRELATED[number % len(UNRELATED)](sketch_copy, chance)
            base = self._base(sketch_copy.sketch, self._is_unsorted(number)).measures.inference_time
            assert isinstance(base, Time)
            slower = slow_kernel(self._with_kernels(sketch_copy), chance, _SMALL * (base.cycles or 0))
            return f"{slower}, {other}"

        return self._outcomes(seed, numbers, edited)

    def loops(self, seed: int, count: int) -> Iterator[tuple[str, Delta, float]]:
        """Changes of a loop's size: which, how it is judged, and the change of the time itself."""
        chance = random.Random(f"loops {seed}")  # noqa: S311 (repeatable, not secret)
        sizes = sorted({chance.randint(*_LOOP_SIZES) for _ in range(4 * count)})
        pairs = [tuple(chance.sample(sizes, 2)) for _ in range(count)]
        used = sorted({size for pair in pairs for size in pair})
        specs = [self._loop(size) for size in used]
        results = dict(zip(used, profile_all(specs, self._services, Silent()), strict=True))
        for before, after in pairs:
            base, head = (replace(results[size], sketch="loop") for size in (before, after))
            delta = next(d for d in compare([base], [head]).jobs[0].deltas if d.measure == INFERENCE_TIME)
            assert delta.head is not None
            assert delta.base is not None
            yield (
                f"{2 * before} to {2 * after} bytes",
                delta,
                (delta.head.value or 0) - (delta.base.value or 0),
            )

    def _outcomes(
        self, seed: int, numbers: Iterable[int], edited: Callable[[SketchCopy, random.Random, int], str]
    ) -> Iterator[EditOutcome]:
        listed = list(numbers)
        edits, specs = [], []
        for number in listed:
            sketch = self._sketches[number // len(UNRELATED) % len(self._sketches)]
            sketch_copy = self._copy(f"edit{number}", sketch)
            chance = random.Random(f"{seed} {number}")  # noqa: S311 (repeatable, not secret)
            edits.append(edited(sketch_copy, chance, number))
            specs.append(self._spec(sketch_copy, self._is_unsorted(number)))
        results = profile_all(specs, self._services, Silent())
        for number, edit, spec, head in zip(listed, edits, specs, results, strict=True):
            yield self._outcome(number, edit, spec, head)

    def _outcome(self, number: int, edit: str, spec: SketchSpec, head: Result) -> EditOutcome:
        base = self._base(spec.name, self._is_unsorted(number))
        if head.failure is not None:
            return EditOutcome(number, spec.name, edit, (), error=head.failure.message)
        deltas = {delta.measure: delta for delta in compare([base], [head]).jobs[0].deltas}
        built = [self._images[folder / spec.name] for folder in (self._base_folder, spec.source.folder)]
        # In the canonical layout constants lie as far from the code that reads them in both.
        images = [firmware.canonical_elf or firmware.elf for firmware in built]
        measured = {
            path.function for time in head.measures.times() if time.calls for path in time.calls.paths
        }
        changed = changed_functions(*images) & measured
        return EditOutcome(
            number, spec.name, edit, tuple(deltas[key] for key in _TIMES), tuple(sorted(changed))
        )

    @staticmethod
    def _is_unsorted(number: int) -> bool:
        return number % 2 == 1

    @property
    def _base_folder(self) -> Path:
        return self._scratch / "base"

    def _base(self, sketch: str, unsorted: bool) -> Result:
        if not self._bases:
            for name in self._sketches:
                self._copy("base", name)
            keys = [(name, script) for name in self._sketches for script in (True, False)]
            specs = [self._spec(SketchCopy(self._base_folder, name), script) for name, script in keys]
            results = profile_all(specs, self._services, Silent())
            self._bases = dict(zip(keys, results, strict=True))
        return self._bases[sketch, unsorted]

    def _spec(self, sketch_copy: SketchCopy, unsorted: bool) -> SketchSpec:
        suite = load_suite(sketch_copy.folder / "mlbench.yml")
        spec = next(each for each in suite.sketches if each.name == sketch_copy.sketch)
        added = sorted((sketch_copy.folder / "libraries").glob("Added*"))
        properties = (f"build.ldscript_path={self._unsorted.parent}", f"build.ldscript={self._unsorted.name}")
        return replace(
            spec,
            libraries=(*spec.libraries, *added),
            ram_search="none",
            build_properties=(*spec.build_properties, *(properties if unsorted else ())),
        )

    def _copy(self, name: str, sketch: str) -> SketchCopy:
        folder = self._scratch / name
        if not folder.exists():
            folder.mkdir()
            shutil.copy(self._samples / "mlbench.yml", folder)
            shutil.copytree(self._samples / "libraries", folder / "libraries")
        shutil.copytree(self._samples / sketch, folder / sketch)
        return SketchCopy(folder, sketch)

    @staticmethod
    def _with_kernels(sketch_copy: SketchCopy) -> SketchCopy:
        """The sketch_copy with its kernels where they were, if an edit has renamed them."""
        folder = sketch_copy.folder / "libraries" / "TinyKernels" / "src"
        for path in folder.glob("*_tiny_kernels.cpp"):
            path.rename(folder / "tiny_kernels.cpp")
        return sketch_copy

    def _loop(self, size: int) -> SketchSpec:
        folder = self._scratch / f"loop{size}"
        folder.mkdir(exist_ok=True)
        code = _LOOP.format(size=size, rounds=_LOOP_INSTRUCTIONS // size)
        (folder / f"loop{size}.ino").write_text(code)
        suite = self._scratch / f"loop{size}.yml"
        suite.write_text(
            f'defaults: {{board: "mlbench:nrf52840:nano33ble"}}\nsketches:\n'
            f'  - {{path: loop{size}, init: "prepare()", inference: "infer()", ram: {{search: none}}}}\n'
        )
        return load_suite(suite).sketches[0]

    def _noting(self, services: Services) -> Callable[[BuildRequest], Firmware]:
        def build(request: BuildRequest) -> Firmware:
            firmware = self._images[request.sketch] = services.build(request)
            return firmware

        return build

    def _write_unsorted(self) -> Path:
        import mlbench.arduino

        script = (Path(mlbench.arduino.__file__).parent / _SCRIPT).read_text()
        path = self._scratch / "unsorted.ld"
        path.write_text(_SORTED.sub(r"\1", script))
        return path


def main(arguments: list[str] | None = None) -> int:
    """Run the trials and print what is not as it should be; 1 where something is not."""
    parser = argparse.ArgumentParser(
        prog="python -m mlbench.devtools.unrelated_edits", description=__doc__.splitlines()[0]
    )
    parser.add_argument("--edits", type=int, default=200, help="unrelated edits (default: 200)")
    parser.add_argument("--changes", type=int, default=100, help="kernels 0.1 %% slower (default: 100)")
    parser.add_argument("--loops", type=int, default=20, help="changes of a loop's size (default: 20)")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--first", type=int, default=0, help="number of the first edit")
    parser.add_argument("--sketch", action="append", help="only this one; may be repeated")
    parser.add_argument("--all", action="store_true", help="print every edit")
    options = parser.parse_args(arguments)
    print(f"seed {options.seed}", flush=True)
    with tempfile.TemporaryDirectory(prefix="mlbench-") as scratch:
        trial = EditTrial(SAMPLES.resolve(), Path(scratch), options.sketch or SKETCHES, Settings())
        first = options.first
        outcomes = list(trial.unrelated(options.seed, range(first, first + options.edits)))
        judged = [outcome for outcome in outcomes if outcome.verdicts or outcome.error]
        for outcome in (
            outcomes if options.all else [each for each in outcomes if each.verdicts or each.changed]
        ):
            print(outcome)
        slowed = range(1_000 + first, 1_000 + first + options.changes)
        missed = [each for each in trial.slowed(options.seed, slowed) if not _is_seen(each)]
        for outcome in missed:
            print(f"missed: {outcome}")
        loops = list(trial.loops(options.seed, options.loops))
        wrong = [(name, delta, moved) for name, delta, moved in loops if (delta.change or 0) * moved <= 0]
        for name, delta, moved in loops if options.all else wrong:
            print(f"loop of {name}: judged {delta.change or 0:+.3f} us, the time itself {moved:+.3f} us")
    print(f"{options.edits} unrelated edits: verdicts on {len(judged)}")
    print(f"{options.changes} kernels 0.1 % slower: {options.changes - len(missed)} found")
    print(f"{options.loops} changes of a loop: {options.loops - len(wrong)} with the sign of the time")
    enough = 100 * (options.changes - len(missed)) >= 95 * options.changes
    return 0 if not judged and enough and not wrong else 1


def _is_seen(outcome: EditOutcome) -> bool:
    deltas = {delta.measure: delta for delta in outcome.deltas}
    return INFERENCE_TIME in deltas and deltas[INFERENCE_TIME].verdict is Verdict.WORSE


if __name__ == "__main__":
    sys.exit(main())
