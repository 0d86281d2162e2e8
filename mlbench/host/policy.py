"""What the user allows: the network, installing, and how consent was given."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

_TRUE = {"1", "true", "yes", "on"}


@dataclass(frozen=True)
class Policy:
    """Permissions of one start."""

    offline: bool = False
    """``--offline``: the network is not used at all."""
    install: bool = True
    """False with ``--no-install``: system tools are never installed or downloaded."""
    yes: bool = False
    """``--yes``, or ``install: true`` of the action: sudo may be used without asking."""
    self_hosted: bool = False
    """Runs on a self-hosted runner whose owner did not set ``install: true``: its system stays as it is."""

    @classmethod
    def read(cls, arguments: Sequence[str] = (), environ: Mapping[str, str] | None = None) -> Policy:
        """From command line options (before a ``--``) and the environment.

        ``MLBENCH_OFFLINE=true`` and ``MLBENCH_INSTALL=true|false`` (or the action's ``INPUT_INSTALL``)
        say the same as the options, for places where no option can be given.
        """
        environ = os.environ if environ is None else environ
        given = list(arguments)
        if "--" in given:
            given = given[: given.index("--")]
        choice = (environ.get("MLBENCH_INSTALL") or environ.get("INPUT_INSTALL") or "").strip().lower()
        self_hosted = environ.get("RUNNER_ENVIRONMENT") == "self-hosted" and choice not in _TRUE
        return cls(
            offline="--offline" in given or environ.get("MLBENCH_OFFLINE", "").strip().lower() in _TRUE,
            install="--no-install" not in given and (not choice or choice in _TRUE),
            yes="--yes" in given or choice in _TRUE,
            self_hosted=self_hosted,
        )
