from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mlbench.elf.signatures import signature, without_templates


@pytest.mark.parametrize(
    ("text", "name", "arguments"),
    [
        ("main", "main", None),
        ("setup()", "setup", ""),
        ("setup(void)", "setup", ""),
        ("int g<5>(int)", "g<5>", "int"),
        ("char *get(void)", "get", ""),
        ("operator new(unsigned int)", "operator new", "unsigned int"),
        ("operator delete[](void*)", "operator delete[]", "void*"),
        ("Foo::operator()(int) const", "Foo::operator()", "int"),
        ("Foo::operator unsigned int() const", "Foo::operator unsigned int", ""),
        ("Foo::operator->() const", "Foo::operator->", ""),
        ("x::operator<<(int)", "x::operator<<", "int"),
        ("bool operator< <int>(Foo<int> const&)", "operator<<int>", "Foo<int> const&"),
        ("std::function<void (int)>::operator()(int) const", "std::function<void(int)>::operator()", "int"),
        ("(anonymous namespace)::run(int)", "run", "int"),
        ("a::(anonymous namespace)::B::run(int)", "a::B::run", "int"),
        ("Foo::bar() const::Local::run()", "Foo::bar() const::Local::run", ""),
        ("f()::{lambda(int)#1}::operator()(int) const", "f()::{lambda(int)#1}::operator()", "int"),
        ("Model::~Model()", "Model::~Model", ""),
        ("name[abi:cxx11](int)", "name", "int"),
        ("foo(int) [clone .constprop.0]", "foo", "int"),
        ("f(void (*)(int, char const*))", "f", "void(*)(int, char const*)"),
        ("std::enable_if<(1>2), int>::type foo<int>(int)", "foo<int>", "int"),
    ],
)
def test_parts(text: str, name: str, arguments: str | None) -> None:
    found = signature(text)
    assert (found.name, found.arguments) == (name, arguments)


@pytest.mark.parametrize(
    ("written", "printed"),
    [
        ("const char *", "char const*"),
        ("const unsigned char * const", "unsigned char const* const"),
        ("uint8_t*, size_t", "unsigned char*, unsigned int"),
        ("std::size_t", "unsigned int"),
        ("int64_t, uint64_t", "long long, unsigned long long"),
        ("long unsigned int", "unsigned long"),
        ("short int, unsigned", "short, unsigned int"),
        ("struct Tensor &", "Tensor&"),
        ("const std::vector<const int8_t*> &", "std::vector<signed char const*> const&"),
        ("void*,void*", "void*, void*"),
    ],
)
def test_spellings_of_types(written: str, printed: str) -> None:
    assert signature(f"f({written})").answers(signature(f"f({printed})"))
    assert signature(f"f({printed})").arguments == printed


def test_what_differs_stays_different() -> None:
    for one, other in [
        ("char", "signed char"),
        ("long", "int"),
        ("int*", "int"),
        ("char*", "char const*"),
        ("", "int"),
    ]:
        assert not signature(f"f({one})").answers(signature(f"f({other})"))
    assert not signature("f(int)").answers(signature("g(int)"))
    assert not signature("f(int)").answers(signature("f(int) const"))
    assert signature("f(int) const").answers(signature("f(int)"))


def test_template_arguments_may_be_left_out() -> None:
    assert signature("int a::Run<float, 3>::go<int>(int)").answers(signature("a::Run::go"))
    assert not signature("int a::Run<float>::go(int)").answers(signature("a::Run<int>::go"))
    assert without_templates("a<b<c>>::d<(1>2)>::e") == "a::d::e"


@given(st.text(alphabet="ab:<>(){}[]*& ,operator~-=const123", max_size=40))
def test_any_text_has_parts(text: str) -> None:
    found = signature(text)
    assert found.answers(found)
    assert signature(" ".join(text.split())) == found
    _ = found.last, found.scope, str(found)
