"""Locks that name one package alone, which lends the environment of the tests.

The action makes its environments from them as it does from its own locks, by hash and in a second: a wheel
with a ``.pth`` is all that is installed, and what a process writes into such an environment stays in it.
"""

from __future__ import annotations

import base64
import hashlib
import sysconfig
import zipfile
from pathlib import Path

WHEELHOUSE = "wheelhouse"
_NAME, _VERSION = "lent", "1"


def lend(action: Path, wheelhouse: Path) -> None:
    """Write the wheel, and into the action's copy the locks that name it."""
    content = _wheel()
    wheelhouse.mkdir(parents=True)
    (wheelhouse / f"{_NAME}-{_VERSION}-py3-none-any.whl").write_bytes(content)
    locks = action / "requirements"
    locks.mkdir()
    (locks / "build.txt").write_text("# nothing is built\n")
    digest = hashlib.sha256(content).hexdigest()
    (locks / "runtime.txt").write_text(f"{_NAME}=={_VERSION} --hash=sha256:{digest}\n")


def _wheel() -> bytes:
    """The same bytes each time: the environment's folder is named by the lock, and so by their hash."""
    import io

    info = f"{_NAME}-{_VERSION}.dist-info"
    files = {
        f"{_NAME}.pth": f"import site; site.addsitedir({sysconfig.get_path('purelib')!r})\n",
        f"{info}/METADATA": f"Metadata-Version: 2.1\nName: {_NAME}\nVersion: {_VERSION}\n",
        f"{info}/WHEEL": "Wheel-Version: 1.0\nGenerator: tests\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
    }
    record = "".join(f"{name},sha256={_hash(text)},{len(text)}\n" for name, text in files.items())
    files[f"{info}/RECORD"] = f"{record}{info}/RECORD,,\n"
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for name, text in files.items():
            archive.writestr(zipfile.ZipInfo(name), text)
    return out.getvalue()


def _hash(text: str) -> str:
    return base64.urlsafe_b64encode(hashlib.sha256(text.encode()).digest()).rstrip(b"=").decode()
