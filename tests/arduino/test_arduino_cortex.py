"""The processor by the names of CMSIS-Core, on the emulated board."""

from __future__ import annotations

import pytest
from arduino_bench import Bench, run

_CYCLES = r"""
volatile int sink;
void setup() {
  Serial.begin(115200);
  CoreDebug->DEMCR |= CoreDebug_DEMCR_TRCENA_Msk;
  DWT->CYCCNT = 0;
  DWT->CTRL |= DWT_CTRL_CYCCNTENA_Msk;
  uint32_t a = DWT->CYCCNT, us = micros();
  for (int i = 0; i < 1000; i++) { sink = i; }
  uint32_t cycles = DWT->CYCCNT - a, took = micros() - us;
  Serial.println(cycles / 64 >= took - 2 && cycles / 64 <= took + 2);
  Serial.println(cycles > 3000);
  Serial.println(SystemCoreClock);
  Serial.println(SCB->CPUID, HEX);
  Serial.println((SCB->CPACR >> 20) & 15);
  Serial.println(((uint32_t)&NVIC->STIR) == 0xE000EF00 && ((uint32_t)&NVIC->IP) == 0xE000E400);
  Serial.println(((uint32_t)&DWT->FUNCTION3) == 0xE0001058 && ((uint32_t)&FPU->FPCCR) == 0xE000EF34);
}
void loop() {}
"""

_INSTRUCTIONS = r"""
volatile uint32_t v = 0x12345678, w = 0x00020003, small = 700;
void setup() {
  Serial.begin(115200);
  Serial.println(__REV(v), HEX); Serial.println(__REV16(v), HEX); Serial.println(__RBIT(v), HEX);
  Serial.println(__CLZ(v)); Serial.println(__ROR(v, 8), HEX); Serial.println(__SSAT(small, 8));
  Serial.println(__USAT(-5, 8)); Serial.println(__SMUAD(w, w)); Serial.println(__SMLAD(w, w, 100));
  Serial.println(__QADD(0x7FFFFFFF, 1)); Serial.println((uint32_t)__SMLALD(w, w, 1));
  Serial.println(__PKHBT(v, w, 16), HEX); Serial.println(__SXTB16(0x80007F), HEX);
  uint32_t word = 5;
  uint32_t read = __LDREXW(&word);
  Serial.println(__STREXW(read + 1, &word)); Serial.println(word);
  uint32_t primask = __get_PRIMASK();
  __disable_irq(); Serial.println(__get_PRIMASK() - primask); __set_PRIMASK(primask); __enable_irq();
  Serial.println(__get_MSP() > 0x20030000 && __get_IPSR() == 0 && __get_CONTROL() <= 4);
  __DSB(); __ISB(); __DMB(); __NOP(); __SEV(); __WFE();
}
void loop() {}
"""

_TICKS = r"""
volatile int ticks;
extern "C" void SysTick_Handler() { ticks++; }
void setup() {
  Serial.begin(115200);
  NVIC_SetPriority(10, 5);
  Serial.println(NVIC_GetPriority(10));
  NVIC_EnableIRQ(10); Serial.println(NVIC_GetEnableIRQ(10)); NVIC_DisableIRQ(10); Serial.println(NVIC_GetEnableIRQ(10));
  Serial.println(SysTick_Config(1 << 25));
  Serial.println(SysTick_Config(SystemCoreClock / 1000));
  while (ticks < 5) __WFI();
  SysTick->CTRL = 0;
  Serial.println(ticks);
}
void loop() {}
"""  # noqa: E501


@pytest.mark.parametrize(
    ("text", "lines"),
    [
        (_CYCLES, ["1", "1", "64000000", "410FC241", "15", "1", "1"]),
        (
            _INSTRUCTIONS,
            ["78563412", "34127856", "1E6A2C48", "3", "78123456", "127", "0", "13", "113", "2147483647", "14",
             "35678", "FF80007F", "0", "6", "1", "1"],
        ),
        (_TICKS, ["5", "1", "0", "1", "0", "5"]),
    ],
    ids=["registers", "instructions", "interrupts"],
)  # fmt: skip
def test_names_of_the_processor(bench: Bench, text: str, lines: list[str]) -> None:
    assert run(bench.build(bench.sketch("cortex", text))).lines == lines


def test_a_library_may_bring_the_same_names(bench: Bench) -> None:
    """As CMSIS does: types under its own names, static functions, macros; before Arduino.h or behind it."""
    header = """
    #ifdef __cplusplus
    extern "C" {
    #endif
    typedef struct { volatile uint32_t CTRL, CYCCNT; } DWT_Type;
    #define DWT ((DWT_Type *)0xE0001000UL)
    static inline void __ISB(void) { __asm volatile("isb 0xF" ::: "memory"); }
    static inline uint32_t __get_PRIMASK(void) { return 77; }
    static inline void NVIC_SystemReset(void) {}
    #define __WFI() do { } while (0)
    #ifdef __cplusplus
    }
    #endif
    """
    text = (
        '#include "cortex_names.h"\nvoid setup() { Serial.begin(9600); __ISB(); NVIC_SystemReset(); '
        "DWT->CTRL; Serial.println(__get_PRIMASK()); }\nvoid loop() {}\n"
    )
    files = {"cortex_names.h": header}
    assert run(bench.build(bench.sketch("names", text, files))).lines == ["77"]


def test_in_c_too(bench: Bench) -> None:
    source = "#include <Arduino.h>\nint mask(void) { __disable_irq(); return __get_PRIMASK(); }\n"
    text = 'extern "C" int mask();\nvoid setup() { int m = mask(); interrupts(); Serial.begin(9600); '
    text += "Serial.println(m); }\nvoid loop() {}\n"
    assert run(bench.build(bench.sketch("inc", text, {"mask.c": source}))).lines == ["1"]


def test_a_reset_that_the_sketch_asks_for(bench: Bench) -> None:
    text = "void setup() { NVIC_SystemReset(); }\nvoid loop() {}\n"
    built = bench.build(bench.sketch("resets", text))
    done = run(built, seconds=1)
    assert "reset" in f"{done.ending.end.name} {done.ending}".lower()
