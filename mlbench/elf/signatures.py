"""Names of functions as text: what a user writes beside what the demangler prints.

Both are brought to one form: no return type, ``const`` after what it qualifies, integer types as
gcc for ARM spells them in mangled names.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

# newlib's choice for arm-none-eabi: the demangler prints the type behind each of these names.
_TYPEDEFS = {
    "int8_t": "signed char",
    "uint8_t": "unsigned char",
    "byte": "unsigned char",
    "int16_t": "short",
    "uint16_t": "unsigned short",
    "word": "unsigned short",
    "int32_t": "long",
    "uint32_t": "unsigned long",
    "int64_t": "long long",
    "uint64_t": "unsigned long long",
    "intptr_t": "int",
    "uintptr_t": "unsigned int",
    "ptrdiff_t": "int",
    "size_t": "unsigned int",
    "ssize_t": "int",
    "boolean": "bool",
}
_INTEGER_WORDS = {"unsigned", "signed", "long", "short", "int", "char"}
_ELABORATED = {"struct", "class", "enum", "union", "typename"}
_OPERATOR = re.compile(
    r"operator(?!\w)\s*(\(\)|\[\]|<=>|->\*|->|<<=|>>=|<<|>>|<=|>=|==|!=|&&|\|\||\+\+|--|[-+*/%^&|]=|[-+*/%^&|~!=<>,])"
)
_WORD_OPERATOR = re.compile(r'operator(?=[\s"])')
_QUALIFIERS = re.compile(r"(\s*(const|volatile|noexcept|&&?)(?!\w))*\s*$")
_AFTER_LOCAL = re.compile(r"\s(const|volatile|\s|&)+::")
_PIECE = re.compile(rf"{_OPERATOR.pattern}|->|\w+|.", re.DOTALL)
_OPENING = frozenset("<([{")
_CLOSING = {">": "<", ")": "(", "]": "[", "}": "{"}
_TOKEN = re.compile(r"\w+|::|\.\.\.|\S")
_ANONYMOUS = "(anonymous namespace)::"
_TAG = re.compile(r"\[(abi:|clone )[^\]]*\]")


@dataclass(frozen=True)
class Signature:
    """One function's name in parts.

    ``name`` is qualified, without return type; ``arguments`` is None where the text has none (a C
    function), else what stands in the parentheses; ``qualifiers`` is what follows them (``const``).
    """

    name: str
    arguments: str | None = None
    qualifiers: str = ""

    def __str__(self) -> str:
        if self.arguments is None:
            return self.name
        return f"{self.name}({self.arguments}){' ' if self.qualifiers else ''}{self.qualifiers}"

    @property
    def last(self) -> str:
        """The last part of the qualified name, without template arguments."""
        plain = without_templates(self.name)
        at = plain.find("operator")
        return plain[at:] if at >= 0 else plain.rpartition("::")[2]

    @property
    def scope(self) -> str:
        """The qualified name without its last part."""
        plain = without_templates(self.name)
        return plain[: len(plain) - len(self.last)].removesuffix("::")

    def answers(self, query: Signature) -> bool:
        """Whether this function is one that ``query`` names."""
        return self.named(query) and self.takes(query)

    def named(self, query: Signature) -> bool:
        """Whether the names agree; template arguments may be left out of ``query``."""
        if self.name == query.name:
            return True
        return "<" not in query.name.replace("operator<", "") and without_templates(self.name) == query.name

    def takes(self, query: Signature) -> bool:
        """Whether the arguments agree; a side that has none agrees with all."""
        if self.arguments is None or query.arguments is None:
            return True
        return self.arguments == query.arguments and query.qualifiers in ("", self.qualifiers)


@lru_cache(maxsize=16384)
def signature(text: str) -> Signature:
    """The parts of a function's name, as the demangler prints it or as a user writes it."""
    text = " ".join(_TAG.sub("", text).replace(_ANONYMOUS, "").split())
    groups, spaces = _outline(text)
    start = end = len(text)
    arguments = None
    qualifiers = ""
    if groups and _QUALIFIERS.match(text, groups[-1][1]):
        start, end = groups[-1]
        qualifiers = " ".join(text[end:].split())
        arguments = _arguments(text[start + 1 : end - 1])
    begin = max((at + 1 for at in spaces if at < start), default=0)
    return Signature(_squeeze(text[begin:start]).lstrip("*& "), arguments, qualifiers)


def without_templates(name: str) -> str:
    """A qualified name without the template arguments of its parts."""
    if "<" not in name:
        return name
    return "".join(text for text, inside in _pieces(name) if "<" not in inside and text not in "<>").strip()


def _pieces(text: str) -> Iterator[tuple[str, str]]:
    """Each word, operator or other character, with the brackets that are open around it.

    An opening bracket is outside of itself, a closing one too.
    """
    stack = ""
    for match in _PIECE.finditer(text):
        piece = match.group()
        # A comparison stands in parentheses: (1>2) closes nothing, (1<2) is closed by its parenthesis.
        if piece in _CLOSING and (piece != ">" or stack.endswith("<")):
            opened = stack.rfind(_CLOSING[piece])
            stack = stack[:opened] if opened >= 0 else ""
        yield piece, stack
        if piece in _OPENING:
            stack += piece


def _outline(text: str) -> tuple[list[tuple[int, int]], list[int]]:
    """Where parenthesised groups outside all brackets are, and the blanks that end a return type."""
    groups: list[tuple[int, int]] = []
    spaces: list[int] = []
    at = opened = 0
    in_operator = False
    for piece, inside in _pieces(text):
        if not inside:
            if piece == "(":
                opened, in_operator = at, False
            elif piece == ")":
                groups.append((opened, at + 1))
            elif piece == "operator" and _WORD_OPERATOR.match(text, at):
                # operator new, conversions: blanks up to the arguments belong to the name.
                in_operator = True
            elif piece == " " and not in_operator and _ends_type(text, at):
                spaces.append(at)
        at += len(piece)
    return groups, spaces


def _ends_type(text: str, at: int) -> bool:
    return text[at + 1 : at + 2] not in ("<", "(", "&", "") and not _AFTER_LOCAL.match(text, at)


def _arguments(text: str) -> str:
    canonical = [_type(part) for part in _split(_TOKEN.findall(text))]
    return "" if canonical == ["void"] else ", ".join(canonical)


def _split(tokens: list[str]) -> list[list[str]]:
    parts: list[list[str]] = [[]]
    depth = 0
    for word in tokens:
        depth += (word in ("<", "(", "[", "{")) - (word in (">", ")", "]", "}"))
        if word == "," and depth == 0:
            parts.append([])
        else:
            parts[-1].append(word)
    return [part for part in parts if part]


def _type(tokens: list[str]) -> str:
    words = [token for token in tokens if token not in _ELABORATED]
    for at in range(len(words) - 2):
        if words[at : at + 2] == ["std", "::"] and words[at + 2] in _TYPEDEFS:
            words[at : at + 2] = ["", ""]
    words = [part for word in words if word for part in _TYPEDEFS.get(word, word).split()]
    if words and words[0] == "const":
        words = _const_last(words)
    return _squeeze(" ".join(_templates(_integers(words))))


def _const_last(words: list[str]) -> list[str]:
    depth = 0
    for at, word in enumerate(words):
        depth += (word == "<") - (word == ">")
        if depth == 0 and word in ("*", "&", "(", "["):
            return [*words[1:at], "const", *words[at:]]
    return [*words[1:], "const"]


def _templates(words: list[str]) -> list[str]:
    """The same tokens with the types between the outermost angle brackets in canonical form."""
    if "<" not in words or ">" not in words:
        return words
    first, last = words.index("<"), len(words) - 1 - words[::-1].index(">")
    if last < first:
        return words
    inner = ", ".join(_type(part) for part in _split(words[first + 1 : last]))
    return [*words[: first + 1], inner, *words[last:]]


def _integers(words: list[str]) -> list[str]:
    out: list[str] = []
    at = 0
    while at < len(words):
        run = at
        while run < len(words) and words[run] in _INTEGER_WORDS:
            run += 1
        if run > at:
            out.append(_integer(words[at:run]))
            at = run
        else:
            out.append(words[at])
            at += 1
    return out


def _integer(words: list[str]) -> str:
    if "char" in words:
        return " ".join([*(sign for sign in ("signed", "unsigned") if sign in words), "char"])
    size = "short" if "short" in words else " ".join(["long"] * words.count("long")) or "int"
    return f"unsigned {size}" if "unsigned" in words else size


def _squeeze(text: str) -> str:
    """Blanks only between two words, and after a comma."""
    text = re.sub(r"\s*([^\w\s])\s*", r"\1", " ".join(text.split()))
    text = re.sub(r"([*&>)\]])(?=[A-Za-z_])", r"\1 ", text)
    return text.replace(",", ", ")
