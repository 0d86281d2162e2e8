"""The same as ``launcher.c``, for machines without a C compiler. It imports what starts at once, no more."""

import _socket
import os
import sys

_MOST_MESSAGES = 1 << 20
_TOO_MUCH = 256
_MOST_SECONDS = 180.0


def main() -> None:
    """Ask, then do as one is told; whatever goes wrong, run the compiler as if nobody had asked."""
    argv = sys.argv[1:]
    if not argv or argv[0].startswith("-"):
        return  # somebody asks for a version
    name = os.environ.get("MLBENCH_OBJECTS", "")
    if name:
        server = _socket.socket(_socket.AF_UNIX, _socket.SOCK_STREAM)
        server.settimeout(_MOST_SECONDS)
        try:
            server.connect(name)
            _asked(server, argv)
        except (OSError, ValueError):
            pass
        server.close()
    try:
        os.execvp(argv[0], argv)  # noqa: S606
    except OSError as error:
        os.write(2, f"{argv[0]}: {error.strerror}\n".encode())
    os._exit(127)


def _asked(server: _socket.socket, argv: list[str]) -> None:
    request = b"".join(os.fsencode(word) + b"\0" for word in (os.getcwd(), *argv))  # noqa: PTH109
    server.sendall(b"%d\n%b" % (len(request), request))
    word, data = _reply(server)
    if word == b"done":
        _print(data)
        os._exit(0)
    if word == b"compile":
        _compile(server, [*argv, *map(os.fsdecode, data.split(b"\0")[:-1])])


def _compile(server: _socket.socket, argv: list[str]) -> None:
    """Run the compiler; its messages are gathered, and told before they are printed."""
    theirs, ours = os.pipe()
    child = os.fork()
    if not child:
        try:
            os.dup2(ours, 2)
            os.execvp(argv[0], argv)  # noqa: S606
        finally:
            os._exit(127)
    os.close(ours)
    messages, passed = b"", False
    while part := os.read(theirs, 1 << 16):
        messages += part
        if len(messages) > _MOST_MESSAGES:  # more than anybody keeps: they are printed as they come
            _print(messages)
            messages, passed = b"", True
    status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    status = status if status >= 0 else 128 - status
    try:
        number = _TOO_MUCH if passed and not status else status
        server.sendall(b"%d %d\n%b" % (number, len(messages), messages))
        _reply(server)
    except (OSError, ValueError):
        pass
    _print(messages)
    os._exit(status)


def _print(messages: bytes) -> None:
    while messages:
        messages = messages[os.write(2, messages) :]


def _reply(server: _socket.socket) -> tuple[bytes, bytes]:
    """A line "WORD NUMBER" and as many bytes. Raises OSError, ValueError."""
    line = b""
    while not line.endswith(b"\n"):
        part = server.recv(1)
        if not part:
            raise OSError
        line += part
    word, size = line.split()
    data = b""
    while len(data) < int(size):
        part = server.recv(int(size) - len(data))
        if not part:
            raise OSError
        data += part
    return word, data


if __name__ == "__main__":
    main()
