"""Unicorn instances, made only where this machine has the memory for them."""

from __future__ import annotations

import mmap
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import unicorn
from unicorn import arm_const as arm

from mlbench.errors import EnvironmentFault

BUFFER_BYTES = 1 << 30
"""The buffer for translated code, which Unicorn maps at its first use (2.1.4, qemu/accel/tcg/translate-all.c:
``DEFAULT_CODE_GEN_BUFFER_SIZE``). Where that fails it ends the whole process with exit(1)."""
_SPARE_BYTES = 48 << 20
"""For what it allocates beside it, where it ends the process as well."""
_LOCK = threading.Lock()
"""What one thread has found free must not be taken by another before Unicorn has it."""


def make_unicorn(mode: int) -> unicorn.Uc:
    """A Cortex-M4 whose buffer is there.

    Raises:
        EnvironmentFault: this machine, or a limit on this process, has no memory for it.
    """
    with _LOCK, memory_or_fault():
        mmap.mmap(-1, BUFFER_BYTES + _SPARE_BYTES, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS).close()
        uc = unicorn.Uc(unicorn.UC_ARCH_ARM, mode)
        uc.ctl_set_cpu_model(arm.UC_CPU_ARM_CORTEX_M4)
        uc.reg_read(arm.UC_ARM_REG_PC)  # its first use
        return uc


@contextmanager
def memory_or_fault() -> Iterator[None]:
    """Within the context, memory that cannot be had is an error of the environment.

    Raises:
        EnvironmentFault: it cannot be had.
    """
    try:
        yield
    except (MemoryError, OSError) as error:  # OSError: from mmap alone
        raise _no_memory() from error
    except unicorn.UcError as error:
        if error.errno not in (unicorn.UC_ERR_NOMEM, unicorn.UC_ERR_RESOURCE):
            raise
        raise _no_memory() from error


def _no_memory() -> EnvironmentFault:
    what = f"no memory for the emulated CPU, which needs {BUFFER_BYTES >> 20:,} MiB of address space"
    return EnvironmentFault(what, do="raise the limit (`ulimit -v`), or end other programs")
