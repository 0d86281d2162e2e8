"""What a process that builds other people's code may know of the runner: nothing that opens a door."""

from __future__ import annotations

from collections.abc import MutableMapping

_COMMAND_FILES = ("GITHUB_ENV", "GITHUB_PATH", "GITHUB_OUTPUT", "GITHUB_STATE", "GITHUB_STEP_SUMMARY")
TOKEN = "MLBENCH_INPUT_TOKEN"  # noqa: S105 (its name, not itself)
"""The variable by which ``action.yml`` hands a token to the steps that need one."""

_TOKENS = (TOKEN, "GITHUB_TOKEN", "GH_TOKEN", "GH_ENTERPRISE_TOKEN", "GITHUB_ENTERPRISE_TOKEN", "GITHUB_PAT")
_PREFIXES = ("ACTIONS_", "INPUT_", "MLBENCH_INPUT_", "STATE_")


def is_secret(name: str) -> bool:
    """Whether a variable is a token, an input, or one of the runner's command files."""
    return name in _COMMAND_FILES or name in _TOKENS or name.startswith(_PREFIXES)


def hold(environ: MutableMapping[str, str]) -> dict[str, str]:
    """Take the tokens out of this process's own environment, and return them; all else stays."""
    return {name: environ.pop(name) for name in list(environ) if _is_token(name)}


def scrub(environ: MutableMapping[str, str]) -> dict[str, str]:
    """Take them out of this process's own environment; returns how it was."""
    before = dict(environ)
    for name in before:
        if is_secret(name):
            del environ[name]
    return before


def _is_token(name: str) -> bool:
    # A runner other than GitHub's hands all inputs of a composite action to its steps, this one included.
    return name in _TOKENS or name == "INPUT_TOKEN" or name.startswith("ACTIONS_")
