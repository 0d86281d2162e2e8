"""A small USB CDC ACM device in C, written from the manuals: it enumerates, greets and echoes.

nRF52840 Product Specification v1.7, section 6.35 (start-up sequence 6.35.4, control transfers 6.35.9, bulk
transfers 6.35.10); USB 2.0, chapter 9; CDC 1.2.
"""

USB_CDC = r"""
#ifndef BULK_IN
#define BULK_IN 3
#define BULK_OUT 5
#define NOTIFY 6
#endif
#define USBD(o) REG(0x40027000 + (o))
#define EPIN(n, o) USBD(0x600 + 20 * (n) + (o))
#define EPOUT(n, o) USBD(0x700 + 20 * (n) + (o))
#define POWER(o) REG(0x40000000 + (o))
static const u8 device_descriptor[] = {18, 1, 0, 2, 2, 0, 0, 64, 0x34, 0x12, 0x78, 0x56, 0, 1, 1, 2, 0, 1};
static const u8 configuration[] = {9, 2, 67, 0, 2, 1, 0, 0x80, 50,
  9, 4, 0, 0, 1, 2, 2, 1, 0,  5, 0x24, 0, 0x10, 1,  5, 0x24, 1, 0, 1,  4, 0x24, 2, 2,  5, 0x24, 6, 0, 1,
  7, 5, 0x80 | NOTIFY, 3, 16, 0, 8,
  9, 4, 1, 0, 2, 10, 0, 0, 0,  7, 5, 0x80 | BULK_IN, 2, 64, 0, 0,  7, 5, BULK_OUT, 2, 64, 0, 0};
static const u8 language[] = {4, 3, 9, 4}, product[] = {10, 3, 'E', 0, 'c', 0, 'h', 0, 'o', 0};
static u8 ep0[64], received[64], reply[64];
static const u8 *left; static u32 left_count, sending_zero;
volatile u32 configured, line_state, baud, frames, resets, bulk_busy, touched;
static volatile u32 greeted;

static void copy(u8 *to, const u8 *from, u32 n) { while (n--) *to++ = *from++; }
static void wait_for(u32 event) { while (!USBD(event)) ; USBD(event) = 0; }

static void next_part(void) {
  u32 n = left_count > 64 ? 64 : left_count;
  copy(ep0, left, n); left += n; left_count -= n;
  EPIN(0, 0) = (u32)ep0; EPIN(0, 4) = n; USBD(0x108) = 0; USBD(0x004) = 1; wait_for(0x108);
}
static void answer(const u8 *data, u32 n) {
  u32 asked = USBD(0x498) | USBD(0x49C) << 8;
  left = data; left_count = n < asked ? n : asked; next_part();
}
static void bulk(const u8 *data, u32 n) {
  while (bulk_busy) ;
  bulk_busy = 1; copy(reply, data, n);
  EPIN(BULK_IN, 0) = (u32)reply; EPIN(BULK_IN, 4) = n;
  USBD(0x004 + 4 * BULK_IN) = 1; wait_for(0x108 + 4 * BULK_IN);
}
static void setup(void) {
  u32 type = USBD(0x480), request = USBD(0x484), value = USBD(0x488), kind = USBD(0x48C);
  if (type == 0x80 && request == 6) {
    if (kind == 1) answer(device_descriptor, sizeof device_descriptor);
    else if (kind == 2) answer(configuration, sizeof configuration);
    else if (kind == 3 && value == 0) answer(language, sizeof language);
    else if (kind == 3 && value == 2) answer(product, sizeof product);
    else USBD(0x054) = 1;
  } else if (type == 0 && request == 5) {
    /* SET_ADDRESS: the controller answers by itself. */
  } else if (type == 0 && request == 9) {
    configured = value;
    USBD(0x510) = 1 | 1 << BULK_IN | 1 << NOTIFY; USBD(0x514) = 1 | 1 << BULK_OUT;
    USBD(0x4A0 + 4 * BULK_OUT) = 0;
    USBD(0x050) = 1;
  } else if (type == 0x21 && request == 0x20) USBD(0x04C) = 1;
  else if (type == 0x21 && request == 0x22) { line_state = value; USBD(0x050) = 1; }
  else USBD(0x054) = 1;
}
void irq39_handler(void) {
  if (USBD(0x100)) { USBD(0x100) = 0; configured = 0; resets++; }
  if (USBD(0x15C)) { USBD(0x15C) = 0; setup(); }
  if (USBD(0x128)) { USBD(0x128) = 0;
    if (USBD(0x480) & 0x80) { if (left_count) next_part(); else USBD(0x050) = 1; }
    else { EPOUT(0, 0) = (u32)received; EPOUT(0, 4) = USBD(0x4A0); USBD(0x028) = 1; wait_for(0x130);
      baud = *(u32 *)received; if (baud == 1200) touched = 1; USBD(0x050) = 1; } }
  if (USBD(0x160)) { USBD(0x160) = 0; u32 status = USBD(0x46C); USBD(0x46C) = status;
    if (status >> BULK_IN & 1) bulk_busy = 0;
    if (status >> (16 + BULK_OUT) & 1) { u32 n = USBD(0x4A0 + 4 * BULK_OUT);
      EPOUT(BULK_OUT, 0) = (u32)received; EPOUT(BULK_OUT, 4) = n;
      USBD(0x028 + 4 * BULK_OUT) = 1; wait_for(0x130 + 4 * BULK_OUT);
      ECHO(received, n); } }
  if (USBD(0x154) && USBD(0x300) >> 21 & 1) { USBD(0x154) = 0; frames++; }
  BARRIER();
}
static void usb_start(void) {
  while (!POWER(0x11C)) ;
  USBD(0x400) = 1 << 11; USBD(0x500) = 1;
  POWER(0) = 1; while (!POWER(0x100)) ;
  while (!(USBD(0x400) >> 11 & 1)) ;
  USBD(0x400) = 1 << 11; USBD(0x158) = 0;
  while (!POWER(0x124)) ;
  USBD(0x304) = 1 | 1 << 10 | 1 << 23 | 1 << 24; ENABLE(39);
  USBD(0x504) = 1;
}
"""

ECHO = (
    r"""
#define ECHO(data, n) do { copy(pending + pending_count, data, n); pending_count += n; } while (0)
static volatile u8 pending_bytes[4096]; static volatile u32 pending_count;
#define pending ((u8 *)pending_bytes)
"""
    + USB_CDC
    + r"""
int main(void) {
  static u8 part[64]; u32 done = 0;
  usb_start();
  for (;;) {
    if (!(line_state & 1)) { greeted = 0; __asm volatile("wfi"); continue; }
    if (!greeted) { greeted = 1; bulk((const u8 *)"hello\r\n", 7); }
    __asm volatile("cpsid i" ::: "memory");
    u32 n = pending_count - done; if (n > 64) n = 64;
    if (!n) { __asm volatile("wfi\n cpsie i" ::: "memory"); continue; }
    copy(part, pending + done, n); done += n;
    if (done == pending_count) done = pending_count = 0;
    __asm volatile("cpsie i" ::: "memory");
    bulk(part, n);
  }
}
"""
)
