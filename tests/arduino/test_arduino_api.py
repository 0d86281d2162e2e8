"""What the core's functions give, seen on Serial of the emulated board."""

from __future__ import annotations

from pathlib import Path

import pytest
from arduino_bench import LTO, Bench, Built, run
from hypothesis import given, settings
from hypothesis import strategies as st

from mlbench.emulator.machine import End

# Expression to print, and the line it prints.
PRINTED = (
    ("0", "0"),
    ("-5", "-5"),
    ("(uint8_t)200", "200"),
    ("'c'", "c"),
    ("(char)65", "A"),
    ("LONG_MIN", "-2147483648"),
    ("ULONG_MAX", "4294967295"),
    ("LLONG_MIN", "-9223372036854775808"),
    ("ULLONG_MAX", "18446744073709551615"),
    ("255, HEX", "FF"),
    ("255, OCT", "377"),
    ("5, BIN", "101"),
    ("-1, HEX", "FFFFFFFF"),
    ("-1LL, HEX", "FFFFFFFFFFFFFFFF"),
    ("35, 36", "Z"),
    ("7, 1", "7"),
    ("65, 0", "A"),
    ("true", "1"),
    ("1.0", "1.00"),
    ("3.14159f, 4", "3.1416"),
    ("-0.005, 2", "-0.01"),
    ("2.5, 0", "3"),
    ("0.999", "1.00"),
    ("1e9, 1", "1000000000.0"),
    ("5e9", "ovf"),
    ("-5e9", "ovf"),
    ("NAN", "nan"),
    ("INFINITY", "inf"),
    ('"text"', "text"),
    ('F("flash")', "flash"),
    ('String("string")', "string"),
    ("Thing()", "<thing>"),
    ("min(3, 4)", "3"),
    ("max(3, 4.5)", "4.50"),
    ("std::min(7, 2)", "2"),
    ("abs(-7)", "7"),
    ("abs(-7.25f)", "7.25"),
    ("abs(3u - 2u)", "1"),
    ("constrain(11, 0, 10)", "10"),
    ("map(5, 0, 10, 0, 100)", "50"),
    ("map(-3, 0, 10, 100, 0)", "130"),
    ("map(5, 1, 1, 3, 9)", "3"),
    ("sq(7)", "49"),
    ("round(2.5)", "3.00"),
    ("degrees(PI)", "180.00"),
    ("radians(180), 5", "3.14159"),
    ("bit(4)", "16"),
    ("bitRead(5, 2)", "1"),
    ("lowByte(0x1234), HEX", "34"),
    ("highByte(0x1234), HEX", "12"),
    ("word(1, 2)", "258"),
    ("isDigit('7') && !isDigit('a') && isAlpha('a') && isSpace('\\n') && isHexadecimalDigit('f')", "1"),
    ("pgm_read_byte(&table[1]) + pgm_read_word(&words[0])", "302"),
    ("sizeof(word)", "2"),
    ("LED0 == LED_BUILTIN && LED_BUILTIN == 13 && A0 == 14", "1"),
    ("PRIu64", "llu"),
    ("dtostrf(-1.5, 8, 2, buffer)", "   -1.50"),
    ("dtostrf(2.345678, -8, 3, buffer)", "2.346   "),
    ("dtostrf(NAN, 5, 1, buffer)", "  nan"),
    ("ltoa(-255, buffer, 10)", "-255"),
    ("ultoa(255, buffer, 2)", "11111111"),
    ("itoa(-9, buffer, 10)", "-9"),
    ('String("a") + 1 + \'b\' + 2.5 + String(255, HEX) + F("f") + 7UL', "a1b2.50FFf7"),
    ('"left " + String("right")', "left right"),
    ('String("abc") == "abc" && "abc" == String("abc") && String("a") < String("b")', "1"),
    ('String("hello").substring(1, 3)', "el"),
    ('String("hello").substring(3)', "lo"),
    ('String("hello").substring(4, 1)', "ell"),
    ('String("hello").indexOf("l") * 10 + String("hello").lastIndexOf(\'l\')', "23"),
    ('String("hello").indexOf(\'z\')', "-1"),
    ('String("hello").charAt(9) == 0', "1"),
    ('String("123abc").toInt()', "123"),
    ('String("1.5e2").toFloat()', "150.00"),
    ('String("Hello").equalsIgnoreCase("hELLO")', "1"),
    ('edited("  A-B-A  ")', "[a+b+a]"),
    ("String(3.14159, 3)", "3.142"),
    ("String(1ULL << 40)", "1099511627776"),
    ("self_append()", "abcabc"),
    ("moved()", "0:text"),
    ("first_random", "16807"),
    ("random(5, 5)", "5"),
    ("sprintf_check()", "1099511627776 -7 0x2a 1.500"),
    ("static_ran", "42"),
    ("destroyed", "0"),
    ("local_static() + local_static()", "3"),
    ("aligned_new()", "0"),
    ("nothrow_new()", "1"),
    ("virtual_call()", "9"),
    ("sqrtf(2.0f), 5", "1.41421"),
    ("c_function(20)", "1048577"),
    ("std_things()", "3,1,2 b=2"),
)  # fmt: skip

PROLOGUE = r"""
#include <algorithm>
#include <new>
#include <string>
#include <vector>
extern "C" int c_function(int n);
struct Thing : Printable { size_t printTo(Print &p) const override { return p.print("<thing>"); } };
const uint8_t table[] PROGMEM = {1, 2, 3};
const uint16_t words[] PROGMEM = {300};
char buffer[80];
int destroyed;
struct Early { int value; Early() : value(42) {} ~Early() { destroyed++; } };
Early early;
int static_ran = early.value;
long first_random = random(0x7fffffff);
String edited(String s) { s.trim(); s.toLowerCase(); s.replace('-', '+'); s.replace("a", "aa");
  s.replace("aa", "a");
  s.setCharAt(99, 'x'); return "[" + s + "]"; }
String self_append() { String s("abc"); s += s; return s; }
String moved() { String a("text"); String b(static_cast<String &&>(a)); return String(a.length()) + ":" + b; }
const char *sprintf_check() { snprintf(buffer, sizeof buffer, "%" PRIu64 " %" PRId64 " 0x%" PRIx64 " %.3f",
  (uint64_t)1 << 40, (int64_t)-7, (uint64_t)42, 1.5); return buffer; }
int local_static() { static int count = String("1").toInt(); return count++; }
struct alignas(64) Wide { char bytes[64]; };
unsigned aligned_new() { Wide *w = new Wide, *v = new Wide[2];
  unsigned off = ((uintptr_t)w | (uintptr_t)v) & 63; delete w; delete[] v; return off; }
bool nothrow_new() { return new (std::nothrow) char[1000000] == nullptr; }
struct Base { virtual int area() = 0; virtual ~Base() {} };
struct Square : Base { int side = 3; int area() override { return side * side; } };
int virtual_call() { Base *b = new Square; int a = b->area(); delete b; return a; }
String std_things() { std::vector<int> v; for (int i : {3, 1, 2}) v.push_back(i); std::string s;
  for (int i : v) s += std::to_string(i) + ","; std::sort(v.begin(), v.end()); s.pop_back();
  return String(s.c_str()) + " b=" + v[1]; }
"""
C_FILE = """\
#include <Arduino.h>
int c_function(int n) { return (int)bit(n) + max(0, min(1, 2)); }
"""


@pytest.fixture(scope="module")
def printing(bench: Bench) -> str:
    calls = "\n".join(f"  Serial.println({expression});" for expression, _ in PRINTED)
    text = f"{PROLOGUE}\nvoid setup() {{\n  Serial.begin(115200);\n{calls}\n}}\nvoid loop() {{}}\n"
    return str(bench.sketch("prints", text, {"part.c": C_FILE}))


@pytest.mark.parametrize(
    ("options", "properties"),
    [("", ()), ("opt=3", ()), ("", LTO), ("newlib=nano", ("compiler.c.elf.extra_flags=-u _printf_float",))],
    ids=["newlib", "O3", "LTO", "nano"],
)
def test_prints_as_documented(bench: Bench, printing: str, options: str, properties: tuple[str, ...]) -> None:
    done = run(bench.build(Path(printing), *properties, options=options))
    assert done.ending.end is End.BREAKPOINT, done.function
    expected = dict(PRINTED)
    if "nano" in options:
        # Its printf() knows no long long; print() does.
        del expected["sprintf_check()"]
    found = dict(zip((expression for expression, _ in PRINTED), done.lines, strict=True))
    assert {expression: found[expression] for expression in expected} == expected
    assert not done.machine.notes


SERVER = r"""
// Reads lines of a letter and fields, answers each with one.
String field(int n, const String &line) {
  int at = 0;
  while (n-- > 0) at = line.indexOf('|', at) + 1;
  int end = line.indexOf('|', at);
  return line.substring(at, end < 0 ? line.length() : end);
}
void answer(const String &line) {
  String a = field(1, line), b = field(2, line), c = field(3, line);
  switch (line[0]) {
    case 'i': Serial.println(strtoll(a.c_str(), nullptr, 10), (int)b.toInt()); break;
    case 'u': Serial.println(strtoull(a.c_str(), nullptr, 10), (int)b.toInt()); break;
    case 'f': Serial.println(strtod(a.c_str(), nullptr), (int)b.toInt()); break;
    case 'r': a.replace(b, c); Serial.println(a); break;
    case 's': Serial.println(a.substring(b.toInt(), c.toInt())); break;
    case 'x': Serial.println(a.indexOf(b)); break;
    case 'l': Serial.println(a.lastIndexOf(b)); break;
    case 'd': a.remove(b.toInt(), c.toInt()); Serial.println(a); break;
    case 't': a.trim(); Serial.println(a.startsWith(b) * 2 + a.endsWith(b)); break;
  }
}
void setup() {
  Serial.begin(1000000);
  for (;;) {
    String line = Serial.readStringUntil('\n');
    if (line == "quit") return;
    answer(line);
  }
}
void loop() {}
"""


@pytest.fixture(scope="module")
def server(bench: Bench) -> Built:
    return bench.build(bench.sketch("server", SERVER))


def _ask(server: Built, questions: list[str]) -> list[str]:
    # What is asked comes while the last answers still go out: more than the 127 bytes that the port
    # keeps must not come before they are read.
    answers: list[str] = []
    for question in range(0, len(questions), 4):
        some = questions[question : question + 4]
        done = run(server, "\n".join([*some, "quit", ""]).encode())
        assert done.ending.end is End.BREAKPOINT
        answers += done.lines
    return answers


def _digits(n: int, base: int) -> str:
    text = ""
    while n or not text:
        n, digit = divmod(n, base)
        text = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"[digit] + text
    return text


@settings(max_examples=15, deadline=None)
@given(st.lists(st.tuples(st.integers(-(2**63), 2**63 - 1), st.integers(2, 36)), min_size=1, max_size=4))
def test_integers_in_any_base(server: Built, cases: list[tuple[int, int]]) -> None:
    expected = [
        f"-{_digits(-n, 10)}" if n < 0 and base == 10 else _digits(n % 2**64, base) for n, base in cases
    ]
    assert _ask(server, [f"i|{n}|{base}" for n, base in cases]) == expected


@settings(max_examples=15, deadline=None)
@given(st.lists(st.tuples(st.integers(-(10**9), 10**9), st.integers(0, 6)), min_size=1, max_size=4))
def test_floats_within_half_of_the_last_digit(server: Built, cases: list[tuple[int, int]]) -> None:
    for (n, decimals), text in zip(cases, _ask(server, [f"f|{n / 1000}|{d}" for n, d in cases]), strict=True):
        assert abs(float(text) - n / 1000) <= 0.5 * 10**-decimals * (1 + 1e-6) + 1e-9
        assert len(text.partition(".")[2]) == decimals


_WORDS = st.text(alphabet="abc ", max_size=12)


@settings(max_examples=15, deadline=None)
@given(_WORDS, st.text(alphabet="abc", min_size=1, max_size=2), _WORDS)
def test_strings_as_python_has_them(server: Built, text: str, part: str, other: str) -> None:
    begin, end = sorted((len(other) % 7, len(text)))
    questions = [
        f"r|{text}|{part}|{other}",
        f"s|{text}|{begin}|{end}",
        f"x|{text}|{part}",
        f"l|{text}|{part}",
        f"d|{text}|{begin}|2",
        f"t|{text}|{part}",
    ]
    trimmed = text.strip()
    assert _ask(server, questions) == [
        text.replace(part, other),
        text[begin:end],
        str(text.find(part)),
        str(text.rfind(part)),
        text[:begin] + text[begin + 2 :],
        str(trimmed.startswith(part) * 2 + trimmed.endswith(part)),
    ]


READER = r"""
void setup() {
  Serial.begin(115200);
  Serial.setTimeout(50);
  Serial.println(Serial.parseInt());
  Serial.println(Serial.parseInt(SKIP_ALL, ','));
  Serial.println(Serial.parseFloat(), 3);
  Serial.println(Serial.find("aab") ? "found" : "missed");
  Serial.println(Serial.findUntil("never", ";") ? "found" : "stopped");
  Serial.println(Serial.peek());
  char two[3] = {};
  Serial.println(Serial.readBytes(two, 2));
  Serial.println(two);
  Serial.println(Serial.readBytesUntil('.', two, 2));
  unsigned long before = millis();
  Serial.println(Serial.readString());
  Serial.println((millis() - before) / 10);
  Serial.println(Serial.available());
  Serial.println(Serial.read());
  Serial.println(Serial.parseInt());
}
void loop() {}
"""


def test_stream_reads(bench: Bench) -> None:
    received = b"abc -42 x1,000 y2.125 aaab nev; q>z.the rest"
    assert run(bench.build(bench.sketch("reader", READER)), received).lines == [
        "-42", "1000", "2.125", "found", "stopped", "32", "2", " q", "2", ".the rest", "5", "0", "-1", "0",
    ]  # fmt: skip
