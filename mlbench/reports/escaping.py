"""Foreign text in Markdown: names, paths and what firmware prints, shown by GitHub as they are.

GitHub renders in two steps. Its Markdown parser (GitHub Flavored Markdown 0.29) makes links of bare URLs
and e-mail addresses beside the usual syntax; backslashes and entities hold that off only in part. Then
filters look for mentions, references to issues and commits, and emoji codes in the text that came out,
however it was escaped, but never inside of ``<code>``. So what could be taken for one of these is put
there, and empty comments part what the parser would join to a link.
"""

from __future__ import annotations

import re

from mlbench.util.text import elide, printable

_ACTIVE = frozenset('*~[]$`<>&|\\"')
_ENTITY_ONLY = frozenset('`<>&|\\"')
"""Characters that a backslash does not make harmless everywhere: in cells of a table, in HTML."""
_BLOCK = re.compile(r"[-+=#>:]|\d+[.)]")
"""What begins a list, a heading, a quotation or a table at the start of a line."""
_REFERENCE = re.compile(
    r"""@[\w-]                          # a mention, an e-mail address
      | \#\w                            # an issue
      | [A-Za-z]-\d | (?i:ghsa-)        # GH-12, JIRA-12, CVE-2026-1, advisories
      | (?i:www\.) | :// | (?i:(mailto|xmpp):)
      | :[\w+-]+(:|$)                   # :smile:, also with a colon that follows
      | (?<![^\W_])[0-9a-fA-F]{7,}(?![^\W_])    # a commit
    """,
    re.VERBOSE,
)
_JOINED = re.compile(r"(@|(?i:www)(?=\.)|:(?=/)|(?i:mailto:|xmpp:))")
"""Where the parser would recognise a link that is not inside of backticks."""
_BREAK = "<!-- -->"


def prose(text: str, limit: int = 300) -> str:
    """One line of foreign text as part of a paragraph or of a table's cell."""
    words = elide(text, limit).split(" ")
    shown = [_code(word) if _REFERENCE.search(word) else _escaped(word) for word in words]
    line = " ".join(shown).strip()
    start = _BLOCK.match(line)
    return f"{line[: start.end() - 1]}\\{line[start.end() - 1 :]}" if start else line


def code(text: str, limit: int = 120) -> str:
    """A foreign name, set in the font of code."""
    return _code(elide(text, limit).strip() or "(no name)")


def fence(text: str) -> str:
    """Several lines of foreign text as a block that nothing in it can end."""
    longest = max((len(run) for run in re.findall(r"`+", text)), default=0)
    marks = "`" * max(3, longest + 1)
    lines = [printable(line) for line in text.rstrip("\n").split("\n")]
    return "\n".join((f"{marks}text", *lines, marks))


def link(text: str, url: str) -> str:
    """A link to one of our own addresses, ``text`` alone where ``url`` is none."""
    return f"[{text}]({url})" if re.fullmatch(r"https?://[\w.:/?=&%~+-]+", url, re.ASCII) else text


def _code(text: str) -> str:
    parts = _JOINED.split(text)
    shown = (_entities(part) + (_BREAK if number % 2 else "") for number, part in enumerate(parts))
    return f"<code>{''.join(shown)}</code>"


def _entities(text: str) -> str:
    return "".join(
        f"&#{ord(character)};" if _steers(text, index) else character for index, character in enumerate(text)
    )


def _escaped(text: str) -> str:
    shown = []
    for index, character in enumerate(text):
        if not _steers(text, index):
            shown.append(character)
        elif character in _ENTITY_ONLY:
            shown.append(f"&#{ord(character)};")
        else:
            shown.append(f"\\{character}")
    return "".join(shown)


def _steers(text: str, index: int) -> bool:
    """Whether Markdown would see more than the character itself."""
    if text[index] != "_":
        return text[index] in _ACTIVE
    # Inside of a word an underscore is only that (GFM 6.2), and names stay readable.
    around = text[max(0, index - 1) : index], text[index + 1 : index + 2]
    return not all(side.isascii() and side.isalnum() for side in around)
