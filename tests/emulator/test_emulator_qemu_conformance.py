"""Conformance tests, run on QEMU: what they expect is what another Cortex-M4 does as well.

Left out is what QEMU has otherwise: it has no write buffer (so that faults of stores are precise), no debug
monitor, frames with floats that CCR.STKALIGN does not align, and none of the nRF52840's parts.
"""

from __future__ import annotations

import pytest
from qemu_machine import BothMachines, ReferenceCompiler, both

__all__ = [name for name in globals() if name.startswith("test_")] + ["both"]


@pytest.fixture(scope="session", name="bare")
def _on_qemu(both: BothMachines) -> ReferenceCompiler:
    return ReferenceCompiler(both)
