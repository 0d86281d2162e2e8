from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest
from elf_firmware import MODEL

from mlbench.elf.image import Image
from mlbench.elf.names import candidates, find_functions, never_entered, plain_name
from mlbench.errors import UsageError

NOINLINE = "__attribute__((noinline))"


def found(image: Image, name: str) -> list[str]:
    return [symbol.name for symbol in find_functions(image, name)]


def error(image: Image, name: str) -> str:
    with pytest.raises(UsageError) as caught:
        find_functions(image, name)
    assert "\n" not in str(caught.value)
    return str(caught.value)


@pytest.mark.parametrize(
    "name",
    [
        "net::Model::inference(void*, void*)",
        "net::Model::inference(void *, void *)",
        "  net::Model::inference( void*,void * ) ",
        "int net::Model::inference(void*, void*)",
        "_ZN3net5Model9inferenceEPvS1_",
        "model.cpp:net::Model::inference(void*, void*)",
    ],
)
def test_one_method_in_many_spellings(model: Image, name: str) -> None:
    assert found(model, name) == ["_ZN3net5Model9inferenceEPvS1_"]


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("net::Model::inference(int8_t)", "_ZN3net5Model9inferenceEa"),
        ("net::Model::inference(signed char)", "_ZN3net5Model9inferenceEa"),
        ("net::Model::scale", "_ZNK3net5Model5scaleEPKfm"),
        ("net::Model::scale(const float *, uint32_t)", "_ZNK3net5Model5scaleEPKfm"),
        ("net::Model::scale(float const*, unsigned long) const", "_ZNK3net5Model5scaleEPKfm"),
        ("net::Model::scale(const float*, long unsigned int)", "_ZNK3net5Model5scaleEPKfm"),
        ("net::Model::run<float>", "_ZN3net5Model3runIfEET_S2_"),
        ("int net::Model::run<int>(int)", "_ZN3net5Model3runIiEET_S2_"),
        ("net::Model::operator()", "_ZN3net5ModelclEi"),
        ("net::Model::operator()(int)", "_ZN3net5ModelclEi"),
        ("c_name", "c_name"),
        ("also_c_name", "also_c_name"),
        ("c_name(int)", "c_name"),
        ("start()", "start"),
        ("start.c:reset", "reset"),
    ],
)
def test_ways_to_name(model: Image, name: str, expected: str) -> None:
    (symbol,) = find_functions(model, name)
    wanted = next(s for s in model.functions if s.name.partition(".")[0] == expected)
    assert symbol.address == wanted.address
    assert plain_name(symbol) in (plain_name(wanted), "c_name", "also_c_name")


@pytest.mark.parametrize(
    "name", ["hidden", "hidden(int)", "(anonymous namespace)::hidden(int)", "model.cpp:hidden"]
)
def test_the_anonymous_namespace_may_be_left_out(model: Image, name: str) -> None:
    assert [plain_name(s) for s in find_functions(model, name)] == ["(anonymous namespace)::hidden(int)"]


@pytest.mark.parametrize("level", ["-O2", "-Os"])
def test_constructors(build: Callable[..., Path], level: str) -> None:
    image = Image.load(build({"model.cpp": MODEL}, level, "-g"))
    base = {s.address for s in image.functions if "4BaseC" in s.name}
    assert sum("4BaseC" in s.name for s in image.functions) > 1
    assert len(base) == 1
    assert [s.address for s in find_functions(image, "net::Base::Base(int)")] == [*base]
    # With virtual bases the complete object's differs from the base object's; -Os shares a body too.
    every = {s.address for s in image.functions if "5ModelC" in s.name}
    assert {s.address for s in find_functions(image, "net::Model::Model")} == every
    assert len(every) == (3 if level == "-Os" else 2)


def test_overloads_are_listed(model: Image) -> None:
    text = error(model, "net::Model::inference")
    assert text == (
        "image.elf: net::Model::inference names 2 functions: net::Model::inference(void*, void*), "
        "net::Model::inference(signed char); write one of them in full"
    )
    text = error(model, "net::Model::run")
    assert "int net::Model::run<int>(int)" in text
    assert "float net::Model::run<float>(float)" in text


def test_wrong_arguments_show_the_right_ones(model: Image) -> None:
    assert error(model, "net::Model::scale(double)") == (
        "image.elf: has no net::Model::scale(double), "
        "but net::Model::scale(float const*, unsigned long) const; write that name"
    )


def test_wrong_file_shows_the_right_one(model: Image) -> None:
    assert re.fullmatch(
        r"image\.elf: c_name is not in other\.cpp, but in .*/model\.cpp; write that file",
        error(model, "other.cpp:c_name"),
    )


@pytest.mark.parametrize(
    ("name", "nearest"),
    [
        ("net::Model::inferense", "net::Model::inference(void*, void*)"),
        ("Model::scale", "net::Model::scale(float const*, unsigned long) const"),
        ("Net::model::Scale", "net::Model::scale(float const*, unsigned long) const"),
        ("c_nam", "c_name"),
    ],
)
def test_unknown_names_show_the_nearest(model: Image, name: str, nearest: str) -> None:
    text = error(model, name)
    assert text.startswith(f"image.elf: has no function {name}; the nearest is ")
    assert nearest in text


def test_nothing_like_it(model: Image) -> None:
    assert error(model, "zzzzqqqq") == (
        "image.elf: has no function zzzzqqqq; run without names to see which functions there are"
    )
    assert error(model, " ") == "the name of a function is empty; name it as in Model::infer(void*)"


def test_variables_are_told_apart(model: Image) -> None:
    assert error(model, "table") == "image.elf: table is a variable, not a function; name a function"


def test_stripped_says_so(model_elf: Path, tool: Callable[..., str], tmp_path: Path) -> None:
    tool("strip", "-o", tmp_path / "stripped.elf", model_elf)
    image = Image.load(tmp_path / "stripped.elf")
    assert error(image, "c_name") == (
        "stripped.elf: has no symbol table, so c_name cannot be found; "
        "link without -s and do not strip it (strip --strip-debug is fine)"
    )
    assert candidates(image) == []


def test_without_debug_information(model_elf: Path, tool: Callable[..., str], tmp_path: Path) -> None:
    tool("strip", "--strip-debug", "-o", tmp_path / "no-debug.elf", model_elf)
    image = Image.load(tmp_path / "no-debug.elf")
    assert found(image, "net::Model::inference(void*, void*)") == ["_ZN3net5Model9inferenceEPvS1_"]
    assert "nearest" in error(image, "net::Model::inferense")


CLONED = f"""
volatile int sink;
static {NOINLINE} int work(int *data, int n, int mode) {{
  int sum = 0;
  for (int i = 0; i < n; i++) sum += data[i] * mode + sink;
  if (mode == 3) sum += sink;
  return sum;
}}
int numbers[9];
void start(void) {{
  sink = work(numbers, 9, 1);
  sink = work(numbers, 9, 1) + 1;
  sink = work(numbers, 5, 3);
  sink = work(numbers, sink, 2) + work(numbers, sink, 2);
}}
"""


@pytest.mark.parametrize("level", ["-Os", "-O2", "-O3"])
def test_clones_are_all_found(build: Callable[..., Path], level: str) -> None:
    image = Image.load(build({"cloned.c": CLONED}, level, "-g"))
    every = {s.address for s in image.functions if s.name.split(".")[0] == "work"}
    assert {s.address for s in find_functions(image, "work")} == every
    assert {s.address for s in find_functions(image, "cloned.c:work")} == every
    if level == "-O3":
        assert len(every) >= 2
        clone = next(s for s in image.functions if s.name.startswith("work.constprop"))
        assert found(image, clone.name) == [clone.name]
        assert plain_name(clone) == "work"


def test_pieces_are_no_functions(build: Callable[..., Path]) -> None:
    def function(name: str) -> str:
        return f".type {name}, %function\\n.thumb_func\\n{name}: bx lr\\n.size {name}, .-{name}\\n"

    names = (
        "work",
        "work.cold",
        "work.part.0",
        "work.constprop.0",
        "work.isra.0",
        "work.isra.0.part.1",
        "work.3",
    )
    text = "".join(map(function, names))
    source = f'__asm(".text\\n.thumb\\n.syntax unified\\n{text}"); void start(void) {{}}'
    image = Image.load(build({"pieces.c": source}, "-Os", gc=False))
    assert {s.name for s in image.functions} >= set(names)
    assert found(image, "work") == ["work", "work.constprop.0", "work.isra.0", "work.3"]


def test_what_a_piece_is_left_of(build: Callable[..., Path]) -> None:
    source = f"""
    volatile int sink;
    {NOINLINE} int more(int x) {{ return sink = x; }}
    static int split(int x) {{
      if (sink) return 0;
      for (int i = 0; i < x; i++) {{ sink += more(i) * x; more(i + sink); more(sink ^ x); }}
      return sink;
    }}
    void start(void) {{ sink = split(sink); sink += split(sink + 1); sink += split(sink + 3); }}
    """
    image = Image.load(build({"piece.c": source}, "-O2"))
    assert [s.name for s in image.functions if s.name.startswith("split")] == ["split.part.0"]
    assert error(image, "split") == (
        "image.elf: split was taken apart: it begins inlined in its callers, split.part.0 is the rest; "
        "put __attribute__((noinline)) before its declaration, or mark the code with the MLBench library"
    )


def test_static_functions_of_one_name(build: Callable[..., Path]) -> None:
    one = f"""extern volatile int sink; static {NOINLINE} int infer(int x) {{ return sink = x * NUMBER; }}
    int from_NUMBER(int x) {{ return infer(x) + infer(sink); }}"""
    main = """volatile int sink; int from_3(int); int from_5(int); int from_7(int);
    void start(void) { sink = from_3(sink) + from_5(sink) + from_7(sink); }"""
    image = Image.load(
        build(
            {
                "main.c": main,
                "a.c": one.replace("NUMBER", "3"),
                "b.c": one.replace("NUMBER", "5"),
                "deep/b.c": one.replace("NUMBER", "7"),
            },
            "-Os",
            "-g",
        )
    )
    text = error(image, "infer")
    assert text.startswith("image.elf: infer names 3 functions: ")
    assert "a.c:infer, " in text
    assert "/deep/b.c:infer" in text
    assert text.endswith("; write one of them in full")
    (first,) = find_functions(image, "a.c:infer")
    (third,) = find_functions(image, "deep/b.c:infer(int)")
    assert first.file == "a.c"
    assert third.address not in (first.address,)
    assert "names 2 functions" in error(image, "b.c:infer")
    # Each name in the list can be written as it stands.
    listed = re.findall(r"[^ ,;:]*\.c:infer", text)
    assert len({find_functions(image, name)[0].address for name in listed}) == 3


def test_static_and_global_of_one_name(build: Callable[..., Path]) -> None:
    image = Image.load(
        build(
            {
                "one.c": f"extern volatile int sink; {NOINLINE} int run(int x) {{ return sink = x; }}",
                "two.c": f"volatile int sink; static {NOINLINE} int run(int x) {{ return sink = x + 1; }}"
                " int other(void) { return run(sink); } int third(void);"
                " void start(void) { other(); third(); }",
                "three.c": "int run(int); int third(void) { return run(3) * 2; }",
            },
            "-Os",
            "-g",
        )
    )
    assert "run names 2 functions" in error(image, "run")
    assert len(find_functions(image, "two.c:run")) == 1
    assert find_functions(image, "one.c:run") != find_functions(image, "two.c:run")


INLINED = """
volatile int sink;
class Model {
 public:
  Model(int w) : weights(w) { sink = w; }
  int infer(int x) { return sink = x * weights; }
  int weights;
};
static int helper(Model &model, int x) { return model.infer(x) + 1; }
int exported(int x) { return sink = x * 5; }
int unused(int x) { return sink = x * 7; }
extern "C" void start() {
  Model model(sink);
  sink = helper(model, 3);
  sink = exported(sink);
}
"""


@pytest.mark.parametrize("version", ["-gdwarf-4", "-gdwarf-5"])
def test_inlined_functions_are_named_as_such(build: Callable[..., Path], version: str) -> None:
    path = build({"inlined.cpp": INLINED}, "-O2", version)
    image = Image.load(path)
    place = re.escape(str(path.parent / "inlined.cpp"))

    def line(text: str) -> int:
        return next(n for n, source in enumerate(INLINED.splitlines(), 1) if text in source)

    assert re.fullmatch(
        rf"image\.elf: Model::infer has no code of its own: the compiler inlined it into helper "
        rf"at {place}:{line('static int helper')}; put __attribute__\(\(noinline\)\) before its declaration, "
        r"or mark the code with the MLBench library",
        error(image, "Model::infer"),
    )
    assert f"inlined it into start at {path.parent}/inlined.cpp:{line('helper(model, 3)')};" in error(
        image, "helper"
    )
    assert f"into start at {path.parent}/inlined.cpp:{line('Model model(sink)')};" in error(
        image, "Model::Model(int)"
    )
    # The one that other files could call has code, but nothing enters it.
    image = Image.load(build({"inlined.cpp": INLINED}, "-O2", version, gc=False))
    assert len(find_functions(image, "exported")) == 1
    place = f"{image.path.parent}/inlined.cpp:{line('sink = exported(sink)')}"
    assert str(never_entered(image, "exported")) == (
        "image.elf: exported is in the image but its code was never entered: the compiler inlined it "
        f"into start at {place}; put __attribute__((noinline)) before its declaration, "
        "or mark the code with the MLBench library"
    )
    assert str(never_entered(image, "unused")) == (
        "image.elf: unused was never called; name the function that the sketch calls, "
        "or mark the code with the MLBench library"
    )


def test_dropped_functions_are_named_as_such(build: Callable[..., Path]) -> None:
    image = Image.load(build({"inlined.cpp": INLINED}, "-O2", "-g"))
    assert error(image, "unused(int)") == (
        "image.elf: unused(int) was compiled but is not in the image, because nothing calls it or the call "
        "does nothing; "
        "name the function that the sketch calls, and use what it returns"
    )


def test_inlined_everywhere_without_debug_information(build: Callable[..., Path]) -> None:
    image = Image.load(build({"inlined.cpp": INLINED}, "-O2"))
    assert error(image, "Model::infer").startswith("image.elf: has no function Model::infer; ")


def test_under_link_time_optimization(build: Callable[..., Path]) -> None:
    """Static functions of one name lose their file, and global ones become local."""
    one = f"""extern volatile int sink; static {NOINLINE} int infer(int x) {{ return sink = x * NUMBER; }}
    {NOINLINE} int from_NUMBER(int x) {{ return infer(x) + infer(sink); }}"""
    main = """volatile int sink; int from_3(int); int from_5(int);
    void start(void) { sink = from_3(sink) + from_5(sink); }"""
    sources = {"main.c": main, "a.c": one.replace("NUMBER", "3"), "b.c": one.replace("NUMBER", "5")}
    image = Image.load(build(sources, "-Os", "-g", "-flto", "-ffat-lto-objects"))
    assert len(find_functions(image, "from_3")) == 1
    text = error(image, "infer")
    assert "infer names 2 functions: " in text
    addresses = {find_functions(image, name)[0].address for name in re.findall(r"[^ ,;]*infer(?=[,;])", text)}
    assert len(addresses) == 2
    assert len(find_functions(image, "a.c:infer")) == 1


def test_inlined_under_link_time_optimization(build: Callable[..., Path]) -> None:
    sources = {
        "main.c": "volatile int sink; int infer(int); void start(void) {\n sink = infer(3);\n}",
        "a.c": "extern volatile int sink; int infer(int x) { return sink = x * 5; }",
    }
    image = Image.load(build(sources, "-O2", "-g", "-flto", "-ffat-lto-objects"))
    assert re.search(
        r"infer has no code .* inlined it into start at .*/main\.c:2; put ", error(image, "infer")
    )


def test_inlined_destructors_and_templates(build: Callable[..., Path]) -> None:
    source = """volatile int sink;
    struct Model { ~Model() { sink = 3; } template <typename T> T run(T x) { return sink = x; } };
    extern "C" void start() { Model model; model.run(3); }"""
    image = Image.load(build({"inlined.cpp": source}, "-O2", "-g"))
    assert "inlined it into start at " in error(image, "Model::~Model()")
    assert "inlined it into start at " in error(image, "Model::run")
    assert "inlined it into start at " in error(image, "Model::run<int>(int)")


@pytest.mark.parametrize(("of_type", "kind"), [("", "notype"), (".type by_hand, %function\\n", "func")])
def test_assembly_labels(build: Callable[..., Path], of_type: str, kind: str) -> None:
    # Its address is taken, not called: newer linkers refuse a branch to a label without a type.
    label = f'__asm(".text\\n.global by_hand\\n.thumb\\n{of_type}by_hand: bx lr\\n");'
    start = f"{label} void by_hand(void); void (*volatile kept)(void); void start(void) {{ kept = by_hand; }}"
    image = Image.load(build({"label.c": start}, "-Os"))
    symbol = image.symbol("by_hand")
    assert symbol is not None
    assert symbol.kind == kind
    assert [s.address for s in find_functions(image, "by_hand")] == [symbol.address]


def test_candidates(model: Image) -> None:
    names = candidates(model)
    assert names[:2] == ["net::Model::inference(signed char)", "net::Model::inference(void*, void*)"]
    assert "net::Model::Model(char const*, unsigned int)" in names
    assert not {"start", "reset", "c_name"} & set(names)
    for name in names:
        assert find_functions(model, name)


def test_names_that_nobody_would_write_are_no_candidates(build: Callable[..., Path]) -> None:
    long = "model_infer_" + "x" * 500
    source = (
        f"void {long}(void) {{}} void model_infer(void) {{ {long}(); }} void start(void) {{ model_infer(); }}"
    )
    assert candidates(Image.load(build({"long.c": source}, "-O0"))) == ["model_infer"]


def test_candidates_fit_into_a_line(build: Callable[..., Path]) -> None:
    names = [f"model_infer_{'x' * 250}{letter}" for letter in "abcdefgh"]
    source = "".join(f"void {name}(void) {{}}\n" for name in names)
    calls = " ".join(f"{name}();" for name in names)
    source += f"void start(void) {{ {calls} }}\n"
    assert candidates(Image.load(build({"many.c": source}, "-O0"))) == names[:3]


def test_candidates_of_classes_and_c_functions_with_other_names(build: Callable[..., Path]) -> None:
    source = """
    volatile int sink;
    struct Spotter {
      __attribute__((noinline)) Spotter(int x) { sink = x; }
      __attribute__((noinline)) int predict(int x) { return sink = x; }
    };
    struct Blinker { __attribute__((noinline)) Blinker(int x) { sink = x; } };
    extern "C" __attribute__((noinline)) int net_run(int x) { return sink = x + 1; }
    extern "C" void start() { Spotter spotter(1); Blinker blinker(2); spotter.predict(3); net_run(4); }
    """
    names = candidates(Image.load(build({"spotter.cpp": source}, "-Os", "-g")))
    assert names == ["Spotter::predict(int)", "net_run", "Spotter::Spotter(int)"]


def test_every_function_is_found_by_its_own_name(model: Image) -> None:
    for symbol in model.functions:
        for name in (symbol.name, symbol.demangled):
            assert symbol.address in {s.address for s in find_functions(model, name)}, name


def test_names_that_would_act_on_a_terminal(model: Image) -> None:
    data = model.data.replace(b"c_name\0", b"c\x1b[m\n\0\0")
    damaged = Image.parse(data)
    assert "c\ufffd[m\ufffd" in {symbol.name for symbol in damaged.functions}
    assert "\x1b" not in error(damaged, "c_name")


LAMBDAS = """
#define NI __attribute__((noinline))
#define BODY { int s = 0; for (volatile int i = 0; i < k; i++) s += i; return s; }
auto prepare = [](int k) NI BODY;
static auto own = [](int k) NI BODY;
namespace net { auto infer_once = [](int k) NI BODY; }
struct Holder { static inline auto kept = [](int k) NI BODY; };
struct Functor { int operator()(int k) NI BODY };
Functor functor;
auto inlined = [](int k) { for (volatile int i = 0; i < k; i++) {} };
static auto gone = [](int k) { return k; };
volatile int n = 3;
extern "C" void start() {
  auto local = [&](int k) NI BODY;
  auto generic = [](auto k) NI BODY;
  n = prepare(n) + own(n) + net::infer_once(n) + Holder::kept(n) + functor(n) + local(n) + generic(n);
  inlined(n);
}
"""


@pytest.fixture(scope="module")
def lambdas(build: Callable[..., Path]) -> Image:
    return Image.load(build({"lambdas.cpp": LAMBDAS}, "-Os", "-g", "-std=gnu++17"))


@pytest.mark.parametrize(
    ("variable", "function"),
    [
        ("prepare", "prepare::{lambda(int)#1}::operator()(int) const"),
        ("own", "own::{lambda(int)#1}::operator()(int) const"),
        ("net::infer_once", "net::infer_once::{lambda(int)#1}::operator()(int) const"),
        ("Holder::kept", "Holder::{lambda(int)#1}::operator()(int) const"),
        ("local", "start::{lambda(int)#1}::operator()(int) const"),
        ("generic", "operator()<int>(int) const"),
        ("functor", "Functor::operator()(int)"),
    ],
)
def test_a_variable_that_is_called_is_told_with_its_function(
    lambdas: Image, variable: str, function: str
) -> None:
    message = error(lambdas, variable)
    told = re.search(r" is a variable, whose function is (.*); write that name$", message)
    assert told, message
    assert function in told[1]
    assert len(found(lambdas, told[1])) == 1, "the name that is told is found"


def test_a_lambda_that_was_inlined_or_left_out_is_told_so(lambdas: Image) -> None:
    message = error(lambdas, "inlined")
    assert (
        "inlined is a variable; its function inlined::{lambda(int)#1}::operator()(int) const has no"
        in message
    )
    assert "the compiler inlined it into start at " in message
    assert "noinline" in message
    assert "whose function is not in the image" in error(lambdas, "gone")


def test_lambdas_are_proposed_by_the_variable_that_holds_them(lambdas: Image) -> None:
    proposed = candidates(lambdas)
    assert proposed[0] == "net::infer_once::{lambda(int)#1}::operator()(int) const"
    assert "prepare::{lambda(int)#1}::operator()(int) const" in proposed
