"""One file from the network, used only if its SHA-256 is the expected one."""

from __future__ import annotations

import hashlib
import os
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

import requests

from mlbench.errors import EnvironmentFault
from mlbench.host.cache_dir import remove_tree, unwritable

_CHUNK = 1 << 16


class Unreachable(EnvironmentFault):
    """The file could not be had; another source may serve."""


def download(
    url: str,
    sha256: str,
    target: Path,
    *,
    connect_seconds: float = 3.0,
    stall_seconds: float = 10.0,
    total_seconds: float = 300.0,
) -> None:
    """Put a file at ``target``, whole or not at all. Proxies and certificates are taken from the environment.

    Args:
        url: where it is.
        sha256: what its content must hash to, in hexadecimal.
        target: replaced only by a file that was checked.
        connect_seconds: how long a connection may take, and the look-up of the host's name.
        stall_seconds: how long the other side may be silent.
        total_seconds: how long all of it may take.

    Raises:
        Unreachable: no connection, an error from the server, or too slow.
        EnvironmentFault: the content is another one.
        OSError: the file cannot be written.
    """
    deadline = time.monotonic() + total_seconds
    digest = hashlib.sha256()
    partial = target.with_name(f"{target.name}.{os.getpid()}.part")
    try:
        with _opened(url, connect_seconds, stall_seconds) as response, partial.open("wb") as output:
            for chunk in _chunks(url, response, deadline):
                digest.update(chunk)
                output.write(chunk)
        if digest.hexdigest() != sha256.lower():
            raise EnvironmentFault(
                f"its SHA-256 is {digest.hexdigest()}, not the expected {sha256.lower()}",
                where=public(url),
                do="something on the way changes it: do not use it, or name the right checksum",
            )
        partial.replace(target)
    finally:
        partial.unlink(missing_ok=True)


def install_archive(
    url: str, sha256: str, folder: Path, unpack: Callable[[Path, Path], None], *, total_seconds: float = 300.0
) -> None:
    """Fetch an archive and make ``folder`` of it, whole or not at all; the archive is not kept.

    Args:
        url: where it is.
        sha256: as for ``download``.
        folder: must not be there yet.
        unpack: takes the archive and the folder to make.
        total_seconds: how long the fetching may take.

    Raises:
        Unreachable: as ``download``.
        EnvironmentFault: the content is another one, or the folder cannot be written.
    """
    archive = folder.with_name(f"{folder.name}.tar.gz")
    # A hidden name: who looks for what is installed does not meet what is half there.
    unpacked = folder.with_name(f".{folder.name}.new")
    remove_tree(unpacked)
    try:
        download(url, sha256, archive, total_seconds=total_seconds)
        unpack(archive, unpacked)
        unpacked.replace(folder)
    except OSError as error:
        raise unwritable(folder, error) from error
    finally:
        archive.unlink(missing_ok=True)
        remove_tree(unpacked)


@contextmanager
def _opened(url: str, connect_seconds: float, stall_seconds: float) -> Iterator[requests.Response]:
    # Looking up a name can block far longer than any time-out of a connection, and cannot be
    # interrupted: a thread that nobody waits for at the end takes that upon itself.
    answers: list[requests.Response | Exception] = []

    def ask() -> None:
        try:
            answers.append(requests.get(url, stream=True, timeout=(connect_seconds, stall_seconds)))
        except Exception as error:
            answers.append(error)

    thread = threading.Thread(target=ask, daemon=True)
    thread.start()
    thread.join(2 * connect_seconds + stall_seconds)
    if not answers:
        raise Unreachable("no answer in time", where=public(url))
    answer = answers[0]
    if isinstance(answer, Exception):
        raise Unreachable(_short(answer), where=public(url)) from answer
    with answer:
        if answer.status_code != requests.codes.ok:
            raise Unreachable(f"the server answers {answer.status_code} {answer.reason}", where=public(url))
        yield answer


def _chunks(url: str, response: requests.Response, deadline: float) -> Iterator[bytes]:
    # The bytes as they are sent: an archive's own compression is not to be undone on the way.
    raw = response.raw
    expected = response.headers.get("Content-Length", "")
    received = 0
    while True:
        try:
            chunk = raw.read(_CHUNK)
        except Exception as error:
            raise Unreachable(_short(error), where=public(url)) from error
        if not chunk:
            break
        received += len(chunk)
        if time.monotonic() > deadline:
            raise Unreachable("too slow", where=public(url))
        yield chunk
    with suppress(ValueError):
        if received < int(expected):
            raise Unreachable(f"ended after {received} of {expected} bytes", where=public(url))


def public(url: str) -> str:
    """The address without a user's name, password or query: fit for a log."""
    parts = urlsplit(url)
    return urlunsplit((parts.scheme, parts.netloc.rpartition("@")[2], parts.path, "", ""))


def _short(error: Exception) -> str:
    text = f"{type(error).__name__} {error}"
    for sign, words in (
        ("NameResolution", "its host is not known here"),
        ("Timeout", "no answer in time"),
        ("timed out", "no answer in time"),
        ("ProxyError", "the proxy refuses"),
        ("SSLError", "its certificate is not trusted here"),
        ("CERTIFICATE_VERIFY_FAILED", "its certificate is not trusted here"),
        ("refused", "the connection is refused"),
        ("IncompleteRead", "the connection broke off"),
        ("Connection", "no connection"),
    ):
        if sign in text:
            return words
    return text.splitlines()[0][:200]
