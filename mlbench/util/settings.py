"""What the options of the command line that hold for every verb ask for, as one frozen value."""

from __future__ import annotations

from dataclasses import dataclass, field

from mlbench.host.policy import Policy

PERSON_SECONDS = 60.0
"""How long somebody at a terminal is waited for."""

DEFAULT_RESULTS = "mlbench-result.json"
"""Where `run` writes its results when no place is named, in the current folder."""


@dataclass(frozen=True)
class Settings:
    """Options of one start that are not about what is measured."""

    policy: Policy = field(default_factory=Policy)
    json: str = ""
    """Where results go; ``-`` is standard output, empty: nowhere is named."""
    markdown: str = ""
    """Where the Markdown table goes; empty: nowhere."""
    debug: bool = False
    cache: bool = True
    """Whether what was built and measured before is used again."""
    canonical: bool = False
    """Whether images are linked in the canonical layout too, so that a comparison can judge times on it."""
    jobs: int = 0
    """How many sketches are built and measured at a time; 0: one more than cores, memory allowing."""
    port: str = ""
    """Which board on which port; empty: any that looks like the one of the sketch."""
    person_seconds: float = 0.0
    """How long a person is waited for who is asked to press a board's button; 0: nobody is there."""
    cross_check: str = ""
    """A second backend to hold each sketch against; empty: none."""

    @property
    def pure_stdout(self) -> bool:
        """Whether standard output belongs to a machine, so that people's text must go elsewhere."""
        return "-" in (self.json, self.markdown)
