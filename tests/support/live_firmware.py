"""Firmware that talks on UARTE0, for whoever holds its other end."""

UART_ECHO = r"""
#define UART 0x40002000
static u8 byte, text[] = "ready\n";
static void wait_for(u32 event) {
  while (!REG(UART + event)) __asm volatile("wfi");
  REG(UART + event) = 0; REG(0xE000E280) = 1 << 2; }
static void send(u8 *data, u32 n) {
  REG(UART + 0x544) = (u32)data; REG(UART + 0x548) = n; REG(UART + 8) = 1; wait_for(0x120); }
int main(void) {
  __asm volatile("cpsid i" ::: "memory");
  REG(UART + 0x500) = 8; REG(UART + 0x524) = 0x01D7E000; REG(UART + 0x304) = 1 << 4 | 1 << 8; ENABLE(2);
  send(text, 6);
  for (;;) {
    REG(UART + 0x534) = (u32)&byte; REG(UART + 0x538) = 1; REG(UART) = 1; wait_for(0x110);
    if (byte >= 'a' && byte <= 'z') byte -= 32;
    send(&byte, 1);
    if (byte == '!') { REG(0xE000ED0C) = 0x05FA0004; BARRIER(); for (;;) ; }
    if (byte == '?') *(volatile u32 *)0x60000000 = 1;
  }
}
"""

CHATTER = r"""
#define UART 0x40002000
static u8 text[] = "\x1b[31mtick\x07 \xe2\x80\xae\n";
int main(void) {
  REG(UART + 0x500) = 8; REG(UART + 0x524) = 0x01D7E000;
  REG(0x40008508) = 3; REG(0x40008540) = 100000; REG(0x40008200) = 1; REG(0x40008304) = 1 << 16;
  REG(0x40008000) = 1;
  for (;;) { ENABLE(8); __asm volatile("cpsid i\n wfi" ::: "memory");
    if (!REG(0x40008140)) continue;
    REG(0x40008140) = 0; REG(0xE000E280) = 1 << 8;
    REG(UART + 0x544) = (u32)text; REG(UART + 0x548) = sizeof text - 1; REG(UART + 8) = 1; }
}
"""

LINES = r"""
#define UART 0x40002000
static u8 byte, line[64];
static volatile u32 length, whole;
void irq2_handler(void) {
  if (!REG(UART + 0x110)) return;
  REG(UART + 0x110) = 0; line[length++ & 63] = byte; whole = byte == '\n'; BARRIER(); }
int main(void) {
  REG(UART + 0x500) = 8; REG(UART + 0x524) = 0x01D7E000; REG(UART + 0x200) = 1 << 5;
  REG(UART + 0x534) = (u32)&byte; REG(UART + 0x538) = 1; REG(UART + 0x304) = 1 << 4; ENABLE(2); REG(UART) = 1;
  for (;;) {
    while (!whole) __asm volatile("wfi");
    REG(UART + 0x544) = (u32)line; REG(UART + 0x548) = length; whole = length = 0;
    REG(UART + 0x120) = 0; REG(UART + 8) = 1; while (!REG(UART + 0x120)) ;
  }
}
"""
"""Says each line again. A byte at a time is received, and the next one overwrites what nobody has taken."""
