"""Builds the optional C extension of a wheel; everything else is in pyproject.toml."""

from setuptools import Extension, setup

setup(
    ext_modules=[
        Extension(
            "mlbench.emulator._hotpath",
            ["mlbench/emulator/_hotpath.c"],
            define_macros=[("MLBENCH_PYTHON_MODULE", "1")],
            extra_compile_args=["-O2", "-std=c99"],
            py_limited_api=True,
            # Without a C compiler the package is built all the same, and runs its Python twin.
            optional=True,
        )
    ],
    options={"bdist_wheel": {"py_limited_api": "cp310"}},
)
