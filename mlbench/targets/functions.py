"""From names of functions, or the MLBench library's marks, to addresses in an image."""

from __future__ import annotations

from mlbench.core.execution import Functions, OutputBuffer, SpanKind
from mlbench.core.firmware import ALLOC_SIZE_SYMBOL, Firmware
from mlbench.elf.image import Image
from mlbench.elf.inline_bodies import inline_places
from mlbench.elf.names import find_functions, find_object, inline_query
from mlbench.elf.symbols import Symbol
from mlbench.errors import UsageError
from mlbench.targets.entry import ResolvedFunction

_LIBRARY_MARKS = {
    SpanKind.INIT: ("mlbench_init_begin", "mlbench_init_end"),
    SpanKind.INFERENCE: ("mlbench_inference_begin", "mlbench_inference_end"),
}


def resolve_functions(
    image: Image, functions: Functions, *, inlined: bool = False
) -> dict[SpanKind, ResolvedFunction]:
    """What to time: the functions that were named, else the library's marks where the image has them.

    Args:
        image: where they are.
        functions: their names.
        inlined: bodies of functions that were inlined count, where it is clear how each is entered and left.

    Raises:
        UsageError: a name does not resolve.
    """
    resolved: dict[SpanKind, ResolvedFunction] = {}
    for kind, name in ((SpanKind.INIT, functions.init), (SpanKind.INFERENCE, functions.inference)):
        if name is not None:
            try:
                addresses = tuple(symbol.address for symbol in find_functions(image, name))
            except UsageError:
                places = inline_places(image, *inline_query(name)) if inlined else None
                # Its arguments are nowhere, so no output can be named by them.
                if places is None or (kind is SpanKind.INFERENCE and functions.outputs):
                    raise
                resolved[kind] = ResolvedFunction(name, places.entries, places.exits, is_inlined=True)
                continue
            resolved[kind] = ResolvedFunction(name, entries=addresses)
            if kind is SpanKind.INFERENCE:
                _check_outputs(image, name, addresses[0], functions.outputs)
    if not resolved:
        for kind, (begin, end) in _LIBRARY_MARKS.items():
            first, last = image.symbol(begin), image.symbol(end)
            if first is not None and last is not None:
                resolved[kind] = ResolvedFunction(begin, entries=(first.address,), ends=(last.address,))
    return resolved


def _check_outputs(image: Image, name: str, address: int, outputs: tuple[OutputBuffer, ...]) -> None:
    """Debug information tells how many arguments there are; without it all are accepted."""
    count = image.debug.parameters(address)
    for buffer in outputs:
        if buffer.arg is None:
            output_object(image, buffer)
        elif count is not None and buffer.arg >= count:
            takes = {0: "no arguments", 1: "one argument, number 0"}.get(count, f"arguments 0 to {count - 1}")
            raise UsageError(
                f"{name} has no argument {buffer.arg} to be an output: it takes {takes}",
                where=image.path.name,
                do="count from 0; for a method 0 is `this`",
            )


def output_object(image: Image, buffer: OutputBuffer) -> Symbol:
    """The global object that an output names.

    Raises:
        UsageError: there is none of that name, or it is smaller than the output.
    """
    symbol = find_object(image, buffer.symbol)
    if buffer.bytes > symbol.size:
        what = f"{buffer.symbol} has {symbol.size} bytes, and {buffer.bytes} are to be compared"
        raise UsageError(what, where=image.path.name, do="correct `bytes` of the output")
    return symbol


def method_of(firmware: Firmware, functions: Functions, named: dict[SpanKind, ResolvedFunction]) -> str:
    """How a sketch is measured: template, functions, library, or nothing."""
    if firmware.is_template:
        return "template"
    if functions.init or functions.inference:
        return "functions"
    return "library" if named else "nothing"


def template_word(firmware: Firmware, image: Image) -> int | None:
    """The address of a template's word for N; None for other sketches.

    Raises:
        UsageError: the image was not built as a template.
    """
    if not firmware.is_template:
        return None
    word = image.symbol(ALLOC_SIZE_SYMBOL)
    if word is None:
        raise UsageError(
            f"the image of this template has no {ALLOC_SIZE_SYMBOL}",
            where=str(firmware.source),
            do="build it with this tool",
        )
    return word.address
