"""One command of a compiler, read as far as it must be known what its result depends on.

GCC's own words (GCC 12 manual, sections 3.2, 3.13, 3.14 and 3.16). A command whose result could depend on
more than is known here, or that writes more than an object and its list of dependencies, is none of ours.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import PurePath

_COMPILER = re.compile(r"(?:.*-)?(?:gcc|g\+\+|cc|c\+\+)(?:-[\d.]+)?")
_WITH_VALUE = frozenset({"-x", "-D", "-U", "-A", "-T", "-u", "-z", "-L", "--param", "-Xpreprocessor"})
_DIRECTORIES = ("-iquote", "-isystem", "-idirafter", "-iwithprefixbefore", "-iwithprefix", "-I")
_FORCED = ("-include", "-imacros")
_MAPS = ("-ffile-prefix-map=", "-fdebug-prefix-map=", "-fmacro-prefix-map=")
_SAME_OBJECT = re.compile(
    r"-(?:E|CC?|P|pipe|w|ansi|g\w*|O\w*|std=[\w+]+|W(?!p,|a,|l,|rapper)[\w+-]*(?:=[\w+-]+)?|nostd\w*"
    r"|D.+|U.+|A.+|x.+|m[\w-]+(?:=[\w.,+-]+)?|pedantic(?:-errors)?|pthread|trigraphs|undef"
    r"|L.*|l.*|specs=.+|-specs=.+|-param=.+|-sysroot=.+|B.+|isysroot.+|iprefix.+|T.+|u.+|Wa,-m[\w=.,+-]+"
    r"|f(?!plugin|profile|auto-profile|branch-prob|dump|stack-usage|callgraph|opt-info|record-gcc|test-cov"
    r"|save-|diagnostics-format|compare-debug|pch-|self-test|repo|preprocessed|lto-dump)"
    r"[\w-]+(?:=\S*)?"
    r")"
)
"""Words that change an object by nothing but themselves and the files that they name."""

_MOST_BYTES = 1 << 20


class NotOurs(Exception):
    """The command's result cannot be told from what is known of it."""


@dataclass(frozen=True)
class CompileCommand:
    """A command that makes one object of one source, or that only looks for what a source includes.

    Paths are as the command has them, relative ones from ``cwd``.
    """

    program: str
    cwd: str
    source: str
    output: str
    """The object; ``/dev/null`` where only the preprocessor is run."""
    preprocess: bool
    listing: str
    """The list of dependencies that the command writes; empty where it writes none."""
    words: tuple[str, ...]
    """All words that the object depends on, but for folders of headers and maps of prefixes."""
    searched: tuple[tuple[str, str], ...]
    """Each folder of headers with the option that names it, in order."""
    forced: tuple[str, ...]
    """Headers that are included without being named in the source."""
    maps: tuple[tuple[str, str, str], ...] = ()
    """An option with a prefix of paths and what stands for it, in debug information or in macros."""
    named: tuple[str, ...] = ()
    """Files that words name."""

    def path(self, name: str) -> str:
        """A path of the command, as an absolute one."""
        return os.path.join(self.cwd, name)  # noqa: PTH118 (many)

    def mapped(self, path: str) -> tuple[str, ...]:
        """What debug information and macros may call a file; which option goes first is GCC's matter."""
        matches = (
            f"{option}{new}{path[len(old) :]}" for option, old, new in self.maps if path.startswith(old)
        )
        return tuple(matches) or (path,)


def read_command(argv: list[str], cwd: str) -> CompileCommand:
    """What a command does.

    Raises:
        NotOurs: it is not one of a compiler of GCC's, or its result cannot be foreseen.
    """
    if not argv or not _COMPILER.fullmatch(PurePath(argv[0]).name):
        raise NotOurs("no compiler")
    reader = _CommandReader(cwd)
    reader.read(_expanded(argv[1:], cwd))
    return reader.command(argv[0])


class _CommandReader:
    def __init__(self, cwd: str) -> None:
        self.cwd = cwd
        self.kept: list[str] = []
        self.sources: list[str] = []
        self.searched: list[tuple[str, str]] = []
        self.forced: list[str] = []
        self.maps: list[tuple[str, str, str]] = []
        self.output = self.listing = self.prefix = ""
        self.modes: set[str] = set()

    def read(self, words: list[str]) -> None:
        rest = iter(words)
        for word in rest:
            if not word.startswith("-") or word == "-":
                self.sources.append(word)
            elif word in ("-c", "-E", "-MMD", "-MD", "-MP"):
                self.modes.add(word)
            elif word == "-o":
                self.output = _next(rest)
            elif word in ("-MF", "-MT", "-MQ"):
                value = _next(rest)
                if word == "-MF":
                    self.listing = value
                self.kept += [word, value]
            elif not (self._directory(word, rest) or self._forced(word, rest) or self._map(word)):
                self._other(word, rest)

    def _directory(self, word: str, rest: Iterator[str]) -> bool:
        for option in _DIRECTORIES:
            if word.startswith(option):
                value = word[len(option) :] or _next(rest)
                if option.startswith("-iwithprefix"):
                    value = self.prefix + value
                self.searched.append((option, value))
                return True
        if word.startswith("-iprefix"):
            self.prefix = word[len("-iprefix") :] or _next(rest)
            return True
        return False

    def _forced(self, word: str, rest: Iterator[str]) -> bool:
        if word not in _FORCED:
            return False
        self.forced.append(_next(rest))
        self.kept += [word, self.forced[-1]]
        return True

    def _map(self, word: str) -> bool:
        for option in _MAPS:
            if word.startswith(option):
                old, equals, new = word[len(option) :].partition("=")
                if not equals:
                    raise NotOurs(word)
                self.maps.append((option, old, new))
                return True
        return False

    def _other(self, word: str, rest: Iterator[str]) -> None:
        if word in _WITH_VALUE:
            self.kept += [word, _next(rest)]
        elif _SAME_OBJECT.fullmatch(word):
            self.kept.append(word)
        else:
            raise NotOurs(word)

    def command(self, program: str) -> CompileCommand:
        preprocess = "-E" in self.modes
        if len(self.sources) != 1 or self.sources[0] == "-" or not self.output:
            raise NotOurs("not one source and its output")
        if preprocess and self.output != "/dev/null":
            raise NotOurs("text is made, no object")
        if not preprocess and "-c" not in self.modes:
            raise NotOurs("no object is made")
        listed = self.modes & {"-MMD", "-MD"}
        if not listed and not preprocess:
            raise NotOurs("no list of dependencies is made")
        listing = self.listing if listed else ""
        if listed and not listing:
            listing = str(PurePath(self.output).with_suffix(".d"))
        words = (*self.kept, *sorted(self.modes))
        return CompileCommand(
            program,
            self.cwd,
            self.sources[0],
            self.output,
            preprocess,
            listing,
            words,
            tuple(self.searched),
            tuple(self.forced),
            tuple(self.maps),
            tuple(dict.fromkeys(name for word in words for name in _files_in(word, self.cwd))),
        )


def _next(rest: Iterator[str]) -> str:
    for word in rest:
        return word
    raise NotOurs("a value is missing")


def _files_in(word: str, cwd: str) -> list[str]:
    """Files that a word may name: the whole, what follows its "=", and what follows its first slash."""
    ends = [word, word.partition("=")[2], word[word.find("/") :] if "/" in word else "", word[2:]]
    paths = (os.path.join(cwd, end) for end in dict.fromkeys(ends) if end)  # noqa: PTH118
    return [path for path in paths if os.path.isfile(path)]  # noqa: PTH113


def _expanded(words: list[str], cwd: str, depth: int = 0) -> list[str]:
    """The words with those of response files in their places."""
    expanded: list[str] = []
    for word in words:
        if not word.startswith("@"):
            expanded.append(word)
            continue
        try:
            with open(os.path.join(cwd, word[1:]), encoding="utf-8", errors="surrogateescape") as file:  # noqa: PTH118, PTH123
                text = file.read(_MOST_BYTES)
        except OSError:
            # Of such a word the compiler takes the letters themselves.
            raise NotOurs(word) from None
        if depth > 8 or len(text) == _MOST_BYTES:
            raise NotOurs(word)
        expanded += _expanded(response_words(text), cwd, depth + 1)
    return expanded


def response_words(text: str) -> list[str]:
    """A response file's words, as libiberty's ``buildargv`` parts them."""
    words: list[str] = []
    word: list[str] | None = None
    quote = ""
    letters = iter(text)
    for letter in letters:
        if letter.isspace() and not quote:
            if word is not None:
                words.append("".join(word))
            word = None
            continue
        word = [] if word is None else word
        if letter == "\\":
            word.append(next(letters, ""))
        elif letter == quote:
            quote = ""
        elif not quote and letter in "'\"":
            quote = letter
        else:
            word.append(letter)
    return [*words, "".join(word)] if word is not None else words
