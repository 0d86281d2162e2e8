"""A report's Markdown as one HTML page that needs nothing else: for a browser, and for pictures."""

from __future__ import annotations

import html

_STYLE = """\
:root { color-scheme: light dark; --text: #1c2128; --back: #fff; --line: #d4d9df; --soft: #f5f7f9;
  --link: #0b5cc4; }
@media (prefers-color-scheme: dark) {
  :root { --text: #e3e8ee; --back: #0f131a; --line: #353c46; --soft: #191f28; --link: #6aa9ff; }
}
body { margin: 0 auto; padding: 20px; max-width: 900px; color: var(--text); background: var(--back);
  font: 14px/1.5 system-ui, "Segoe UI", "Noto Sans", "DejaVu Sans", Helvetica, Arial, sans-serif; }
h3 { font-size: 1.25em; margin: 0 0 12px; }
h4 { font-size: 1em; margin: 20px 0 8px; }
p, ul, table, details, pre { margin: 0 0 12px; }
ul { padding-left: 2em; }
a { color: var(--link); text-decoration: none; }
code, pre { font: 0.86em/1.45 ui-monospace, Menlo, Consolas, "DejaVu Sans Mono", monospace; }
code { padding: 0.15em 0.35em; border-radius: 5px; background: var(--soft); }
pre { padding: 12px; overflow: auto; border-radius: 6px; background: var(--soft); }
pre code { padding: 0; background: none; font-size: 1em; }
table { border-collapse: collapse; display: block; width: max-content; max-width: 100%; overflow: auto; }
th, td { padding: 5px 11px; border: 1px solid var(--line); }
th { text-align: left; }
tr:nth-child(2n) td { background: var(--soft); }
summary { cursor: pointer; }
sub { font-size: 0.8em; line-height: 1.4; vertical-align: baseline; opacity: 0.85; }
"""


def to_page(markdown: str, title: str, *, unfolded: bool = False, more: str = "", style: str = "") -> str:
    """The page. ``unfolded`` opens what is folded; HTML in ``more`` follows the report, with its ``style``.

    ``markdown`` is a report's: text from elsewhere is escaped in it, so its HTML may stay.
    """
    from markdown_it import MarkdownIt  # late: a tenth of a second

    body = MarkdownIt("commonmark", {"html": True}).enable("table").render(markdown)
    body += more
    if unfolded:
        body = body.replace("<details>", "<details open>")
    return (
        '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        f"<title>{html.escape(title)}</title>\n<style>\n{_STYLE}{style}</style>\n</head>\n"
        f"<body>\n{body}</body>\n</html>\n"
    )
