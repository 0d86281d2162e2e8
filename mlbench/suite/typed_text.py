"""What a sketch wants to be typed on its serial line, as far as its source says it.

Sketches ask in words (``Type >inference< to start``) and look for them in what they read:
``text.indexOf("inference")``, ``command == "predict"``, ``Serial.read() == 't'``, or want numbers,
``Serial.parseInt()``.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from mlbench.core.sketch_files import folder_of

_MOST_TEXTS = 3
_MOST_BYTES = 1 << 18
_SOURCES = (".ino", ".pde", ".cpp", ".h", ".hpp")
_COMMENT = re.compile(r"//[^\n]*|/\*.*?\*/|(\"(?:\\.|[^\"\\\n])*\"|'(?:\\.|[^'\\\n])+')", re.DOTALL)
_READ = r"Serial\w*\s*\.\s*(?:read\w*|parse\w+)\s*\("
_READS = re.compile(_READ)
_HOLDER = re.compile(rf"\b(\w+)\s*=\s*(?:\([\w ]+\)\s*)?{_READ}")
"""A variable of what was read."""
_WORD = r"(?:F\s*\(\s*)?\"([^\"\\\n]{1,40})\""
_LETTER = r"'([^'\\\n])'"
_NUMBER = re.compile(rf"{_READ}[^;]*?\)\s*\.\s*to(?:Int|Float|Double)\s*\(|Serial\w*\s*\.\s*parse\w+\s*\(")
_LISTED = re.compile(r"Serial\w*\s*\.\s*readStringUntil\s*\(\s*'([,;])'\s*\)")
_PROMPT = re.compile(r"\b[Tt]ype\s*[>'`]([\w ]{1,30})[<'`]")
_INFERS = re.compile(r"infer|predict|classif|^run$|^start$|^go$|^live$", re.IGNORECASE)
_ASKS_LITTLE = re.compile(r"help|reset|stop|quit|exit|print|show", re.IGNORECASE)


def typed_texts(sketch: Path) -> tuple[str, ...]:
    """What to type, likeliest first; none where the sketch reads nothing or its source does not say what.

    Args:
        sketch: its folder, or its main tab. Raises nothing: what cannot be read says nothing.
    """
    return texts_of("\n".join(_tabs(folder_of(sketch))))


def texts_of(source: str) -> tuple[str, ...]:
    """See ``typed_texts``: of a sketch's source."""
    code = _COMMENT.sub(lambda match: match[1] or " ", source)
    if not _READS.search(code):
        return ()
    words = [f"{word.strip()}\n" for word in _words(code)]
    words += list(_letters(code))
    prompted = [f"{word.strip()}\n" for word in _PROMPT.findall(code)]
    numbers = ["1\n"] if _takes_numbers(code) else []
    numbers += [f"{','.join('1' * 8)}\n".replace(",", mark) for mark in _LISTED.findall(code)]
    texts = list(dict.fromkeys([*words, *prompted, *numbers]))
    texts.sort(key=lambda text: (not _INFERS.search(text.strip()), bool(_ASKS_LITTLE.search(text))))
    return tuple(texts[:_MOST_TEXTS])


def _holders(code: str) -> str:
    """An expression for what was read: a call, or a variable of it."""
    names = {re.escape(name) for name in _HOLDER.findall(code)}
    return "|".join([rf"{_READ}[^;\n]*?\)", *(rf"\b{name}" for name in sorted(names))])


def _words(code: str) -> Iterator[str]:
    holder = _holders(code)
    compared = rf"(?:\.\s*(?:indexOf|equals|equalsIgnoreCase|startsWith)\s*\(|\s*[=!]=)\s*{_WORD}"
    for match in re.finditer(rf"(?:{holder})\s*{compared}|strn?cmp\s*\(\s*(?:{holder})\s*,\s*{_WORD}", code):
        yield match[1] or match[2]


def _letters(code: str) -> Iterator[str]:
    holder = _holders(code)
    for match in re.finditer(rf"(?:{holder})\s*[=!]=\s*{_LETTER}", code):
        yield match[1]
    switched = re.search(rf"switch\s*\(\s*(?:{holder})\s*\)", code)
    if switched:
        yield from re.findall(rf"\bcase\s+{_LETTER}", code[switched.end() :])


def _takes_numbers(code: str) -> bool:
    names = "|".join(sorted({re.escape(name) for name in _HOLDER.findall(code)}))
    of_holder = rf"\b(?:{names})\s*\.\s*to(?:Int|Float|Double)\s*\(|\bato[fi]\s*\(\s*(?:{names})\b"
    return bool(_NUMBER.search(code) or (names and re.search(of_holder, code)))


def _tabs(folder: Path) -> Iterator[str]:
    try:
        paths = sorted(path for path in folder.iterdir() if path.suffix in _SOURCES and path.is_file())
    except OSError:
        return
    for path in paths:
        try:
            with path.open("rb") as file:
                yield file.read(_MOST_BYTES).decode("utf-8", "replace")
        except OSError:
            continue
