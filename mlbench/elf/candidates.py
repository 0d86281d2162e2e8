"""Functions to propose to somebody who named none."""

from __future__ import annotations

import re
from collections import Counter
from itertools import accumulate

from mlbench.elf.composed import read_parts, sketch_sections
from mlbench.elf.functions import Function, all_functions
from mlbench.elf.image import Image
from mlbench.elf.signatures import Signature
from mlbench.elf.wording import nearest

KNOWN = re.compile(
    r"^(?:aialgo_inference_model|AIFES_E_inference_\w+|run_classifier(?:_continuous)?|Invoke|model_run|score"
    r"|predict|predict_?proba|TVMGraphExecutor_Run|tvmgen_\w+_run|RunModel|modelRunInference)$"
)
"""Entry points of AIfES, Edge Impulse, TensorFlow Lite Micro, nnom, m2cgen, emlearn and micromlgen, TVM and
ArduTFLite, by the last part of their names."""
_INFERENCE = (
    re.compile(r"infer|invoke|predict|classif|forward|^score$|^model_run$", re.IGNORECASE),
    re.compile(
        r"evaluate|detect|^run$|^run_?(model|graph|net)|(^|_)(model|graph|net|nn|kws)_?run$", re.IGNORECASE
    ),
)
_INIT = re.compile(r"init|set_?up|load|create|allocate|^begin$|^prepare$", re.IGNORECASE)
_MODEL = re.compile(r"model|network|interpreter|classifier|executor|runtime|runner", re.IGNORECASE)
_NO_CANDIDATES = {"setup", "loop", "main", "init", "initVariant", "_init", "_start"}
_LONGEST = 300
"""Characters of a name that somebody may write down; names without an end in damaged files have thousands."""
_MOST_CHARACTERS = 1_000
"""Of all names: they stand in one line."""
_MOST_CANDIDATES = 12
_LIBRARY_NAME = re.compile(
    r"_(?!Z)|_Z[A-Z]*(St|9__gnu_cxx|10__cxxabiv|4mbed|4rtos|6events|7arduino)|_ZT"
    r"|(nrf|nrfx|os|mbed|mbedtls|hal|us_ticker|lp_ticker|serial|gpio|pinmap|flash"
    r"|HCI|Hci|Ll|Wsf|Dm|Att|L2c|Smp|lctr|lmgr|Sch|Bb|Pal)(_|[A-Z])"
)
_LIBRARY_PATH = re.compile(
    r"/(cores|variants|newlib[^/]*|libgcc|libstdc\+\+-v3|libgloss|mbed-os|mbed|cmsis|nrfx"
    r"|hardware/[^/]+/[^/]+(/[\d.]+)?/libraries)/|^/platform/",
    re.IGNORECASE,
)


def candidates(image: Image) -> list[str]:
    """Names of functions that may be a model's initialization or inference, likeliest first.

    Each resolves with ``find_functions``. Empty for a stripped image, or when nothing looks like it.
    """
    ranked = []
    functions = application_functions(image)
    inferring = {function.signature.scope for function, _ in functions if _tier(function) < len(_INFERENCE)}
    for function, text in functions:
        last, scope = _called(function), function.signature.scope
        of_lambda = last != function.signature.last
        if (last if of_lambda else function.signature.name) in _NO_CANDIDATES:
            continue
        if last.startswith(("~", "mlbench_")) or len(text) > _LONGEST:
            continue
        # A constructor, of a class that infers or is called after what does.
        of_model = scope in inferring or bool(_MODEL.search(last))
        builds = bool(scope) and last == scope.rpartition("::")[2] and of_model
        tier = _tier(function)
        if tier < len(_INFERENCE) or builds or _INIT.search(last):
            unknown = not image.debug.unit(function.symbols[0].address)
            ranked.append((unknown, tier, not _MODEL.search(function.signature.name), text))
    names = [text for *_, text in sorted(ranked)][:_MOST_CANDIDATES]
    lengths = accumulate(len(name) for name in names)
    return [name for name, length in zip(names, lengths, strict=True) if length <= _MOST_CHARACTERS]


def _tier(function: Function) -> int:
    """How much the function's name is like an inference's: 0 the most, ``len(_INFERENCE)`` not at all."""
    return _words_tier(_called(function))


def _words_tier(last: str) -> int:
    return next((number for number, words in enumerate(_INFERENCE) if words.search(last)), len(_INFERENCE))


def name_tier(last: str) -> int:
    """``inference_tier`` of the last part of a name, such as that of a function without code of its own."""
    last = last.partition("<")[0]
    return -1 if KNOWN.search(last) else _words_tier(last)


def inference_tier(function: Function) -> int:
    """How much the function's name is like an inference's: -1 where it is a library's, 2 not at all."""
    return -1 if KNOWN.search(_called(function)) else _tier(function)


def looks_like_init(function: Function) -> bool:
    """Whether the function's name is like an initialization's, or it is a constructor."""
    last, scope = _called(function), function.signature.scope
    return bool(_INIT.search(last)) or (bool(scope) and last == scope.rpartition("::")[2])


def _called(function: Function) -> str:
    """The last part of the function's name; of a lambda, that of the variable or function that holds it."""
    last, (holder, lambda_, _) = function.signature.last, function.signature.scope.partition("::{lambda")
    return holder.rpartition("::")[2] if lambda_ and last.startswith("operator()") else last


def application_functions(image: Image) -> list[tuple[Function, str]]:
    """The functions that do not look like the core's, the C library's or the compiler's.

    Each with the shortest name that names it alone.
    """
    functions = all_functions(image)
    own = sketch_sections(image) if read_parts(image) is not None else None
    if own is not None:
        # The rest is of the loader that starts the sketch.
        functions = [function for function in functions if _section(image, function) in own]
    uses = Counter(function.demangled for function in functions)
    return [
        (function, function.demangled if uses[function.demangled] == 1 else function.text)
        for function in functions
        if not _is_library(image, function) and not _called(function).startswith("operator")
    ]


def _section(image: Image, function: Function) -> str:
    section = image.section_at(function.symbols[0].address)
    return section.name if section is not None else ""


def nearest_names(image: Image, query: Signature) -> list[str]:
    """Names of the application's functions that are most like ``query``, best first."""
    return nearest(query, ((function.signature, text) for function, text in application_functions(image)))


def _is_library(image: Image, function: Function) -> bool:
    """By the path of its source where there is debug information, else by its name."""
    first = function.symbols[0]
    if _LIBRARY_NAME.match(first.name):
        return True
    unit = image.debug.unit(first.address)
    return bool(unit and _LIBRARY_PATH.search(unit))
