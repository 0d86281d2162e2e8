"""Whose a header is that was not found: another chip's, the board's own platform's, or a library's."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import PurePosixPath


@dataclass(frozen=True)
class _OtherChip:
    """Headers that cores and libraries of other chips have."""

    of: str
    headers: re.Pattern[str]


_OTHER_CHIPS = (
    _OtherChip(
        "boards with an ESP32 or ESP8266",
        re.compile(
            r"(?:WiFi\w*|ESP\w*|esp\w*|tflm_esp\w*|FS|SPIFFS|LittleFS|SD_MMC|BluetoothSerial|BLE(?:Device|Server"
            r"|Utils)|Preferences|WebServer|HTTPClient|HTTPUpdate|nvs\w*|img_converters|fb_gfx|M5\w+|TTGO|Ticker"
            r"|(?:driver|soc|rom|freertos|esp\w*)/.+)\.h",
        ),
    ),
    _OtherChip("boards with an AVR", re.compile(r"avr/(?!pgmspace).+|util/(?:delay|atomic|twi)\.h")),
    _OtherChip("the Portenta H7", re.compile(r"(?:RPC\w*|SDRAM|Portenta\w*|himax|hm0?1b0\w*)\.h")),
    _OtherChip("the Nano 33 IoT", re.compile(r"(?:Arduino_LSM6DS3|WiFiNINA|RTCZero)\.h")),
    _OtherChip("the Nano RP2040 Connect", re.compile(r"Arduino_LSM6DSOX\.h|(?:pico|hardware)/.+\.h")),
    _OtherChip("boards with an STM32", re.compile(r"(?:STM32|stm32)\w*\.h")),
    _OtherChip(
        "the Spresense", re.compile(r"(?:MP|GNSS|SDHCI|DNNRT|RTC|LowPower)\.h|arch/.+|sys/boardctl\.h")
    ),
    _OtherChip("boards with an Ambiq Apollo", re.compile(r"am_\w+\.h")),
)
_OF_BOARD = re.compile(
    r"(?:hal/)?nrf\w*\.h|mbed\w*(?:/.*)?\.h|rtos\w*\.h|(?:KVStore|FlashIAP\w*"
    r"|BlockDevice|kvstore_global_api|PluggableUSB\w*|USB\w+|cmsis_os2?|core_cm4)\.h"
)
"""Headers of Mbed OS and of the chip's maker: arduino:mbed_nano has them, the project's platform has not."""
_LIBRARIES = {
    "arm_math.h": "Arduino_CMSIS-DSP",
    "TensorFlowLite.h": "Arduino_TensorFlowLite",
    "FRAM.h": "FRAM_I2C",
    "eloquent_tinyml.h": "EloquentTinyML",
}
"""Libraries whose names their headers do not tell."""
_CLONES = {"Arduino_TensorFlowLite": "tensorflow/tflite-micro-arduino-examples"}
"""Libraries that the library manager no longer has, each with its repository on GitHub."""


def other_chip(header: str) -> str:
    """What to say of a header that only other chips have; empty where it is none."""
    if header == "EEPROM.h":
        whose = "the board has no EEPROM, and its own core has no such header"
    else:
        of = next((row.of for row in _OTHER_CHIPS if row.headers.fullmatch(header)), "")
        if not of:
            return ""
        whose = f"it is of {of}"
    return f"{whose}: the sketch is meant for another chip than this board's"


def is_of_board(header: str) -> bool:
    """Whether the board's own platform has a header that the project's has not."""
    return bool(_OF_BOARD.fullmatch(header))


def library_of(header: str) -> str:
    """The library that is known to have a header; empty where none is."""
    if header in _LIBRARIES:
        return _LIBRARIES[header]
    stem = PurePosixPath(header).stem
    if stem.startswith("Adafruit_"):
        suffix = " Library" if stem in ("Adafruit_GFX", "Adafruit_Sensor") else ""
        return {"Adafruit_Sensor": "Adafruit Unified Sensor"}.get(stem, stem.replace("_", " ", 1) + suffix)
    return ""


def how_to_get(library: str) -> str:
    """What to do for a library that is not installed."""
    if library in _CLONES:
        get = f"clone its repository, {_CLONES[library]}, into your sketchbook's `libraries`"
    else:
        get = f'get it by `arduino-cli lib install "{library}"` or as a clone'
    return f"{get}, and name its folder under `libraries`"
