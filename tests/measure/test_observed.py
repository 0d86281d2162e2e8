"""What firmware prints and returns beside a probe: what varies by itself sets no limit."""

from __future__ import annotations

import pytest
from measure_bench import Bench
from test_outcomes import profile

from mlbench.core.execution import Functions, OutputBuffer
from mlbench.results.values import Absent, UnusedRam

HEAD = """
extern "C" char *sbrk(int);
static uint8_t *arena;
static size_t size = 10000;
KEPT void begin_model() {
  arena = (uint8_t *)malloc(size);
  if (!arena) for (;;);
  memset(arena, 3, size);
}
KEPT int infer() { int sum = 0; for (size_t i = 0; i < size; i++) sum += arena[i]; return sum; }
"""
NAMES = Functions("begin_model", "infer")
PLAIN = """
void setup() { Serial.begin(115200); begin_model(); Serial.println(infer()); }
void loop() {}
"""


def unused(bench: Bench, name: str, body: str, names: Functions = NAMES) -> tuple[UnusedRam, tuple[str, ...]]:
    found = profile(bench, name, body, names)
    assert isinstance(found.measures.unused_ram, UnusedRam), found.measures.unused_ram
    return found.measures.unused_ram, found.notes


@pytest.fixture(scope="module")
def plain(bench: Bench) -> int:
    """The limit of a sketch that prints nothing but its answer."""
    limit, notes = unused(bench, "plain", HEAD + PLAIN)
    assert limit.certified
    assert notes == ()
    return limit.bytes


@pytest.mark.parametrize(
    "printed",
    [
        'char top; Serial.print("free "); Serial.println((int)(&top - sbrk(0)));',
        'Serial.print("arena at 0x"); Serial.println((uint32_t)arena, HEX);',
        'Serial.print("arena at "); Serial.println((uint32_t)arena);',
        "for (unsigned n = (uint32_t)arena >> 14 & 15; n; n--) Serial.print('#'); Serial.println();",
    ],
    ids=["free memory", "pointer", "decimal pointer", "bar"],
)
def test_numbers_that_tell_of_addresses_set_no_limit(
    bench: Bench, plain: int, printed: str, request: pytest.FixtureRequest
) -> None:
    body = (
        HEAD + f"void setup() {{ Serial.begin(115200); begin_model(); {printed} Serial.println(infer()); }}\n"
    )
    name = f"tells_{request.node.callspec.indices['printed']}"
    limit, notes = unused(bench, name, body + "void loop() {}\n")
    assert limit.certified
    assert abs(limit.bytes - plain) < 512
    assert any("so that is not compared" in note for note in notes)


def test_the_largest_block_that_malloc_grants_sets_no_limit(bench: Bench, plain: int) -> None:
    body = """
static size_t largest() {
  size_t low = 0, high = 262144;
  while (low + 1 < high) {
    size_t middle = (low + high) / 2;
    void *block = malloc(middle);
    if (block) { free(block); low = middle; } else high = middle;
  }
  return low;
}
void setup() {
  Serial.begin(115200);
  Serial.println((unsigned)largest());
  begin_model();
  Serial.println(infer());
}
void loop() {}
"""
    limit, notes = unused(bench, "largest", HEAD + body)
    assert abs(limit.bytes - plain) <= 4096
    assert not limit.certified
    assert limit.refused_from is not None
    assert limit.refused_from < 4096
    assert any("gets less memory than it asks for" in note for note in notes)
    assert any("found by bisection, because" in note for note in notes)


def test_what_a_random_seed_decides_is_not_compared(bench: Bench) -> None:
    body = """
KEPT void begin_model() { randomSeed(micros()); arena = (uint8_t *)malloc(1000); if (!arena) for (;;); }
KEPT int infer() { int sum = 0; for (int i = 0; i < 1000; i++) sum += arena[i] = random(100); return sum; }
void setup() { begin_model(); int r = infer(); Serial.begin(9600); Serial.println(r > 49500 ? "y" : "n, b"); }
void loop() {}
"""
    limit, notes = unused(bench, "seeded", "static uint8_t *arena;\n" + body)
    assert limit.certified
    assert any(note.endswith("with time alone, so that is not compared") for note in notes)


def test_an_inference_that_does_nothing_does_not_work(bench: Bench, plain: int) -> None:
    silent = HEAD.replace("if (!arena) for (;;);", "if (!arena) return;").replace(
        "int infer() { int sum", "int infer() { if (!arena) return 30000; int sum"
    )
    body = """
void setup() { begin_model(); sink = infer(); Serial.begin(9600); Serial.println(1); }
void loop() {}
"""
    limit, _ = unused(bench, "silent", silent + body)
    # Its code differs, and with some compilers its variables by a word or two.
    assert abs(limit.bytes - plain) <= 16
    assert limit.certified
    assert "less than half of the work" in limit.first_failure


def test_less_memory_than_was_asked_for_is_told(bench: Bench) -> None:
    body = """
static uint8_t *buffer;
static size_t size;
KEPT void begin_model() { size = 65536; while (size && !(buffer = (uint8_t *)malloc(size))) size /= 2; }
KEPT int infer() { int n = 0; for (size_t i = 0; i < size; i++) n += (buffer[i] = 1); return n > 0; }
"""
    limit, notes = unused(bench, "degrades", body + PLAIN)
    told = limit.refused_from
    assert told is not None
    assert told <= limit.bytes
    assert f"unused RAM: from N = {told:,} the sketch gets less memory than it asks for" in notes


def test_a_change_that_memory_does_not_explain_is_no_limit(bench: Bench) -> None:
    low = HEAD.replace("return sum;", "return sum + ((uint32_t)arena > 0x20030000);")
    found = profile(bench, "moody", low + PLAIN, NAMES).measures.unused_ram
    assert isinstance(found, Absent)
    assert "memory does not run out, but the returned value differs from byte 0" in found.reason


def test_a_leak_is_told_with_its_size_and_its_end(bench: Bench) -> None:
    body = """
KEPT void begin_model() { sink = 1; }
KEPT int infer() {
  uint8_t *block = (uint8_t *)malloc(3000);
  if (!block) for (;;);
  block[0] = 1;
  return block[0];
}
void setup() { Serial.begin(115200); begin_model(); }
void loop() { Serial.println(infer()); }
"""
    limit, notes = unused(bench, "leaks", body)
    (note,) = [note for note in notes if "leaks" in note]
    assert note.startswith("each inference leaks 3,000 bytes of heap: after about ")
    count = int(note.split("about ")[1].split()[0])
    assert abs(count - (3 + limit.bytes / 3008)) < 2


def test_what_is_kept_from_the_first_inference_on_is_no_leak(bench: Bench) -> None:
    body = """
static uint8_t *cache;
KEPT void begin_model() { sink = 1; }
KEPT int infer() {
  if (!cache) cache = (uint8_t *)malloc(3000);
  uint8_t *block = (uint8_t *)malloc(500);
  if (!block || !cache) for (;;);
  block[0] = 1;
  int value = block[0];
  free(block);
  return value;
}
void setup() { Serial.begin(115200); begin_model(); }
void loop() { Serial.println(infer()); }
"""
    _, notes = unused(bench, "caches", body)
    assert not any("leaks" in note for note in notes)


def test_thousands_of_string_calls_are_replayed_for_each_size(bench: Bench) -> None:
    body = """
static String lines[8];
KEPT void begin_model() {
  for (int i = 0; i < 8; i++) for (int k = 0; k < 30; k++) lines[i] += String(i * k) + ",";
}
KEPT int infer() { int length = 0; for (int i = 0; i < 8; i++) length += lines[i].length(); return length; }
"""
    limit, notes = unused(bench, "strings", body + PLAIN)
    assert limit.certified
    assert notes == ()
    # A page has 512 sizes that differ; thousands were tried before.
    assert limit.replays < 1200


GLOBAL = """
int32_t scores[4];
static int16_t hidden;
KEPT void begin_model() { sink = 1; }
KEPT int infer() {
  uint8_t *block = (uint8_t *)malloc(64);
  if (!block) for (;;);
  scores[0] = 7; scores[3] = (uint32_t)block > 0x20030000u; hidden = 5;
  free(block);
  return scores[3];
}
void setup() { begin_model(); sink = infer() + hidden; Serial.begin(9600); Serial.println(1); }
void loop() {}
"""


@pytest.mark.parametrize(("symbol", "size", "differs"), [("scores", 16, True), ("scores", 12, False)])
def test_an_output_may_be_a_global_variable(bench: Bench, symbol: str, size: int, differs: bool) -> None:
    names = Functions("begin_model", "infer", (OutputBuffer(None, size, symbol),), returns=False)
    found = profile(bench, "globals", GLOBAL, names).measures.unused_ram
    if differs:
        assert isinstance(found, Absent)
        assert "memory does not run out, but output 0 differs from byte 12" in found.reason
    else:
        assert isinstance(found, UnusedRam)
        assert found.certified


def test_a_returned_number_that_is_ignored_sets_no_limit(bench: Bench) -> None:
    compared = profile(bench, "globals", GLOBAL, NAMES).measures.unused_ram
    assert isinstance(compared, Absent)
    assert "the returned value differs" in compared.reason
    ignored = profile(bench, "globals", GLOBAL, Functions("begin_model", "infer", (), returns=False))
    assert isinstance(ignored.measures.unused_ram, UnusedRam)


@pytest.mark.parametrize(
    ("symbol", "size", "told"),
    [
        ("score", 4, "has no variable score; the nearest is scores"),
        ("scores", 17, "scores has 16 bytes, and 17 are to be compared"),
    ],
)
def test_a_variable_that_cannot_be_compared_is_named(bench: Bench, symbol: str, size: int, told: str) -> None:
    names = Functions("begin_model", "infer", (OutputBuffer(None, size, symbol),))
    found = profile(bench, "globals", GLOBAL, names)
    assert found.failure is not None
    assert told in found.failure.message
    assert found.failure.exit_status == 2
