"""Whether a sketch can be started by its loader, from what is known of both before anything runs."""

from __future__ import annotations

from mlbench.core.firmware import MemoryLimit, SketchParts
from mlbench.elf.sketch_limits import COPY_HEAP, MAIN_STACK, PARTITION

_MOST_NAMES = 5
LINK_STATICALLY = (
    "link it for fixed addresses (`link_mode=static` in the FQBN), where code and constants stay in flash"
)
_OF_HEADERS = ("Invalid sketch header", "Failed to parse sketch size", "No sketch found")
"""What a loader says of a header that it does not know: one of a newer or an older core."""
_ERRORS = {
    2: "there is no sketch, or it lacks something (ENOENT)",
    8: "the sketch is no ELF file that the loader takes (ENOEXEC)",
    12: "memory ran out (ENOMEM)",
    22: "the header is not one that the loader knows (EINVAL)",
    61: "a symbol is not found (ENODATA)",
    134: "the loader does not support it (ENOTSUP)",
}
"""Zephyr's errno.h (lib/libc/minimal/include/errno.h)."""


def start_fault(parts: SketchParts, *, partition: bool = True) -> str:
    """Why the sketch will not start, and what to do, in one line; empty where nothing speaks against it.

    Without ``partition`` that of flash is left out.
    """
    for limit in parts.limits:
        passed_over = limit.name == MAIN_STACK or (limit.name == PARTITION and not partition)
        if limit.excess and not passed_over:
            return too_large(limit, parts)
    return missing_names(parts.missing, parts) if parts.missing else ""


def missing_names(names: tuple[str, ...], parts: SketchParts) -> str:
    """The reason where names are missing."""
    listed = ", ".join(names[:_MOST_NAMES])
    more = f" and {len(names) - _MOST_NAMES} more" if len(names) > _MOST_NAMES else ""
    return (
        f"the loader {parts.loader} does not export {listed}{more}, which the sketch needs: define what is "
        "missing in the sketch or a library, or use a newer platform"
    )


def too_large(limit: MemoryLimit, parts: SketchParts) -> str:
    """The reason where a memory is too small: which part of the sketch does not fit, and by how much."""
    largest = max(limit.parts, key=lambda part: part[1], default=("it", limit.used))
    left = limit.limit or 0
    part, size = largest
    for name, bytes_ in limit.parts:
        if bytes_ > left:
            part, size = name, bytes_
            break
        left -= bytes_
    cause = f"{part} ({size:,} bytes) finds {left:,} bytes left"
    if (part, size) != largest:
        cause += f"; its largest part is {largest[0]} ({largest[1]:,} bytes)"
    do = LINK_STATICALLY if limit.name == COPY_HEAP else "make it smaller"
    if limit.name == COPY_HEAP and parts.header_version == 0:
        do = (
            "make it smaller, or use a newer platform, which can link sketches for flash (`link_mode=static`)"
        )
    takes = f"has {limit.limit or 0:,} bytes, and the sketch takes {limit.used:,}, {limit.excess:,} too many"
    return f"the loader's {limit.name} {takes}: {cause}: {do}"


def refusal(text: str, code: int | None, parts: SketchParts) -> str:
    """The reason that a loader gave for not starting a sketch, explained as far as its files can."""
    quoted = f"the loader says {text.strip()!r}"
    if text.strip().startswith(_OF_HEADERS):
        do = "install the platform again, whose loader and tools belong together"
        return f"{quoted}: the sketch has a header of version {parts.header_version}: {do}"
    if code is None:
        return f"{quoted}: {_what_to_do(parts)}"
    meaning = _ERRORS.get(-code, "")
    return f"{quoted}{f': {meaning}' if meaning else ''}: {_what_to_do(parts)}"


def _what_to_do(parts: SketchParts) -> str:
    tight = [limit for limit in parts.limits if limit.limit and limit.name != MAIN_STACK]
    shares = ", ".join(f"{limit.name} {limit.used:,} of {limit.limit or 0:,} bytes" for limit in tight)
    advice = f"{LINK_STATICALLY}, or " if parts.mode == "dynamic" and parts.header_version else ""
    return f"{advice}see what it takes ({shares})" if shares else f"{advice}upload the platform's own loader"
