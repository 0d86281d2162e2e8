"""Words of the errors about names: what was meant instead, and where a function went."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from difflib import SequenceMatcher
from typing import TYPE_CHECKING

from mlbench.elf.symbols import demangle
from mlbench.errors import UsageError

if TYPE_CHECKING:
    from mlbench.elf.dwarf import InlinedCall
    from mlbench.elf.signatures import Signature

# gcc heeds the attribute on a constructor only in the class, so "declaration" is said on purpose.
NOINLINE = "__attribute__((noinline))"
KEEP_APART = f"put {NOINLINE} before its declaration, or mark the code with the MLBench library"
_MOST_LISTED = 6
_MOST_NEAR = 3
_LEAST_LIKENESS = 0.6


def quote_all(names: Sequence[str]) -> str:
    """A list for a sentence, cut after a few."""
    shown = ", ".join(names[:_MOST_LISTED])
    more = len(names) - _MOST_LISTED
    return f"{shown} and {more} more" if more > 0 else shown


def inlined_text(
    name: str, calls: Sequence[InlinedCall], where: str, what: str, do: str = KEEP_APART
) -> UsageError:
    """The error for a function that is only there inlined into others."""
    places = [f"{readable(call.parent)} at {call.call}" for call in calls]
    return UsageError(
        f"{name} {what}: the compiler inlined it into {quote_all(places)}",
        where=where,
        do=do,
    )


def readable(name: str) -> str:
    """A linker's name, demangled and without the suffixes of clones."""
    return demangle(name.partition(".")[0] or name)


def nearest(query: Signature, known: Iterable[tuple[Signature, str]]) -> list[str]:
    """Of functions, each with its name for the user, the names most like ``query``, best first."""
    whole, last = SequenceMatcher(None, "", query.name.lower()), SequenceMatcher(None, "", query.last.lower())
    scored = []
    for signature, text in known:
        score = max(
            _likeness(whole, signature.name.lower()),
            # The right function under another class or namespace is nearly as good as the same class.
            0.95 * _likeness(last, signature.last.lower()),
        )
        if score >= _LEAST_LIKENESS:
            scored.append((-score, len(text), text))
    best = sorted(scored)[:_MOST_NEAR]
    return [text for score, _, text in best if score <= 0.9 * best[0][0]]


def _likeness(matcher: SequenceMatcher[str], text: str) -> float:
    matcher.set_seq1(text)
    if matcher.real_quick_ratio() < _LEAST_LIKENESS or matcher.quick_ratio() < _LEAST_LIKENESS:
        return 0.0
    return matcher.ratio()
