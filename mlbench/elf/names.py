"""From the name of a function, as a user writes it, to the addresses to break on."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from difflib import get_close_matches
from functools import cached_property

from mlbench.elf.candidates import candidates, nearest_names
from mlbench.elf.functions import Function, by_address, fragment, group, plain_name, split_suffixes
from mlbench.elf.image import Image, Symbol
from mlbench.elf.signatures import Signature, signature
from mlbench.elf.symbols import demangle
from mlbench.elf.wording import KEEP_APART, NOINLINE, inlined_text, quote_all
from mlbench.errors import UsageError

__all__ = ["candidates", "find_functions", "find_object", "never_entered", "plain_name"]

_FILE = re.compile(r"(?P<file>[^:()<>]+\.\w+):(?!:)\s*(?P<name>.+)")


@dataclass(frozen=True)
class _Query:
    text: str
    file: str
    signature: Signature

    @property
    def word(self) -> str:
        """An identifier that is part of every linker's name of the function; "" if there is none."""
        last = re.findall(r"\w+", self.signature.last)
        return last[0] if last and not self.signature.last.startswith("operator") else ""

    def may_be(self, name: str) -> bool:
        """Whether a linker's name can be the function's, by the identifiers in it alone."""
        return self.word in name and self._owner in name

    @cached_property
    def _owner(self) -> str:
        """The class or namespace; the mangled names of the standard library's are abbreviations."""
        owner = re.findall(r"\w+", self.signature.scope)
        simple = owner and "(" not in self.signature.scope and "std" not in owner
        return owner[-1] if simple else ""


def find_functions(image: Image, name: str) -> tuple[Symbol, ...]:
    """The addresses to break on for one named function, in order of address.

    More than one where the compiler made clones of the function, or of a constructor. ``name`` is
    demangled with or without arguments, a C name, a linker's name, or any of these after a source
    file (``model.cpp:run(int)``) for static functions of one name in several files.

    Raises:
        UsageError: the image is stripped; the name fits several functions, or none: then says the
            nearest, or where the function was inlined.
    """
    query = _query(name)
    where = image.path.name
    if not query.text:
        raise UsageError("the name of a function is empty", do="name it as in Model::infer(void*)")
    if image.stripped:
        do = "link without -s and do not strip it (strip --strip-debug is fine)"
        if image.bytes_alone:
            do = "put the ELF file it was made from beside it, or name it with --names"
        raise UsageError(f"has no symbol table, so {query.text} cannot be found", where=where, do=do)
    exact = _exact(image, query)
    if exact:
        return exact
    matching = [
        function for function in _functions(image, query) if function.signature.takes(query.signature)
    ]
    functions = _one_per_code([function for function in matching if _in_file(image, function, query.file)])
    if len(functions) > 1:
        raise UsageError(
            f"{query.text} names {len(functions)} functions: {quote_all(_listed(functions))}",
            where=where,
            do="write one of them in full",
        )
    if not functions:
        raise _not_found(image, query)
    return by_address(functions[0].symbols)


def find_object(image: Image, name: str) -> Symbol:
    """The global or static object of a name, demangled or the linker's.

    Raises:
        UsageError: there is none; says the nearest.
    """
    objects = [symbol for symbol in image.symbols if symbol.kind == "object"]
    for symbol in objects:
        if name in (symbol.name, symbol.demangled):
            return symbol
    near = get_close_matches(name, [symbol.demangled for symbol in objects], 3)
    raise UsageError(
        f"has no variable {name}" + (f"; the nearest is {', '.join(near)}" if near else ""),
        where=image.path.name,
        do="name a global variable that inference writes",
    )


def inline_query(name: str) -> tuple[str, Callable[[str], bool]]:
    """Which linker's names of inlined functions a user's name means, and a word that all of them have."""
    query = _query(name)
    return query.word, _matcher(query)


def never_entered(image: Image, name: str) -> UsageError:
    """The error for a function whose code is in the image, but that a run did not enter.

    The usual reason is that its caller in the same file had it inlined.
    """
    query = _query(name)
    calls = image.debug.inlined(query.word, _matcher(query)) if query.word else ()
    if calls:
        return inlined_text(
            query.text, calls, image.path.name, "is in the image but its code was never entered"
        )
    return UsageError(
        f"{query.text} was never called",
        where=image.path.name,
        do="name the function that the sketch calls, or mark the code with the MLBench library",
    )


def _query(name: str) -> _Query:
    text = " ".join(name.split())
    match = _FILE.fullmatch(text)
    bare = match["name"] if match else text
    if bare.startswith("_Z"):
        bare = demangle(split_suffixes(bare)[0])
    return _Query(text, match["file"] if match else "", signature(bare))


def _exact(image: Image, query: _Query) -> tuple[Symbol, ...]:
    """The clone that is asked for by its linker's name."""
    if "." not in query.text or query.file:
        return ()
    symbols = [s for s in image.functions if s.name == query.text and not fragment(s.name)]
    return by_address(symbols) if len({s.address for s in symbols}) == 1 else ()


def _functions(image: Image, query: _Query) -> list[Function]:
    """Functions of the name asked for, whatever their arguments and files."""
    named = [
        symbol
        for symbol in _code_symbols(image)
        if query.may_be(symbol.name)
        and fragment(symbol.name) is None
        and _signature_of(symbol).named(query.signature)
    ]
    return group(image, named)


def _code_symbols(image: Image) -> Iterable[Symbol]:
    yield from image.functions
    # Hand-written assembly without .type leaves labels only.
    taken = {function.address for function in image.functions}
    for symbol in image.symbols:
        if symbol.kind == "notype" and symbol.address not in taken and image.is_code(symbol.address):
            yield symbol


def _signature_of(symbol: Symbol) -> Signature:
    return signature(plain_name(symbol))


def _in_file(image: Image, function: Function, file: str) -> bool:
    if not file:
        return True
    if function.file:
        return _same_file(function.file, file) or _same_file(_source(image, function), file)
    return _same_file(_source(image, function), file)


def _source(image: Image, function: Function) -> str:
    symbol = function.symbols[0]
    line = image.debug.line(symbol.address)
    return line[0] if line else image.debug.unit(symbol.address)


def _same_file(path: str, ending: str) -> bool:
    """Whether ``ending`` is the end of ``path``; a sketch's tabs are compiled as one .ino.cpp."""
    return any(
        ("/" + path.replace("\\", "/")).endswith("/" + name.replace("\\", "/"))
        for name in (ending, f"{ending}.cpp")
    )


def _one_per_code(functions: list[Function]) -> list[Function]:
    """The functions without those whose every address another one has (aliases)."""
    by_addresses: dict[frozenset[int], Function] = {}
    for function in functions:
        by_addresses.setdefault(frozenset(symbol.address for symbol in function.symbols), function)
    return list(by_addresses.values())


def _listed(functions: list[Function]) -> list[str]:
    return [function.text for function in sorted(functions, key=lambda f: f.symbols[0].address)]


def _matcher(query: _Query) -> Callable[[str], bool]:
    def matches(name: str) -> bool:
        return bool(name) and signature(demangle(split_suffixes(name)[0])).answers(query.signature)

    return matches


def _of_lambda(image: Image, query: _Query) -> UsageError | None:
    """The error for a variable that holds a lambda, or another object that is called like a function."""
    where = image.path.name
    called = image.debug.called_through(query.signature.name)
    if not query.word or not called.callable:
        return None
    what = f"{query.text} is a variable"
    symbols = [s for s in image.functions if not fragment(s.name) and s.address in called.addresses]
    if symbols:
        names = quote_all(_listed(group(image, symbols)))
        return UsageError(f"{what}, whose function is {names}", where=where, do="write that name")
    if called.inlined:
        name = demangle(split_suffixes(called.inlined[0].name)[0])
        # Static ones have no linker's name, so the debug information has the plain one alone.
        what = f"{what}; its function" + (f" {name}" if "lambda" in name else "")
        do = f"put {NOINLINE} behind the parameters, as in [](int n) {NOINLINE} {{ ... }}"
        return inlined_text(what, called.inlined, where, "has no code of its own", do)
    return UsageError(
        f"{what}, whose function is not in the image, because nothing calls it or the call does nothing",
        where=where,
        do="name the function that the sketch calls, and use what it returns",
    )


def _not_found(image: Image, query: _Query) -> UsageError:
    where = image.path.name
    others = _functions(image, query)
    elsewhere = [function for function in others if function.signature.takes(query.signature)]
    if elsewhere:
        files = quote_all(
            [function.file or _source(image, function) or "another file" for function in elsewhere]
        )
        name = str(query.signature)
        return UsageError(f"{name} is not in {query.file}, but in {files}", where=where, do="write that file")
    if others:
        listed = quote_all(_listed(others))
        return UsageError(f"has no {query.text}, but {listed}", where=where, do="write that name")
    held = _of_lambda(image, query)
    if held is not None:
        return held
    if any(symbol.kind == "object" and symbol.demangled == query.text for symbol in image.symbols):
        return UsageError(f"{query.text} is a variable, not a function", where=where, do="name a function")
    matches = _matcher(query)
    if query.word:
        calls = image.debug.inlined(query.word, matches)
        if calls:
            return inlined_text(query.text, calls, where, "has no code of its own")
    pieces = [s for s in image.functions if fragment(s.name) and matches(s.name)]
    if pieces:
        return UsageError(
            f"{query.text} was taken apart: it begins inlined in its callers, {pieces[0].name} is the rest",
            where=where,
            do=KEEP_APART,
        )
    if query.word and image.debug.defined(query.word, matches):
        return UsageError(
            f"{query.text} was compiled but is not in the image, because nothing calls it "
            "or the call does nothing",
            where=where,
            do="name the function that the sketch calls, and use what it returns",
        )
    near = nearest_names(image, query.signature)
    do = f"the nearest is {quote_all(near)}" if near else "run without names to see which functions there are"
    return UsageError(f"has no function {query.text}", where=where, do=do)
