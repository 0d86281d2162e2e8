"""Exceptions and what of the C++ library has code of its own: with its archives, and without."""

from __future__ import annotations

import pytest
from arduino_bench import Bench, run

from mlbench.firmware.compilation import BuildFailed
from mlbench.firmware.flags import has_cxx_library

_EXCEPTIONS = "compiler.cpp.extra_flags=-fexceptions"

_CATCHES = r"""
#include <stdexcept>
#include <vector>
struct Leaves { ~Leaves() { Serial.println("left"); } };
__attribute__((noinline)) int checked(int n) {
  Leaves leaves;
  if (n > 3) throw std::runtime_error("too many");
  return n;
}
void setup() {
  Serial.begin(115200);
  try { Serial.println(checked(2)); Serial.println(checked(4)); } catch (const std::exception &e) { Serial.println(e.what()); }
  std::vector<int> v(3);
  try { v.at(7); } catch (const std::out_of_range &) { Serial.println("out of range"); }
  try { v.resize(1u << 20); } catch (const std::bad_alloc &) { Serial.println("no memory"); }
}
void loop() {}
"""  # noqa: E501

_CONTAINERS = r"""
#include <functional>
#include <list>
#include <map>
#include <set>
#include <string>
#include <unordered_map>
#include <vector>
void setup() {
  Serial.begin(115200);
  std::map<std::string, std::vector<int>> weights;
  for (int i = 0; i < 20; i++) weights["w" + std::to_string(i)].assign(5, i);
  weights.erase("w7");
  std::unordered_map<int, int> seen;
  std::set<int> ordered;
  std::list<int> order;
  std::function<int(int)> twice = [](int x) { return 2 * x; };
  for (auto &entry : weights) { seen[entry.second[0]]++; ordered.insert(-entry.second[0]); order.push_back(twice(entry.second[4])); }
  Serial.println(seen.size()); Serial.println(*ordered.begin()); Serial.println(order.back());
}
void loop() {}
"""  # noqa: E501


@pytest.fixture
def library(bench: Bench) -> None:
    if not has_cxx_library(bench.tools):
        pytest.skip("needs the archives of libstdc++ for the compiler on PATH")


@pytest.fixture
def no_library(bench: Bench) -> None:
    if has_cxx_library(bench.tools):
        pytest.skip("the archives of libstdc++ are installed")


@pytest.mark.usefixtures("library")
@pytest.mark.parametrize("options", ["", "newlib=nano"])
def test_exceptions_are_thrown_and_caught(bench: Bench, options: str) -> None:
    built = bench.build(bench.sketch("catches", _CATCHES), _EXCEPTIONS, options=options)
    assert run(built).lines == ["left", "2", "left", "too many", "out of range", "no memory"]


@pytest.mark.usefixtures("library")
def test_containers_work(bench: Bench) -> None:
    assert run(bench.build(bench.sketch("containers", _CONTAINERS))).lines == ["19", "-19", "18"]


@pytest.mark.usefixtures("library")
def test_the_library_adds_nothing_that_is_not_asked_for(bench: Bench) -> None:
    plain = bench.build(
        bench.sketch("plain", "void setup() { Serial.println(new int(3) != nullptr); }\nvoid loop() {}\n")
    )
    alone = bench.build(
        bench.sketch("plain", (bench.folder / "a/plain/plain.ino").read_text(), place="b"),
        "compiler.libstdcxx.ldflags=",
    )
    assert plain.flash() == alone.flash()


@pytest.mark.usefixtures("no_library")
@pytest.mark.parametrize(
    ("text", "properties"), [(_CATCHES, (_EXCEPTIONS,)), (_CONTAINERS, ())], ids=["exceptions", "containers"]
)
def test_what_lacks_is_told_with_its_property_and_package(
    bench: Bench, text: str, properties: tuple[str, ...]
) -> None:
    with pytest.raises(BuildFailed) as caught:
        bench.build(bench.sketch("lacks", text), *properties)
    assert "install the package libstdc++-arm-none-eabi-newlib" in caught.value.do
    assert "compiler.libstdcxx.ldflags=-lstdc++" in caught.value.do


def test_exceptions_that_are_off_are_told_with_the_property(bench: Bench) -> None:
    with pytest.raises(BuildFailed) as caught:
        bench.build(bench.sketch("off", _CATCHES))
    assert "add the build property compiler.cpp.extra_flags=-fexceptions" in caught.value.do
    casts = (
        "struct A { virtual ~A(); }; struct B : A {};\n"
        "A *volatile a;\nvoid setup() { dynamic_cast<B *>(a); }\nvoid loop() {}\n"
    )
    with pytest.raises(BuildFailed) as caught:
        bench.build(bench.sketch("casts", casts))
    assert "add the build property compiler.cpp.extra_flags=-frtti" in caught.value.do
