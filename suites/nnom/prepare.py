"""Makes an Arduino library of a checkout of nnom, and gives the sketch the example's weights and images."""

from __future__ import annotations

import shutil
from pathlib import Path

_EXAMPLE = Path("examples/mnist-simple")
_PROPERTIES = """\
name=nnom
version=0.5.0
author=Jianjia Ma
maintainer=Jianjia Ma
sentence=Neural networks on microcontrollers.
paragraph=
category=Data Processing
url=
architectures=*
"""


def main() -> None:
    """Work in the current folder, which is the checkout."""
    for headers in ("inc", "port"):
        shutil.copytree(headers, "src", dirs_exist_ok=True)
    Path("library.properties").write_text(_PROPERTIES, encoding="utf-8")
    for name in ("weights.h", "image.h"):
        shutil.copyfile(_EXAMPLE / name, Path("mnist_simple") / name)


if __name__ == "__main__":
    main()
