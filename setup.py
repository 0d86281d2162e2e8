"""Builds the optional C extension of a wheel; everything else is in pyproject.toml."""

import sys

from setuptools import Extension, setup

# It is loaded with ctypes and includes neither Python's nor the C library's headers: a bare compiler will do.
FREESTANDING = sys.platform == "linux"

setup(
    ext_modules=[
        Extension(
            "mlbench.emulator._block_hook",
            ["mlbench/emulator/_block_hook.c", "mlbench/cycles/_path_price.c", "mlbench/renode/_retrace.c"],
            depends=[
                f"mlbench/emulator/{name}.h" for name in ("_call_paths", "_exceptions", "_core_registers")
            ],
            extra_compile_args=["-O2", "-std=c99", *(["-ffreestanding"] if FREESTANDING else [])],
            extra_link_args=["-nostdlib"] if FREESTANDING else [],
            py_limited_api=True,
            # Without a C compiler the package is built all the same, and runs its Python twin.
            optional=True,
        )
    ],
    options={"bdist_wheel": {"py_limited_api": "cp310"}},
)
