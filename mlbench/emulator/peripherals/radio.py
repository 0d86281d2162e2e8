"""RADIO and NFCT with nobody near: nRF52840 Product Specification v1.7, sections 6.19 and 6.14.

What is sent takes its time on the air and is gone; nothing is ever received, no field is ever there.
"""

from __future__ import annotations

from mlbench.emulator.peripherals.base import NrfPeripheral, Register, never, plain

_RAMP_US = 140.0
_FAST_RAMP_US = 40.0
"""t_TXEN and t_RXEN, by MODECNF0.RU (6.19.15.8)."""
_DISABLE_US = {"TX": 6.0, "RX": 0.5}
_RSSI_US = 15.0
_US_PER_BYTE = {0: 8.0, 1: 4.0, 3: 8.0, 4: 4.0, 5: 64.0, 6: 16.0, 15: 32.0}
"""By MODE: 1 and 2 Mbit/s, coded, IEEE 802.15.4."""
_STATES = {"": 0, "RXRU": 1, "RXIDLE": 2, "RX": 3, "RXDISABLE": 4, "TXRU": 9, "TXIDLE": 10, "TX": 11,
           "TXDISABLE": 12}  # fmt: skip


_RADIO_RECEIVED = {0x400: "CRCSTATUS", 0x408: "RXMATCH", 0x40C: "RXCRC", 0x410: "DAI", 0x414: "PDUSTAT"}
_RADIO_KEPT = {
    0x504: "PACKETPTR",
    0x508: "FREQUENCY",
    0x50C: "TXPOWER",
    0x510: "MODE",
    0x514: "PCNF0",
    0x518: "PCNF1",
    0x51C: "BASE0",
    0x520: "BASE1",
    0x524: "PREFIX0",
    0x528: "PREFIX1",
    0x52C: "TXADDRESS",
    0x530: "RXADDRESSES",
    0x534: "CRCCNF",
    0x538: "CRCPOLY",
    0x53C: "CRCINIT",
    0x544: "TIFS",
    0x554: "DATAWHITEIV",
    0x560: "BCC",
    **{0x600 + 4 * n: f"DAB{n}" for n in range(8)},
    **{0x620 + 4 * n: f"DAP{n}" for n in range(8)},
    0x640: "DACNF",
    0x644: "MHRMATCHCONF",
    0x648: "MHRMATCHMAS",
    0x64C: "",
    0x650: "MODECNF0",
    0x660: "SFD",
    0x664: "EDCNT",
    0x668: "EDSAMPLE",
    0x66C: "CCACTRL",
}
_NFCT_STATE = {0x410: "NFCTAGSTATE", 0x420: "SLEEPSTATE", 0x43C: "FIELDPRESENT", 0x524: "RXD.AMOUNT"}
_NFCT_KEPT = {
    0x404: "ERRORSTATUS",
    0x40C: "FRAMESTATUS.RX",
    0x504: "FRAMEDELAYMIN",
    0x508: "FRAMEDELAYMAX",
    0x50C: "FRAMEDELAYMODE",
    0x510: "PACKETPTR",
    0x514: "MAXLEN",
    0x518: "TXD.FRAMECONFIG",
    0x51C: "TXD.AMOUNT",
    0x520: "RXD.FRAMECONFIG",
    0x590: "NFCID1_LAST",
    0x594: "NFCID1_2ND_LAST",
    0x598: "NFCID1_3RD_LAST",
    0x59C: "AUTOCOLRESCONFIG",
    0x5A0: "SENSRES",
    0x5A4: "SELRES",
}


class Radio(NrfPeripheral):
    """The transceiver's states and times (6.19.5), on an empty channel."""

    tasks = {  # noqa: RUF012
        0x000: "TXEN",
        0x004: "RXEN",
        0x008: "START",
        0x00C: "STOP",
        0x010: "DISABLE",
        0x014: "RSSISTART",
        0x018: "RSSISTOP",
        0x01C: "BCSTART",
        0x020: "BCSTOP",
        0x024: "EDSTART",
        0x028: "EDSTOP",
        0x02C: "CCASTART",
        0x030: "CCASTOP",
    }
    events = {  # noqa: RUF012
        0x100: "READY",
        0x104: "ADDRESS",
        0x108: "PAYLOAD",
        0x10C: "END",
        0x110: "DISABLED",
        0x114: "DEVMATCH",
        0x118: "DEVMISS",
        0x11C: "RSSIEND",
        0x128: "BCMATCH",
        0x130: "CRCOK",
        0x134: "CRCERROR",
        0x138: "FRAMESTART",
        0x13C: "EDEND",
        0x140: "EDSTOPPED",
        0x144: "CCAIDLE",
        0x148: "CCABUSY",
        0x14C: "CCASTOPPED",
        0x150: "RATEBOOST",
        0x154: "TXREADY",
        0x158: "RXREADY",
        0x15C: "MHRMATCH",
        0x168: "SYNC",
        0x16C: "PHYEND",
    }
    shorts = {  # noqa: RUF012
        0: ("READY", "START"),
        1: ("END", "DISABLE"),
        2: ("DISABLED", "TXEN"),
        3: ("DISABLED", "RXEN"),
        4: ("ADDRESS", "RSSISTART"),
        5: ("END", "START"),
        6: ("ADDRESS", "BCSTART"),
        8: ("DISABLED", "RSSISTOP"),
        11: ("RXREADY", "CCASTART"),
        12: ("CCAIDLE", "TXEN"),
        13: ("CCABUSY", "DISABLE"),
        14: ("FRAMESTART", "BCSTART"),
        15: ("READY", "EDSTART"),
        16: ("EDEND", "DISABLE"),
        17: ("CCAIDLE", "STOP"),
        18: ("TXREADY", "START"),
        19: ("RXREADY", "START"),
        20: ("PHYEND", "DISABLE"),
        21: ("PHYEND", "START"),
    }

    def registers(self) -> list[Register]:
        """Registers of section 6.19.14."""
        self.doing = ""
        resets = {0x508: 2, 0x554: 0x40, 0x650: 0x200, 0x660: 0xA7, 0x66C: 0x052D0000}
        return [
            *(plain(offset, name, resets.get(offset, 0)) for offset, name in _RADIO_KEPT.items()),
            *(Register(offset, name, read_only=True) for offset, name in _RADIO_RECEIVED.items()),
            Register(0x548, "RSSISAMPLE", reset=127, read_only=True),
            Register(0x550, "STATE", read=lambda: _STATES[self.doing], until=never),
            Register(0xFFC, "POWER", 1, write=self._set_power),
        ]

    def _set_power(self, value: int) -> None:
        if not value & 1:
            self._cancel()
            self.doing, self.inten = "", 0
            self.raised.clear()
            self.stored.clear()
            self.update_line()
        self.stored[0xFFC] = value & 1

    def _cancel(self) -> None:
        for name in ("READY", "ADDRESS", "PAYLOAD", "END", "DISABLED", "RSSIEND", "EDEND", "CCAIDLE"):
            self.machine.cancel(self.name, name)

    def _ramp(self, way: str) -> None:
        self._cancel()
        self.doing = f"{way}RU"
        self.after(_FAST_RAMP_US if self.stored.get(0x650, 0x200) & 1 else _RAMP_US, "READY")

    def task(self, name: str) -> None:
        """Change the state, where it allows that."""
        way = self.doing[:2]
        if name in ("TXEN", "RXEN"):
            self._ramp(name[:2])
        elif name == "START" and self.doing in ("TXIDLE", "RXIDLE"):
            self.doing = way
            if way == "TX":
                self._send()
        elif name == "STOP" and self.doing in ("TX", "RX"):
            self._cancel()
            self.doing += "IDLE"
        elif name == "DISABLE":
            self._cancel()
            self.doing = f"{way}DISABLE" if way else ""
            self.after(_DISABLE_US.get(way, 0.1), "DISABLED")
        elif name == "RSSISTART":
            self.after(_RSSI_US, "RSSIEND")
        elif name == "EDSTART":
            self.after(128.0 * (self.stored.get(0x664, 0) + 1), "EDEND")
        elif name == "CCASTART":
            self.after(128.0, "CCAIDLE")
        elif name in ("EDSTOP", "CCASTOP"):
            self.after(1.0, f"{name}PED")

    def _send(self) -> None:
        """A packet's time: preamble and address, what its length field says, CRC (6.19.2)."""
        fields, limits = self.stored.get(0x514, 0), self.stored.get(0x518, 0)
        header = (fields >> 8 & 1) + (1 if fields & 15 else 0) + (1 if fields >> 16 & 15 else 0)
        packet = self.machine.read_memory(self.stored.get(0x504, 0), 3).ljust(3, b"\0")
        length = packet[fields >> 8 & 1] & (1 << (fields & 15)) - 1 if fields & 15 else 0
        body = header + min(limits & 0xFF, length) + (limits >> 8 & 0xFF)
        byte = _US_PER_BYTE.get(self.stored.get(0x510, 0) & 15, 8.0)
        before = (1 + (fields >> 24 & 3) + (limits >> 16 & 7) + 1) * byte
        self.after(before, "ADDRESS")
        self.after(before + body * byte, "PAYLOAD")
        self.after(before + (body + (self.stored.get(0x534, 0) & 3)) * byte, "END")

    def on_event(self, name: str) -> None:
        """A ramp, a packet or a measurement has ended."""
        if name == "READY":
            way = self.doing[:2]
            self.doing = f"{way}IDLE"
            self.event(name)
            if self.doing[:2] == way:
                self.event(f"{way}READY")
            return
        if name == "END":
            self.doing = "TXIDLE"
            self.event(name)
            self.event("PHYEND")
            return
        if name == "DISABLED":
            self.doing = ""
        self.event(name)

    def state(self) -> dict[str, object]:
        """The attributes that a snapshot must hold."""
        return {**super().state(), "doing": self.doing}


class Nfct(NrfPeripheral):
    """The near-field tag, far from any reader."""

    tasks = {  # noqa: RUF012
        0x000: "ACTIVATE",
        0x004: "DISABLE",
        0x008: "SENSE",
        0x00C: "STARTTX",
        0x01C: "ENABLERXDATA",
        0x024: "GOIDLE",
        0x028: "GOSLEEP",
    }
    events = {  # noqa: RUF012
        0x100: "READY",
        0x104: "FIELDDETECTED",
        0x108: "FIELDLOST",
        0x10C: "TXFRAMESTART",
        0x110: "TXFRAMEEND",
        0x114: "RXFRAMESTART",
        0x118: "RXFRAMEEND",
        0x11C: "ERROR",
        0x128: "RXERROR",
        0x12C: "ENDRX",
        0x130: "ENDTX",
        0x138: "AUTOCOLRESSTARTED",
        0x148: "COLLISION",
        0x14C: "SELECTED",
        0x150: "STARTED",
    }
    _ACTIVATE_US = 500.0

    def registers(self) -> list[Register]:
        """Registers of section 6.14.13."""
        resets = {0x504: 0x480, 0x508: 0x1000, 0x50C: 1, 0x518: 0x17, 0x520: 0x15, 0x590: 0x6363,
                  0x59C: 2, 0x5A0: 1}  # fmt: skip
        return [
            *(plain(offset, name, resets.get(offset, 0)) for offset, name in _NFCT_KEPT.items()),
            *(Register(offset, name, read_only=True) for offset, name in _NFCT_STATE.items()),
        ]

    def task(self, name: str) -> None:
        """Only activation ends in something without a field."""
        if name == "ACTIVATE":
            self.after(self._ACTIVATE_US, "READY")
        elif name == "DISABLE":
            self.machine.cancel(self.name, "READY")

    def on_event(self, name: str) -> None:
        """Activation has ended."""
        self.event(name)
