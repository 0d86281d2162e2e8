"""Edits of a sample sketch that change nothing of what is measured, and some that change a kernel."""

from __future__ import annotations

import random
import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

_BEGIN = "Serial.begin(115200);\n"
_TEXT = re.compile(r'"output:([^"]*)"')
_LETTERS = "abcdefghijklmnopqrstuvwxyz ,.:-"
_KERNELS = Path("libraries/TinyKernels/src/tiny_kernels.cpp")
_KERNEL = re.compile(r"^void (convolution|depthwise|pointwise|dense|softmax)\([^{;]*\{\n", re.MULTILINE)


@dataclass(frozen=True)
class SketchCopy:
    """A copy of the sample sketches, one of which is edited."""

    folder: Path
    sketch: str

    @property
    def main(self) -> Path:
        """The sketch's own file."""
        return self.folder / self.sketch / f"{self.sketch}.ino"

    @property
    def sources(self) -> list[Path]:
        """Files that functions and constants may be added to."""
        model = "KeywordSpotting" if "keyword" in self.sketch else "PersonDetection"
        folders = [self.folder / "libraries" / name / "src" for name in ("TinyKernels", model)]
        files = [self.main, self.folder / self.sketch / "src" / "model.cpp"]
        return files + [path for folder in folders for path in sorted(folder.glob("*.cpp"))]


Edit = Callable[[SketchCopy, random.Random], str]
"""Edits a copy of a sketch at random, and says how."""


def text(sketch_copy: SketchCopy, chance: random.Random) -> str:
    """Print another text, after each inference or before the initialization."""
    letters = "".join(chance.choice(_LETTERS) for _ in range(chance.randint(1, 80)))
    code = sketch_copy.main.read_text()
    if chance.random() < 0.5:
        sketch_copy.main.write_text(_TEXT.sub(lambda match: f'"output:{match[1]}{letters}"', code))
        return f"{len(letters)} more characters after each inference"
    sketch_copy.main.write_text(code.replace(_BEGIN, f'{_BEGIN}  Serial.println("{letters}");\n'))
    return f"{len(letters)} characters before the initialization"


def constant(sketch_copy: SketchCopy, chance: random.Random) -> str:
    """Add a table that nothing reads."""
    size = chance.randint(1, 400)
    name = f"added_table_{chance.randrange(1 << 30)}"
    values = ",".join(str(chance.randrange(256)) for _ in range(size))
    where = chance.choice(sketch_copy.sources)
    _append(where, f'extern "C" {{ extern const unsigned char {name}[{size}] = {{{values}}}; }}\n')
    _keep(sketch_copy, f'extern "C" const unsigned char {name}[];', name)
    return f"a table of {size} bytes in {where.name}"


def function(sketch_copy: SketchCopy, chance: random.Random) -> str:
    """Add a function that nothing calls."""
    name, body = f"added_function_{chance.randrange(1 << 30)}", _body(chance)
    where = chance.choice(sketch_copy.sources)
    _append(where, f'extern "C" int {name}(int value) {{ {body} }}\n')
    _keep(sketch_copy, f'extern "C" int {name}(int);', f"reinterpret_cast<const void*>(&{name})")
    return f"a function in {where.name}"


def library(sketch_copy: SketchCopy, chance: random.Random) -> str:
    """Add a library: functions, tables and variables, none of which is in use."""
    name = f"Added{chance.randrange(1 << 30)}"
    source = sketch_copy.folder / "libraries" / name / "src"
    source.mkdir(parents=True)
    (source.parent / "library.properties").write_text(
        f"name={name}\nversion=1.0.0\nauthor=none\nmaintainer=none\nsentence=none\nparagraph=none\n"
        "category=Other\nurl=\narchitectures=*\n"
    )
    names, code = [], f'#include "{name}.h"\n'
    for number in range(chance.randint(1, 5)):
        names.append(f"{name}_{number}")
        code += f'extern "C" int {names[-1]}(int value) {{ {_body(chance)} }}\n'
    buffer, table = chance.randint(1, 5000), chance.randint(1, 300)
    code += f"char {name}_buffer[{buffer}];\n"
    code += f'extern "C" {{ extern const char {name}_table[{table}] = {{1}}; }}\n'
    (source / f"{name}.cpp").write_text(code)
    header = "".join(f'extern "C" int {each}(int);\n' for each in names)
    header += f'extern char {name}_buffer[];\nextern "C" const char {name}_table[];\n'
    (source / f"{name}.h").write_text(f"#pragma once\n{header}")
    places = [f"reinterpret_cast<const void*>(&{each})" for each in names]
    _keep(sketch_copy, f"#include <{name}.h>", *places, f"{name}_buffer", f"{name}_table")
    return f"a library of {len(names)} functions, {buffer} bytes of RAM and {table} of constants"


def order(sketch_copy: SketchCopy, chance: random.Random) -> str:
    """Rename a file, so that it is linked before others or behind them."""
    path = chance.choice([source for source in sketch_copy.sources if source != sketch_copy.main])
    renamed = path.with_name(f"{chance.choice('abkmxyz')}{chance.randrange(100)}_{path.name}")
    path.rename(renamed)
    return f"{path.name} is called {renamed.name}"


UNRELATED: tuple[Edit, ...] = (text, constant, function, library, order)


def slow_kernel(sketch_copy: SketchCopy, chance: random.Random, cycles: float) -> str:
    """Have a kernel of the model do ``cycles`` more in each inference, as one loop at its begin."""
    path = sketch_copy.folder / _KERNELS
    code = path.read_text()
    called = (sketch_copy.folder / "libraries").rglob("*_aot.cpp")
    model = "keyword" if "keyword" in sketch_copy.sketch else "person"
    graph = next(source.read_text() for source in called if model in source.name)
    kernels = [match for match in _KERNEL.finditer(code) if f"tiny::{match[1]}(" in graph]
    kernel = chance.choice(kernels)
    calls = graph.count(f"tiny::{kernel[1]}(")
    # A round of `subs` and a taken branch takes 3 cycles.
    rounds = max(1, round(cycles / calls / 3))
    loop = f'  int spins = {rounds};\n  asm volatile("1: subs %0, #1\\n bne 1b" : "+l"(spins) : : "cc");\n'
    path.write_text(code[: kernel.end()] + loop + code[kernel.end() :])
    return f"{rounds} rounds in each of {calls} calls of {kernel[1]}()"


def _append(path: Path, code: str) -> None:
    path.write_text(f"{path.read_text()}\n{code}")


def _keep(sketch_copy: SketchCopy, declaration: str, *places: str) -> None:
    """Have setup() name what was added, so that it is linked."""
    code = sketch_copy.main.read_text()
    uses = "".join(f'  asm volatile("" : : "r"({place}));\n' for place in places)
    sketch_copy.main.write_text(f"{declaration}\n{code.replace(_BEGIN, _BEGIN + uses)}")


def _body(chance: random.Random) -> str:
    steps = "".join(
        f"value = value {chance.choice('+-*^|&')} {chance.randrange(1, 9999)}; "
        f'asm volatile(".rept {chance.randint(1, 30)}\\n nop\\n .endr"); '
        for _ in range(chance.randint(1, 6))
    )
    return f"{steps}return value;"
