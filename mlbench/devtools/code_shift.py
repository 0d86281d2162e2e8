"""Shifts functions in the assembly that a compiler writes, so that the same code lies elsewhere.

Run by the compiler in the assembler's place (``write_assembler``), so only the standard library is used.
"""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

_FUNCTION = re.compile(rb'^\s*\.type\s+"?([^\s,"]+)"?\s*,\s*[%@#]function\b', re.MULTILINE)
_LABEL = re.compile(rb'^"?([A-Za-z_.$][\w.$]*)"?:', re.MULTILINE)


def shift(assembly: bytes, size: int) -> bytes:
    """Put ``size`` bytes of NOPs before the label of each function, so that nothing runs them.

    All that follows in a function moves along: its loops, and its constants as far as their alignment
    leaves them.
    """
    functions = set(_FUNCTION.findall(assembly))
    nops = b"\t.rept %d\n\tnop\n\t.endr\n" % (size // 2)

    def moved(label: re.Match[bytes]) -> bytes:
        return (nops if label[1] in functions else b"") + label[0]

    return _LABEL.sub(moved, assembly) if size else assembly


def write_assembler(folder: Path, real: str, size: int) -> None:
    """Make ``folder`` one for the compiler's option ``-B``, whose assembler shifts functions."""
    folder.mkdir(parents=True, exist_ok=True)
    script = folder / "as"
    module = Path(__file__).resolve().parent
    script.write_text(
        f"#!{sys.executable}\nimport sys\nsys.path.insert(0, {str(module)!r})\n"
        f"from code_shift import assemble\nsys.exit(assemble({real!r}, {size}, sys.argv[1:]))\n",
        encoding="utf-8",
    )
    script.chmod(0o755)


def assemble(real: str, size: int, arguments: list[str]) -> int:
    """Shift what the compiler gives the assembler, and assemble it; the assembler's exit status."""
    sources = [text for text in arguments if text.endswith((".s", ".S")) and not text.startswith("-")]
    text = Path(sources[-1]).read_bytes() if sources else sys.stdin.buffer.read()
    rest = [text for text in arguments if text not in (*sources[-1:], "-", "--")]
    return subprocess.run([real, *rest, "--", "-"], input=shift(text, size), check=False).returncode
