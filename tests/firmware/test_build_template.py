"""What counts as a use of $alloc_size, and what becomes of it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mlbench.firmware import template

SEED = """\
#include "src/model.h"

static Model model;
static char* ptr;
void setup() {
  ptr = (char*) malloc($alloc_size);
  if (ptr == NULL) {
    for (;;) {}
  }
}
void loop() { Serial.println(1); }
"""


def test_the_printed_template_is_found_and_replaced_on_its_line() -> None:
    assert template.uses(SEED) == (6,)
    changed = template.substitute(SEED)
    assert "$alloc_size" not in changed
    assert changed.splitlines()[5].startswith("  ptr = (char*) malloc((__extension__ (")
    assert [line for i, line in enumerate(changed.splitlines()) if i != 5] == [
        line for i, line in enumerate(SEED.splitlines()) if i != 5
    ]


@pytest.mark.parametrize(
    "text",
    [
        "// malloc($alloc_size)\n",
        "// goes on \\\nmalloc($alloc_size)\n",
        "/* malloc($alloc_size)\n $alloc_size */",
        'const char* s = "$alloc_size";',
        'const char* s = "a \\" $alloc_size";',
        'auto s = R"x(quote " $alloc_size )" $alloc_size)x";',
        "int $alloc_size2;",
        "int my$alloc_size;",
        "int x = 1; /* never closed $alloc_size",
    ],
)
def test_comments_strings_and_longer_names_are_no_uses(text: str) -> None:
    assert template.uses(text) == ()
    assert template.substitute(text) == text


@pytest.mark.parametrize(
    ("text", "lines"),
    [
        ("malloc($alloc_size); // $alloc_size\n", (1,)),
        ("f('\"', $alloc_size, '\"');", (1,)),
        ("f('\\'', $alloc_size);", (1,)),
        ("int n = 1'000; g($alloc_size); int m = 2'000;", (1,)),
        ("a($alloc_size);\nb($alloc_size+$alloc_size);", (1, 2, 2)),
        ('"http://x" /**/ $alloc_size', (1,)),
        ("#define N $alloc_size\n", (1,)),
    ],
)
def test_uses_between_what_is_not_code(text: str, lines: tuple[int, ...]) -> None:
    assert template.uses(text) == lines
    assert template.uses(template.substitute(text)) == ()


def test_only_code_allocates() -> None:
    assert template.allocates("p = malloc(3);")
    assert template.allocates("p = new char[n];")
    assert not template.allocates("// malloc(3)\n")
    assert not template.allocates("my_malloc(3); renew(4);")


@given(
    st.lists(
        st.sampled_from(["$alloc_size", '"', "'", "//", "/*", "*/", "\n", "\\", " ", "a", "(", ")", "R", "1"])
    )
)
def test_lines_stay_and_nothing_but_uses_changes(parts: list[str]) -> None:
    text = "".join(parts)
    changed = template.substitute(text)
    assert changed.count("\n") == text.count("\n")
    marker = template.substitute("$alloc_size")
    assert changed.count(marker) == len(template.uses(text))
    assert changed.replace(marker, "$alloc_size") == text
