"""The reference page of the command line, written from the verbs: ``make docs`` puts it into docs/cli.md."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterable

from mlbench.cli.main import parsers
from mlbench.cli.verbs import VERBS

HEAD = """\
# Command line

In a checkout, `mlbench` is `python3 entrypoint.py`. Without a verb it is `mlbench run`. Options may stand in
front of the verb. `mlbench VERB --help` prints what is here. Exit status: [results](results.md#exit-status).

This page is generated from the verbs (`make docs`).
"""
EVERYWHERE = "Every verb takes these as well:"


def page() -> str:
    """The page as Markdown."""
    _, verb_parsers = parsers()
    taken = [verb_parsers[verb.name].taken for verb in VERBS]
    common = {name for name in _names(taken[0]) if all(name in _names(one) for one in taken)}
    parts = [HEAD, EVERYWHERE, _table(action for action in taken[0] if _name(action) in common)]
    for verb, actions in zip(VERBS, taken, strict=True):
        own = [action for action in actions if _name(action) not in common]
        parts += [
            f"## {verb.name}",
            f"{verb.help[0].upper()}{verb.help[1:]}.",
            f"```\n{_usage(verb.name, own)}\n```",
        ]
        parts += [_table(own)] if own else []
    return "\n\n".join(part.strip("\n") for part in parts) + "\n"


def _names(actions: Iterable[argparse.Action]) -> set[str]:
    return {_name(action) for action in actions}


def _name(action: argparse.Action) -> str:
    return action.option_strings[-1] if action.option_strings else _value(action)


def _value(action: argparse.Action) -> str:
    if action.choices is not None and action.metavar is None:
        return "|".join(map(str, action.choices))
    return str(action.metavar or action.dest.upper())


def _usage(verb: str, actions: Iterable[argparse.Action]) -> str:
    words = [f"mlbench {verb}"]
    listed = list(actions)
    if any(action.option_strings and not action.required for action in listed):
        words.append("[options]")
    for action in listed:
        if action.option_strings and action.required:
            words.append(f"{_name(action)} {_value(action)}")
        elif not action.option_strings:
            many = " ..." if action.nargs in ("+", "*") else ""
            optional = action.nargs in ("?", "*")
            words.append(f"[{_value(action)}{many}]" if optional else f"{_value(action)}{many}")
    return " ".join(words)


def _table(actions: Iterable[argparse.Action]) -> str:
    lines = ["| argument | meaning |", "|---|---|"]
    for action in actions:
        takes = f" {_value(action)}" if action.option_strings and action.nargs != 0 else ""
        text = f"{_name(action)}{takes}".replace("|", "\\|")
        needed = " Required." if action.option_strings and action.required else ""
        default = action.default
        shown = (
            f" Default: `{default}`."
            if isinstance(default, (str, int)) and default and action.nargs != 0
            else ""
        )
        meaning = f"{action.help}".replace("|", "\\|")
        lines.append(f"| `{text}` | {meaning[0].upper()}{meaning[1:]}.{needed}{shown} |")
    return "\n".join(lines)


if __name__ == "__main__":
    sys.stdout.write(page())
