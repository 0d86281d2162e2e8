"""What a loader's memories leave to a sketch, for reports."""

from __future__ import annotations

from mlbench.results.values import Flash, Result
from mlbench.util.text import count


def memory_line(result: Result) -> str:
    """Each memory with what the sketch takes of it, in one line; empty where no loader starts the sketch."""
    parts = []
    for memory in result.memories:
        used = f" {count(memory.used)}" if memory.used or memory.parts else ""
        if memory.limit is None:
            used = f"{used} bytes," if used else used
            parts.append(f"{memory.name}{used} of a size that is not known")
            continue
        share = f" ({100 * (memory.share or 0):.0f} %)" if used else ""
        parts.append(f"{memory.name}{used} of {count(memory.limit)} bytes{share}")
    return "; ".join(parts)


def loader_line(result: Result) -> str:
    """The loader's flash and the sum, in one line; empty where no loader starts the sketch."""
    flash = result.measures.flash
    if not result.memories or not isinstance(flash, Flash) or flash.overhead is None:
        return ""
    together = flash.counted + flash.overhead
    return f"the loader takes {count(flash.overhead)} bytes of flash besides, {count(together)} together"
