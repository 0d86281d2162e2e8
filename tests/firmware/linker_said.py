"""What linkers of several binutils said of failed links, to the letter."""

from __future__ import annotations

_SUMMARY = "collect2: error: ld returned 1 exit status\n"
_NO_START = "LD: warning: cannot find entry symbol _start; defaulting to 00008000\n"

_SAID: dict[str, tuple[str, str]] = {
    # 2.35.2, of gcc 8.3; what 2.38 says of an option is the same to the letter.
    "2.35 option": (
        "unrecognized option '--no-warn-rwx-segments'",
        "LD: unrecognized option '--no-warn-rwx-segments'\n"
        "LD: use the --help option for usage information\n" + _SUMMARY,
    ),
    "2.35 library": ("cannot find -lfoo", "LD: cannot find -lfoo\n" + _SUMMARY),
    "2.35 backwards": (
        "cannot move location counter backwards (from 0000000020000008 to 0000000020000004)",
        "LD:back.ld:4 cannot move location counter backwards"
        " (from 0000000020000008 to 0000000020000004)\n" + _SUMMARY,
    ),
    "2.35 overlap": (
        "section .y LMA [0000000000010000,0000000000010003]"
        " overlaps section .text LMA [0000000000010000,0000000000010013]",
        "LD: section .y LMA [0000000000010000,0000000000010003]"
        " overlaps section .text LMA [0000000000010000,0000000000010013]\n" + _SUMMARY,
    ),
    # 2.40, of gcc 12.2.
    "2.40 library": (
        "cannot find -lfoo: No such file or directory",
        "LD: cannot find -lfoo: No such file or directory\n" + _SUMMARY,
    ),
    "2.40 twice": (
        "multiple definition of `f'; /tmp/ccf6PuFI.o:/w/a.c:1: first defined here",
        "LD: /tmp/ccZCIFSD.o: in function `f':\n"
        "/w/b.c:1: multiple definition of `f'; /tmp/ccf6PuFI.o:/w/a.c:1: first defined here\n"
        + _NO_START
        + _SUMMARY,
    ),
    "2.40 region": (
        "a.out section `.bss' will not fit in region `RAM'",
        "LD: a.out section `.bss' will not fit in region `RAM'\n"
        "LD: region `RAM' overflowed by 4904 bytes\n" + _SUMMARY,
    ),
    "2.40 assertion": ("heap and stack collide", "LD: heap and stack collide\n" + _SUMMARY),
    "2.40 syntax": ("syntax error", "LD:syn.ld:6: syntax error\n" + _SUMMARY),
    "2.40 symbol": (
        "undefined symbol `nosuch' referenced in expression",
        "LD:sym.ld:6: undefined symbol `nosuch' referenced in expression\n" + _SUMMARY,
    ),
    "2.40 script": (
        "cannot open linker script file other.ld: No such file or directory",
        "LD: cannot open linker script file other.ld: No such file or directory\n" + _SUMMARY,
    ),
    "2.40 no object": (
        "g.o: file format not recognized; treating as linker script",
        "LD:g.o: file format not recognized; treating as linker script\nLD:g.o:0: syntax error\n" + _SUMMARY,
    ),
    "2.40 registers": (
        "hard.o uses VFP register arguments, a.out does not",
        "LD: error: hard.o uses VFP register arguments, a.out does not\n"
        "LD: failed to merge target specific data of file hard.o\n"
        + _NO_START
        + "LD: /tmp/ccur0WLh.o: in function `main':\n"
        "s.c:(.text+0x10): undefined reference to `__aeabi_f2iz'\n" + _SUMMARY,
    ),
    "2.40 emulation": (
        "unrecognised emulation mode: elf_nowhere",
        "LD: unrecognised emulation mode: elf_nowhere\nSupported emulations: armelf\n" + _SUMMARY,
    ),
    "2.40 output": (
        "cannot open output file /nodir/x.elf: No such file or directory",
        "LD: cannot open output file /nodir/x.elf: No such file or directory\n" + _SUMMARY,
    ),
    "2.40 too far": (
        "relocation truncated to fit: R_ARM_THM_JUMP11 against symbol `far'"
        " defined in *ABS* section in a.out",
        "/tmp/ccmRTnGW.o: in function `g':\n"
        "r.c:(.text+0x4): relocation truncated to fit: R_ARM_THM_JUMP11 against symbol `far'"
        " defined in *ABS* section in a.out\n" + _SUMMARY,
    ),
    "2.40 required": (
        "required symbol `zz' not defined",
        "LD: required symbol `zz' not defined\n" + _NO_START + _SUMMARY,
    ),
    "2.40 fatal warning": (
        "cannot find entry symbol _start; defaulting to 00008000",
        "w.c:1:2: warning: unused [-Wunused]\n" + _NO_START + _SUMMARY,
    ),
    "2.40 no linker": (
        "cannot find 'ld'",
        "collect2: fatal error: cannot find 'ld'\ncompilation terminated.\n",
    ),
    # 2.44, of gcc 14.2.
    "2.44 undefined": (
        "undefined reference to `nowhere'",
        _NO_START + "LD: /tmp/ccw8Dvyv.o: in function `main':\n"
        "/w/u.c:1:(.text+0x4): undefined reference to `nowhere'\n"
        "LD: (nowhere): Unknown destination type (ARM/Thumb) in /tmp/ccw8Dvyv.o\n"
        "/w/u.c:1:(.text+0x4): dangerous relocation: unsupported relocation\n" + _SUMMARY,
    ),
    "2.44 label": (
        "/tmp/ccSpULFN.o(lbl): Unknown destination type (ARM/Thumb) in /tmp/ccSpULFN.o",
        "LD: /tmp/ccSpULFN.o(lbl): Unknown destination type (ARM/Thumb) in /tmp/ccSpULFN.o\n"
        "/tmp/ccSpULFN.o: in function `main':\n"
        "(.text+0x0): dangerous relocation: unsupported relocation\n" + _SUMMARY,
    ),
}

LD = "/usr/lib/gcc/arm-none-eabi/12.2.1/../../../arm-none-eabi/bin/ld"
FAILED_LINKS = {name: (first, text.replace("LD:", f"{LD}:")) for name, (first, text) in _SAID.items()}
"""By version and cause: what names the failure, and all that was said."""
BESIDE = ("collect2: error: ld returned", "use the --help option", "in function `", "Supported emulations:")
"""Lines that say no more than others do."""
