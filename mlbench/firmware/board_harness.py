"""What a sketch is linked with to be measured on a board: a second link of the same objects.

The code in ``arduino/board`` is compiled by the platform's own recipe and takes the place of setup(),
loop() and the timed functions by ``--wrap`` (manual of GNU ld, section 2.1): calls of these from other
files reach it, and it goes on to the sketch's own. Calls within one file are bound before the linker sees
them; then the function's wrapper is called by nobody, and the linker drops it.
"""

from __future__ import annotations

import glob
import shlex
import shutil
import zlib
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path

from mlbench.core.firmware import ALLOC_SIZE_SYMBOL, Harness
from mlbench.elf.functions import split_suffixes
from mlbench.elf.image import Image
from mlbench.elf.names import find_functions, find_object
from mlbench.elf.types import Prototype, ValueKind
from mlbench.errors import EnvironmentFault, UsageError
from mlbench.firmware.compiler import expand
from mlbench.firmware.linker import quoted

SOURCES = Path(__file__).parents[1] / "arduino" / "board"
OBJECT = "mlbench_board.o"
_RECIPE = "recipe.cpp.o.pattern"
_KINDS = {"init": 0, "inference": 1}
_WORD = 4
_REGISTERS = 4
"""Words of arguments that go in core registers (AAPCS, 6.5)."""
_UNKNOWN_STACK_WORDS = 8
"""Words of arguments on the stack that are passed on where no debug information says how many there are."""
_MORE = 4
_MOST_STACK_WORDS = 20
"""So many are reached by the instructions of an Armv6-M."""
_LIBRARY = ("mlbench_init_end", "mlbench_inference_end")


@dataclass(frozen=True)
class WrappedFunction:
    """One function to time: the linker's name, and the words of arguments that it takes on the stack."""

    kind: str
    symbol: str
    stack: int


@dataclass(frozen=True)
class WrapPlan:
    """What is wrapped in one image, and how the linker is told."""

    harness: Harness
    setup: str
    loop: str
    spans: tuple[WrappedFunction, ...]
    template: bool
    library: bool
    """Whether the sketch uses the library's marks, which are wrapped then."""
    returned: tuple[int, bool]
    """Bytes of the number that inference returns (0: none), and whether it comes in the FPU."""
    session: int
    objects: tuple[tuple[str, int], ...] = ()
    """Linker's names of global objects that inference writes, and how many bytes of each count."""

    @property
    def link_options(self) -> tuple[str, ...]:
        """Options of the linker, beside the object itself."""
        wrapped = [self.setup, self.loop, *(span.symbol for span in self.spans)]
        wrapped += _LIBRARY if self.library else ()
        options = [f"-Wl,--wrap={symbol}" for symbol in wrapped]
        if self.template:
            recorded = self.harness.records is not None
            place = hex(self.harness.scratch[0]) if recorded else "mlbench_board_alloc"
            options.append(f"-Wl,--defsym={ALLOC_SIZE_SYMBOL}={place}")
        return tuple(options)

    def config(self) -> str:
        """``mlbench_board_config.h``."""
        harness = self.harness
        infers = self.library or any(span.kind == "inference" for span in self.spans)
        lines = [
            f'#define MLBENCH_SETUP "{self.setup}"',
            f'#define MLBENCH_LOOP "{self.loop}"',
            f"#define MLBENCH_SESSION {self.session:#010x}u",
            f"#define MLBENCH_BAUD {harness.baud}",
            f"#define MLBENCH_TEMPLATE {int(self.template)}",
            f"#define MLBENCH_LIBRARY {int(self.library)}",
            f"#define MLBENCH_HAS_INFERENCE {int(infers)}",
            f"#define MLBENCH_RETURN_BYTES {self.returned[0]}",
            f"#define MLBENCH_RETURN_IN_FPU {int(self.returned[1])}",
            f"#define MLBENCH_STACK_ARGS {_FRAME_TO_STACK}",
            "#define MLBENCH_OUTPUTS "
            + " ".join(
                [
                    *(f"MLBENCH_OUTPUT({arg}, {size})" for arg, size in harness.outputs),
                    *(f"MLBENCH_OBJECT({n}, {size})" for n, (_, size) in enumerate(self.objects)),
                ]
            ),
            *(
                f'extern const char mlbench_object_{n}[] __asm__("{symbol}");'
                for n, (symbol, _) in enumerate(self.objects)
            ),
        ]
        if harness.records is not None:
            start, size, page = harness.records
            lines += [
                f"#define MLBENCH_RECORDS {start:#x}u",
                f"#define MLBENCH_RECORDS_SIZE {size:#x}u",
                f"#define MLBENCH_PAGE {page:#x}u",
            ]
            if self.template:
                lines.append(f"#define MLBENCH_SCRATCH {harness.scratch[0]:#x}u")
            lines.append(f"#define MLBENCH_HERE {harness.scratch[1]:#x}u")
        else:
            alloc = 0xFFFFFFFF if harness.alloc is None else harness.alloc
            # A template always allocates; what it allocates without a probe is nothing.
            lines.append(f"#define MLBENCH_ALLOC {0 if self.template and harness.alloc is None else alloc}u")
        return "\n".join(lines) + "\n"

    def spans_text(self) -> str:
        """``mlbench_board_spans.h``: a wrapper for each timed function, in assembly."""
        return "".join(_wrapper(span) for span in self.spans)


def plan(image: Image, harness: Harness, *, template: bool) -> WrapPlan:
    """What to wrap in a linked image.

    Raises:
        UsageError: it has no setup() or loop(), or is not for an Arm chip.
    """
    setup = _first(image, "setup", "_Z5setupv")
    loop = _first(image, "loop", "_Z4loopv")
    if setup is None or loop is None:
        what = "its setup() and loop() cannot be wrapped: they are inlined, as by link-time optimization"
        raise UsageError(what, where=image.path.name, do="build it without")
    spans: list[WrappedFunction] = []
    returned = (0, False)
    for kind, name in (("init", harness.init), ("inference", harness.inference)):
        for symbol, stack, prototype in _functions(image, name) if name else ():
            spans.append(WrappedFunction(kind, symbol, stack))
            number = prototype is not None and prototype.returns.number and harness.returns
            if kind == "inference" and prototype is not None and number:
                floating = prototype.returns.kind is ValueKind.FLOAT and image.hard_float
                returned = (min(prototype.returns.size, 8), floating)
    named = harness.init or harness.inference
    library = not named and not template and image.symbol(_LIBRARY[1]) is not None
    objects = tuple((_linked_object(image, name), size) for name, size in harness.objects)
    first = WrapPlan(harness, setup, loop, tuple(spans), template, library, returned, 0, objects)
    digest = zlib.crc32((first.config() + first.spans_text()).encode(), int(image.digest[:8], 16))
    return replace(first, session=digest)


def _linked_object(image: Image, name: str) -> str:
    """The linker's name of a global object. Raises UsageError where the linker knows none."""
    symbol = find_object(image, name)
    if symbol.local:
        what = f"{name} is known in its own source file only, where no linker can read it"
        raise UsageError(what, where=image.path.name, do="take `static` from it, or name an argument")
    return symbol.name


def missing(image: Image, wrap_plan: WrapPlan) -> str:
    """Why the board's image cannot be timed as asked; empty when it can.

    A wrapper that nobody calls is not in an image that was linked with ``--gc-sections``.
    """
    for kind, name in (("init", wrap_plan.harness.init), ("inference", wrap_plan.harness.inference)):
        spans = [span for span in wrap_plan.spans if span.kind == kind]
        if name and any(span.stack > _MOST_STACK_WORDS for span in spans):
            return f"{name} takes too many arguments to be timed from outside: use the MLBench library"
        if name and not any(image.symbol(f"__wrap_{span.symbol}") for span in spans):
            return (
                f"{name} is called only from its own source file, where no linker can step in between; "
                "move it to another file, or mark the code with the MLBench library"
            )
    return ""


def prepare(wrap_plan: WrapPlan, folder: Path) -> None:
    """Lay the sources and what belongs to this sketch into a folder. Raises OSError."""
    folder.mkdir(parents=True, exist_ok=True)
    for source in SOURCES.iterdir():
        if source.suffix in (".cpp", ".h"):
            shutil.copyfile(source, folder / source.name)
    (folder / "mlbench_board_config.h").write_text(wrap_plan.config())
    (folder / "mlbench_board_spans.h").write_text(wrap_plan.spans_text())


def compile_command(properties: Mapping[str, str], folder: Path) -> tuple[str, ...]:
    """The platform's own command for a C++ file, for ours.

    Raises:
        EnvironmentFault: the platform has no recipe that can be read.
    """
    includes = [properties.get(key, "") for key in ("build.core.path", "build.variant.path")]
    given = {
        **properties,
        "source_file": str(folder / "mlbench_board.cpp"),
        "object_file": str(folder / OBJECT),
        "includes": " ".join(f'"-I{path}"' for path in [*includes, str(folder)] if path),
    }
    words: list[str] = []
    with suppress(ValueError):
        words = [word for word in shlex.split(expand(properties.get(_RECIPE, ""), given)) if word]
    if not words:
        raise EnvironmentFault(
            "the platform has no recipe for C++ files that can be read",
            where=properties.get("build.core.platform.path", ""),
            do="measure this board with `--ram-search faithful`, or update the platform",
        )
    # Warnings about what is not the sketch's are no news to whoever measures.
    return (*words, "-w")


def response_file(wrap_plan: WrapPlan, folder: Path) -> str:
    """What the link reads beside the sketch's objects."""
    return "\n".join([quoted(folder / OBJECT), *wrap_plan.link_options]) + "\n"


def artifacts(build_path: Path, name: str) -> tuple[Path, ...]:
    """What the platform made of an image for uploading: ``NAME.ino.bin`` and its like."""
    return tuple(
        path
        for path in sorted(build_path.glob(f"{glob.escape(name)}.ino*"))
        if path.is_file() and path.suffix in UPLOADED
    )


UPLOADED = frozenset({".bin", ".hex", ".elf", ".uf2", ".zip", ".eep", ".spk", ".dfu", ".img", ".signed"})
"""How files end that platforms make of an image for uploading."""


def _first(image: Image, *names: str) -> str | None:
    return next((name for name in names if image.symbol(name) is not None), None)


def _functions(image: Image, name: str) -> list[tuple[str, int, Prototype | None]]:
    """Linker's names of a function that the whole program can see, and its words on the stack."""
    try:
        symbols = find_functions(image, name)
    except UsageError:
        return []  # the target tells it, with the same words as any other backend
    functions: dict[str, tuple[str, int, Prototype | None]] = {}
    for symbol in symbols:
        prototype = image.debug.prototype(symbol.address)
        # A constructor has two names at one address, and each of them is called.
        for other in image.functions:
            base = split_suffixes(other.name)[0]
            whole = image.symbol(base)
            if other.address != symbol.address or whole is None or whole.local:
                continue
            functions[base] = (base, _stack_words(prototype), prototype)
    return list(functions.values())


def _stack_words(prototype: Prototype | None) -> int:
    if prototype is None or prototype.variadic:
        return _UNKNOWN_STACK_WORDS
    # The address of the result; small classes that are not trivial have one too, which is not known here.
    words = int(prototype.returns.kind is ValueKind.AGGREGATE)
    for parameter in prototype.parameters:
        size = _WORD if parameter.kind is ValueKind.POINTER else max(_WORD, parameter.size)
        words += words % 2 if size % (2 * _WORD) == 0 else 0
        words += -(-size // _WORD)
    kinds = {prototype.returns.kind, *(parameter.kind for parameter in prototype.parameters)}
    vague = bool(kinds & {ValueKind.AGGREGATE, ValueKind.OTHER})
    # Reading further up the stack does no harm, and what is not known in full may take more than it seems.
    words += _MORE if vague else 0
    return 0 if words <= _REGISTERS else -(-(words - _REGISTERS) // 2) * 2


_SAVED = 28
"""Bytes below the saved registers: four arguments, two words of the result, one to keep SP aligned."""
_FRAME_TO_STACK = (_SAVED + 12) // 4 - _REGISTERS
"""Word of the frame at which argument 0 would lie if all of them were on the stack."""


def _wrapper(span: WrappedFunction) -> str:
    """Instructions that Armv6-M has too, so that every Cortex-M can run them."""
    stack = min(span.stack, _MOST_STACK_WORDS)
    name, below = f"__wrap_{span.symbol}", 4 * stack
    copy = [f"sub sp, #{below}"] if below else []
    for n in range(stack):
        copy += [f"ldr r0, [r5, #{_SAVED + 12 + 4 * n}]", f"str r0, [sp, #{4 * n}]"]
    body = [
        "push {r4, r5, lr}",
        f"sub sp, #{_SAVED}",
        "mov r5, sp",
        *(f"str r{n}, [r5, #{4 * n}]" for n in range(4)),
        "MLBENCH_SAVE_FLOATS",
        "bl mlbench_board_begin",
        "mov r4, r0",
        "MLBENCH_LOAD_FLOATS",
        *copy,
        *(f"ldr r{n}, [r5, #{4 * n}]" for n in range(4)),
        f"bl __real_{span.symbol}",
        "mov sp, r5",
        "str r0, [r5, #16]",
        "str r1, [r5, #20]",
        "MLBENCH_SAVE_FLOATS",
        f"movs r0, #{_KINDS[span.kind]}",
        "mov r1, r4",
        "mov r2, r5",
        "mov r3, sp",
        "bl mlbench_board_end",
        "MLBENCH_LOAD_FLOATS",
        "ldr r0, [r5, #16]",
        "ldr r1, [r5, #20]",
        f"add sp, #{_SAVED}",
        "pop {r4, r5, pc}",
    ]
    text = "".join(f"  {line}\n" if line.startswith("MLBENCH") else f'  "{line}\\n"\n' for line in body)
    return (
        f'__asm__(\n  ".syntax unified\\n.thumb\\n"\n'
        f'  ".section .text.zz_mlbench_board.{span.symbol},\\"ax\\",%progbits\\n"\n'
        f'  ".balign 4\\n.global {name}\\n.type {name}, %function\\n.thumb_func\\n{name}:\\n"\n'
        f'{text}  ".size {name}, . - {name}\\n.text\\n");\n'
    )
