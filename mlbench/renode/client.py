"""Talking to Renode's Robot Framework server: XML-RPC, each call under a deadline of our own.

The server and what it answers: Renode 1.16.1, ``RobotFrameworkEngine``. A keyword's answer is a struct
with ``status`` PASS or FAIL, ``return`` and ``error``; an unknown keyword is fault 1, arguments of
other types than the keyword's are fault 2. A call may never be answered: after an abort of its CPU,
Renode stays in ``emulation RunFor`` for ever.
"""

from __future__ import annotations

import http.client
import xmlrpc.client
from typing import Any
from xml.parsers.expat import ExpatError

from mlbench.errors import EnvironmentFault

Argument = str | bool | int


class RenodeError(EnvironmentFault):
    """Base of what can go wrong with Renode itself."""


class CommandFailed(RenodeError):
    """Renode did not do what it was told, and goes on."""


class Gone(RenodeError):
    """The process has ended, or closed the connection."""


class NoAnswer(RenodeError):
    """No answer within the call's deadline. The process is of no more use."""


class _Transport(xmlrpc.client.Transport):
    """One connection a call, with a time-out; answers of unreasonable size are refused."""

    def __init__(self, seconds: float) -> None:
        super().__init__()
        self._seconds = seconds

    def make_connection(self, host: Any) -> http.client.HTTPConnection:
        connection = http.client.HTTPConnection(host, timeout=self._seconds)
        self._connection = host, connection
        return connection

    def request(self, *arguments: Any, **named: Any) -> Any:
        # The library sends a request again when the connection breaks: time would run twice.
        return self.single_request(*arguments, **named)


class Client:
    """The server of one Renode process."""

    def __init__(self, port: int) -> None:
        self._url = f"http://127.0.0.1:{port}/"

    def keyword(self, name: str, *arguments: Argument, seconds: float = 30.0) -> Any:
        """Run a keyword and give what it returns.

        Args:
            name: the keyword.
            arguments: as the keyword takes them.
            seconds: wall time its answer may take.

        Raises:
            CommandFailed: Renode says that it failed.
            Gone: there is no process to answer.
            NoAnswer: the time is over.
        """
        shown = " ".join([name, *(str(argument) for argument in arguments)])
        try:
            with xmlrpc.client.ServerProxy(self._url, transport=_Transport(seconds)) as proxy:
                answer: Any = proxy.run_keyword(name, list(arguments))
        except xmlrpc.client.Fault as fault:
            raise CommandFailed(f"Renode refuses {shown!r}: {fault.faultString}") from None
        except TimeoutError:
            raise NoAnswer(f"Renode did not answer {shown!r} within {seconds:.0f} s") from None
        except xmlrpc.client.ProtocolError as error:
            raise Gone(f"Renode answered {shown!r} with {error.errcode} {error.errmsg}") from None
        except (ExpatError, xmlrpc.client.ResponseError, ValueError) as error:
            raise Gone(f"Renode answered {shown!r} with something that is no XML-RPC ({error})") from None
        except (OSError, http.client.HTTPException) as error:
            raise Gone(f"Renode has gone while it was told {shown!r} ({type(error).__name__})") from None
        return _returned(answer, shown)

    def execute(self, command: str, *, seconds: float = 30.0) -> str:
        """Run one command of Renode's monitor and give what it prints, without its line ends.

        Raises:
            RenodeError: see ``keyword``.
        """
        return str(self.keyword("ExecuteCommand", command, seconds=seconds) or "").strip()

    def number(self, command: str) -> int:
        """Run a command that prints a number; Renode writes those in hexadecimal.

        Raises:
            RenodeError: see ``keyword``; also when it prints something else.
        """
        text = self.execute(command)
        try:
            return int(text, 0)
        except ValueError:
            raise Gone(f"Renode answered {command!r} with {text[:80]!r}, which is no number") from None


def _returned(answer: Any, shown: str) -> Any:
    if not isinstance(answer, dict) or answer.get("status") not in ("PASS", "FAIL"):
        raise Gone(f"Renode answered {shown!r} with something that is no keyword's result")
    if answer["status"] == "FAIL":
        lines = str(answer.get("error", "")).strip().splitlines() or ["no reason given"]
        raise CommandFailed(f"Renode failed at {shown!r}: {lines[0]}")
    return answer.get("return")
