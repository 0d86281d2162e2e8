"""The functions of a tree of calls that a user's text names."""

from __future__ import annotations

from difflib import get_close_matches

from mlbench.core.call_tree import CallTree, FunctionCycles
from mlbench.elf.signatures import Signature, signature
from mlbench.errors import UsageError

_NAMED = 3


def called_functions(tree: CallTree, text: str) -> tuple[FunctionCycles, ...]:
    """The functions that ``text`` names: qualified or not, with arguments or without, with its file or not.

    One that is named in full goes before those that are named in part.
    """
    query = signature(text)
    exact = [each for each in tree.functions if each.name == text]
    if exact:
        return tuple(exact)
    named = [(each, _signature(each.name)) for each in tree.functions]
    for answers in (_answers, _answers_in_part):
        matches = tuple(each for each, its in named if answers(its, query))
        if matches:
            return matches
    return ()


def called_function(tree: CallTree, text: str, where: str) -> FunctionCycles:
    """The one function that ``text`` names.

    Raises:
        UsageError: none or several are; ``where`` says of what the tree is.
    """
    matches = called_functions(tree, text)
    if len(matches) == 1:
        return matches[0]
    if matches:
        first = ", ".join(each.name for each in matches[:_NAMED])
        raise UsageError(f"{text!r} names {len(matches)} functions", where=where, do=f"write one of: {first}")
    names = [each.name for each in tree.functions]
    near = get_close_matches(text, names, _NAMED, 0.3) or names[:_NAMED]
    do = f"name one that was: {', '.join(near)}" if near else "see that it runs"
    raise UsageError(f"{text!r} was not called, or was inlined", where=where, do=do)


def _signature(name: str) -> Signature:
    file, colon, rest = name.partition(":")
    # A static function's file stands before its name.
    return signature(rest if colon and not rest.startswith(":") and "." in file else name)


def _answers(its: Signature, query: Signature) -> bool:
    return its.answers(query)


def _answers_in_part(its: Signature, query: Signature) -> bool:
    return its.takes(query) and f"::{its.name}".endswith(f"::{query.name}")
