"""What a sketch asks for on its serial line, by its source."""

from __future__ import annotations

from pathlib import Path

import pytest

from mlbench.suite.typed_text import texts_of, typed_texts

READ = "String text = Serial.readString();\n"


@pytest.mark.parametrize(
    ("source", "texts"),
    [
        (READ + 'if (text.indexOf("inference") > -1) infer();', ("inference\n",)),
        (READ + 'if (text == "help") a(); else if (text == "predict") b();', ("predict\n", "help\n")),
        (READ + 'if (text.equals(F("go"))) a();', ("go\n",)),
        (READ + "x = text.toInt();", ("1\n",)),
        ("x = Serial.parseFloat();", ("1\n",)),
        ("x = Serial1.readStringUntil('\\n').toFloat();", ("1\n",)),
        ("if (Serial.read() == 't') run();", ("t",)),
        ("char c = Serial.read(); switch (c) { case 'a': break; case 'b': break; }", ("a", "b")),
        ('Serial.println("Type >start< now"); while (Serial.available()) Serial.read();', ("start\n",)),
        (READ + 'if (name.equals("Yes")) a();', ()),
        (READ + '// if (text == "old") a();\n', ()),
        ('if (text == "inference") a();', ()),
        ("", ()),
    ],
)
def test_what_is_looked_for_in_what_was_read(source: str, texts: tuple[str, ...]) -> None:
    assert texts_of(source) == texts


def test_all_tabs_of_a_sketch_are_read_and_what_is_not_there_says_nothing(tmp_path: Path) -> None:
    (tmp_path / "a.ino").write_text("void loop() { command(); }\n")
    (tmp_path / "command.h").write_text(READ + 'if (text == "run") a();')
    assert typed_texts(tmp_path) == ("run\n",)
    assert typed_texts(tmp_path / "a.ino") == ("run\n",)
    assert typed_texts(tmp_path / "gone") == ()
