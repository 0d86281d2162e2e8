"""Uploads to boards that come and go, in time that the test makes."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace

import pytest
from fake_time import FakeTime

from mlbench.boards import Board, board_for
from mlbench.boards.board import Reset, Upload, UsbId
from mlbench.errors import EnvironmentFault
from mlbench.firmware.compiler import PlatformMissing
from mlbench.ports import uploading
from mlbench.ports.finding import Port
from mlbench.ports.uploading import Uploader, UploadFailed, UploadImage, UploadRefused

SKETCH = Port("/dev/ttyACM0", UsbId(0x2341, 0x805A), "AB12", "1-2")
LOADER = Port("/dev/ttyACM1", UsbId(0x2341, 0x005A), "", "1-2")
OTHER = Port("/dev/ttyACM2", UsbId(0x2341, 0x805A), "CD34", "1-3")
NANO = replace(board_for("nano33ble"), upload=Upload("command", ("x",)), reset=Reset("touch", True, 10))
IMAGE: UploadImage = None  # type: ignore[assignment]
"""Programmers of these tests do not look at it."""


class Desk:
    """Boards on a desk, the programmer, and who sits there."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.clock = FakeTime()
        self.ports = [SKETCH, OTHER]
        self.log: list[str] = []
        self.said: list[str] = []
        self.heeds_touch = True
        self.touches = True
        self.tells = ""
        self.writes: list[Callable[[Port], object]] = []
        """What each writing does; the last goes on."""
        self.on_say: Callable[[str], object] = lambda text: None
        monkeypatch.setattr(uploading, "touch", lambda *args, **more: self.touch(*args, **more))
        monkeypatch.setattr(uploading, "pulse_dtr", lambda port, baud, say, times: self.log.append("dtr"))
        monkeypatch.setattr(uploading, "programmer_for", self.programmer_for)

    @contextmanager
    def programmer_for(self, board: object, image: object, cli: object) -> Iterator[Desk]:
        yield self

    def write(self, port: Port) -> str:
        self.log.append(f"write {port.device}")
        action = self.writes.pop(0) if len(self.writes) > 1 else self.writes[0]
        action(port)
        return self.tells

    def touch(self, port: Port, say: object, times: object) -> None:
        self.log.append(f"touch {port.device}")
        if port not in self.ports:
            raise EnvironmentFault("cannot be opened: it is not there", where=port.device, do="connect it")
        if self.heeds_touch and port == SKETCH:
            self.go(SKETCH, LOADER)

    def go(self, old: Port, new: Port | None, seconds: float = 0.5) -> None:
        """A board goes, and shows itself as another one."""
        self.ports.remove(old)
        if new is not None:
            self.clock.after(seconds, lambda: self.ports.append(new))

    def say(self, text: str) -> None:
        self.said.append(text)
        self.on_say(text)

    def uploader(self, board: Board = NANO, **changes: object) -> Uploader:
        uploader = Uploader(board, None, self.say, list_all=lambda: list(self.ports), times=self.clock.times)
        return replace(uploader, **changes)  # type: ignore[arg-type]

    # --- what writing may come to ---

    def starts(self, port: Port) -> None:
        self.go(port, SKETCH)

    def fails(self, port: Port) -> None:
        raise EnvironmentFault("tool ended with status 1", where=port.device, do="look at it")


@pytest.fixture
def desk(monkeypatch: pytest.MonkeyPatch) -> Desk:
    return Desk(monkeypatch)


def test_into_the_bootloader_under_another_name_and_back(desk: Desk) -> None:
    desk.writes = [desk.starts]
    done = desk.uploader().upload(IMAGE, SKETCH)
    assert (done.port, done.attempts, done.reasons, done.asked) == (SKETCH, 1, (), False)
    assert desk.log == ["touch /dev/ttyACM0", "write /dev/ttyACM1"]
    assert desk.said == []
    assert desk.clock.now < 1.5, "nothing is waited for that cannot come"


def test_a_board_in_its_bootloader_heeds_no_touch_and_is_written_all_the_same(desk: Desk) -> None:
    desk.ports = [LOADER, OTHER]
    desk.writes = [desk.starts]
    assert desk.uploader().upload(IMAGE, LOADER).port == SKETCH
    assert desk.log == ["touch /dev/ttyACM1", "write /dev/ttyACM1"]


def test_a_sketch_may_come_back_elsewhere(desk: Desk) -> None:
    moved = replace(SKETCH, device="/dev/ttyACM7")
    desk.writes = [lambda port: desk.go(port, moved)]
    assert desk.uploader().upload(IMAGE, SKETCH).port == moved


def test_the_name_of_a_port_that_another_board_had_may_be_its_next(desk: Desk) -> None:
    """Two boards are uploaded to at once, and their ports change names."""
    swapped = replace(SKETCH, device=OTHER.device)

    def both(port: Port) -> None:
        desk.ports.remove(OTHER)
        desk.go(port, swapped)

    desk.writes = [both]
    assert desk.uploader().upload(IMAGE, SKETCH).port == swapped


def test_a_board_with_two_ports_is_not_taken_for_back_while_one_is_left(desk: Desk) -> None:
    second = replace(SKETCH, device="/dev/ttyACM9")
    desk.ports = [SKETCH, second]

    def touched(port: Port, say: object, times: object) -> None:
        desk.go(SKETCH, LOADER)
        desk.clock.after(0.2, lambda: desk.ports.remove(second))

    desk.touch = touched  # type: ignore[method-assign]
    desk.writes = [desk.starts]
    assert desk.uploader().upload(IMAGE, SKETCH).port == SKETCH
    assert desk.log == ["write /dev/ttyACM1"]


def test_what_fails_is_tried_again_with_its_reason(desk: Desk) -> None:
    desk.writes = [desk.fails, desk.fails, desk.starts]
    done = desk.uploader().upload(IMAGE, SKETCH)
    assert (done.port, done.attempts, done.asked) == (SKETCH, 3, False)
    assert done.reasons == ("/dev/ttyACM1: tool ended with status 1",) * 2
    assert desk.said == [
        f"try {number} of 3: /dev/ttyACM1: tool ended with status 1; look at it" for number in (1, 2)
    ]


def test_a_bootloader_that_gave_up_is_followed_back_to_the_sketch(desk: Desk) -> None:
    def fails_and_leaves(port: Port) -> None:
        desk.ports[desk.ports.index(port)] = SKETCH
        desk.fails(port)

    desk.writes = [fails_and_leaves, desk.starts]
    assert desk.uploader().upload(IMAGE, SKETCH).attempts == 2
    assert desk.log == ["touch /dev/ttyACM0", "write /dev/ttyACM1"] * 2


@pytest.mark.parametrize("error", [UploadRefused("no"), PlatformMissing("no")])
def test_what_cannot_succeed_is_tried_once(desk: Desk, error: EnvironmentFault) -> None:
    def refuse(port: Port) -> None:
        raise error

    desk.writes = [refuse]
    with pytest.raises(type(error), match="no"):
        desk.uploader().upload(IMAGE, SKETCH)
    assert len(desk.log) == 2


def test_a_person_presses_twice_after_all_tries(desk: Desk) -> None:
    desk.heeds_touch = False
    desk.writes = [desk.fails, desk.fails, desk.starts]

    def press(text: str) -> None:
        if "press" in text:
            desk.clock.after(20, lambda: desk.go(SKETCH, LOADER))

    desk.on_say = press
    done = desk.uploader(tries=2).upload(IMAGE, SKETCH)
    assert (done.port, done.attempts, done.asked) == (SKETCH, 3, True)
    assert len(done.reasons) == 2
    assert desk.said[-1] == "/dev/ttyACM0: press the board's reset button twice, within 60 s"
    assert desk.log[-2:] == ["write /dev/ttyACM0", "write /dev/ttyACM1"], "no touch in the bootloader"


def test_a_board_without_a_port_is_waited_for(desk: Desk) -> None:
    """A sketch that crashes has none."""
    desk.ports = [OTHER]
    desk.writes = [desk.starts]
    desk.on_say = lambda text: "press" in text and desk.clock.after(3, lambda: desk.ports.append(LOADER))
    done = desk.uploader().upload(IMAGE, SKETCH)
    assert (done.port, done.attempts, done.asked) == (SKETCH, 4, True)
    assert desk.log == ["touch /dev/ttyACM0"] * 3 + ["write /dev/ttyACM1"]


def test_nobody_is_there(desk: Desk) -> None:
    desk.heeds_touch = False
    desk.writes = [desk.fails]
    with pytest.raises(UploadFailed) as caught:
        desk.uploader().upload(IMAGE, SKETCH)
    assert str(caught.value) == (
        "/dev/ttyACM0: the upload failed: /dev/ttyACM0: tool ended with status 1 (3 times), "
        "then nobody pressed its reset button within 60 s; "
        "connect it anew, and see that its cable carries data"
    )
    assert (caught.value.exit_status, caught.value.attempts, len(caught.value.reasons)) == (4, 3, 4)
    assert 60 < desk.clock.now < 80


def test_unattended_runs_ask_nobody(desk: Desk) -> None:
    desk.writes = [desk.fails]
    with pytest.raises(UploadFailed, match="press its reset button twice, then start again"):
        desk.uploader(person_seconds=0).upload(IMAGE, SKETCH)
    assert not any("press the board" in line for line in desk.said)
    board = replace(NANO, reset=Reset("none"))
    with pytest.raises(UploadFailed, match="press its reset button or connect it anew"):
        desk.uploader(board).upload(IMAGE, SKETCH)


def test_a_sketch_that_never_shows_a_port_is_told(desk: Desk) -> None:
    desk.writes = [lambda port: desk.go(port, None)]
    with pytest.raises(UploadFailed, match="the port went and did not come back within 10 s"):
        desk.uploader(tries=1, person_seconds=0).upload(IMAGE, SKETCH)


def test_a_board_behind_a_bridge_is_reset_by_dtr_before_another_try(desk: Desk) -> None:
    desk.touches = False
    desk.writes = [desk.fails, lambda port: None]
    done = desk.uploader(replace(NANO, reset=Reset("dtr"))).upload(IMAGE, SKETCH)
    assert (done.port, done.attempts) == (SKETCH, 2)
    assert desk.log == ["write /dev/ttyACM0", "dtr", "write /dev/ttyACM0"]


def test_a_bootloader_without_a_port_is_no_failure(desk: Desk) -> None:
    """Portenta H7, RP2040 Connect: it is a USB device of another kind."""
    board = replace(NANO, upload=replace(NANO.upload, raw_usb=True))

    def touched(port: Port, say: object, times: object) -> None:
        desk.ports.remove(SKETCH)

    desk.touch = touched  # type: ignore[method-assign]
    desk.writes = [lambda port: desk.clock.after(0.5, lambda: desk.ports.append(SKETCH))]
    assert desk.uploader(board).upload(IMAGE, SKETCH).attempts == 1


def test_a_bootloader_that_is_still_there_after_the_tool_is_not_taken_for_the_sketch(desk: Desk) -> None:
    """arduino-cli touches by itself: what is seen first when it has ended may be either."""
    desk.touches = False

    def write(port: Port) -> None:
        desk.ports[desk.ports.index(SKETCH)] = LOADER
        desk.clock.after(0.5, lambda: desk.go(LOADER, SKETCH))

    desk.writes = [write]
    assert desk.uploader().upload(IMAGE, SKETCH).port == SKETCH


@pytest.mark.parametrize(
    ("tells", "before", "after"),
    [
        # Where the place on USB is known it counts, whatever is told.
        ("/dev/ttyACM2", SKETCH, SKETCH),
        ("/dev/ttyACM5", SKETCH, replace(SKETCH, device="/dev/ttyACM5")),
        ("/dev/gone", SKETCH, SKETCH),
        # Else what is told is followed.
        ("/dev/ttyACM5", Port("/dev/ttyACM0"), replace(SKETCH, device="/dev/ttyACM5")),
    ],
)
def test_the_port_that_is_told(desk: Desk, tells: str, before: Port, after: Port) -> None:
    desk.touches, desk.tells = False, tells

    def write(port: Port) -> None:
        desk.ports[0] = after

    desk.writes = [write]
    assert desk.uploader().upload(IMAGE, before).port == after


def test_an_interrupt_ends_it(desk: Desk) -> None:
    def interrupt(port: Port) -> None:
        raise KeyboardInterrupt

    desk.writes = [interrupt]
    with pytest.raises(KeyboardInterrupt):
        desk.uploader().upload(IMAGE, SKETCH)
