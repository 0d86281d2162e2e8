from __future__ import annotations

import os
from pathlib import Path

import pytest
from build_bench import Bench, platform

from mlbench.firmware.toolchain import Toolchain


@pytest.fixture(scope="session")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One cache for the tests that do not look at it: the core is compiled once."""
    return tmp_path_factory.mktemp("cache")


@pytest.fixture(scope="session")
def sketchbook(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A user's folder with platforms of package ``acme``.

    ``classic`` takes its linker script from the variant, ``hooked`` from the build path, where a
    hook leaves it preprocessed; ``stiff`` takes no further flags when it links.
    """
    book = tmp_path_factory.mktemp("sketchbook")
    hook = (
        'recipe.hooks.linking.prelink.1.pattern="{compiler.path}arm-none-eabi-gcc" -E -P -x c'
        ' "{build.variant.path}/{build.ldscript}" -o "{build.path}/{build.ldscript}"'
    )
    platform(book / "hardware/acme/classic", "{build.variant.path}")
    platform(book / "hardware/acme/hooked", "{build.path}", hook=hook)
    platform(book / "hardware/acme/stiff", "{build.variant.path}", extra="")
    (book / "libraries").mkdir()
    return book


@pytest.fixture
def book(sketchbook: Path, monkeypatch: pytest.MonkeyPatch, _own_variables: None) -> Path:
    """The sketchbook, made the user's."""
    monkeypatch.setenv("ARDUINO_DIRECTORIES_USER", str(sketchbook))
    return sketchbook


@pytest.fixture
def bench(tmp_path: Path, tools: Toolchain, cache: Path, book: Path) -> Bench:
    """A bench with its own folder for sketches and the shared cache."""
    return Bench(tmp_path / "sketches", tools, cache)


@pytest.fixture(autouse=True)
def _own_variables(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in os.environ if name.startswith("ARDUINO_")]:
        monkeypatch.delenv(name)
