/*
 * Boots as the core of the Nano 33 BLE does: interrupt vectors in RAM, microseconds on TIMER1, the tick
 * on RTC1, the sketch in a thread of its own with 32,768 bytes of stack among the variables. Registers:
 * nRF52840 Product Specification v1.7, sections 6.22, 6.30, 6.34; ARMv7-M ARM (DDI 0403E), B3.2.
 */
#include "kernel.h"

#include <errno.h>
#include <stddef.h>
#include <string.h>
#include <sys/stat.h>

#define REG(address) (*(volatile uint32_t *)(address))
#define RTC1 0x40011000u
#define TIMER1 0x40009000u
#define UARTE0 0x40002000u
#define VTOR REG(0xE000ED08)
#define ICSR REG(0xE000ED04)
#define PENDSV (1u << 28)
#define VECTORS 64
#define TICK_COUNTS 33 /* of 32,768 Hz: some 1,007 us */
#define NOINLINE __attribute__((noinline))
#define NAKED __attribute__((naked))

#ifndef INFO
#define INFO osRtxInfo
#endif
#ifndef MAIN_STACK
#define MAIN_STACK main_stack
#endif
#ifndef MAIN_STACK_SIZE
#define MAIN_STACK_SIZE 32768
#endif

static const uint32_t kMagic = 0xE25A2EA5, kFill = 0xCCCCCCCC;
static const uint8_t kThreadId = 0xF1;

/* The kernel's block, with the running thread and the next one where RTX 5 has them. */
struct {
  const char *os_id;
  uint32_t version;
  uint8_t state, blocked, pend_sv, reserved;
  volatile uint32_t tick;
  int32_t tick_irqn;
  thread_t *volatile curr, *volatile next;
} INFO;

enum { READY = 1, SLEEPING, WAITING };
enum { CALL_LOCK, CALL_UNLOCK, CALL_SLEEP, CALL_START };

static thread_t *threads[6];
static uint32_t thread_count;
static thread_t main_thread, idle_thread;
static uint64_t idle_stack[64];

#ifdef POOL
/* Stacks in one pool: no symbol tells where one of them begins. */
static struct { uint64_t before[256]; uint64_t main[MAIN_STACK_SIZE / 8]; uint64_t after[256]; } pool;
#define MAIN_MEMORY pool.main
#else
/* What an overflow of a few KiB meets is nothing that the kernel needs. */
__attribute__((section(".bss.below"), used)) uint64_t below[512];
__attribute__((section(".bss.main"))) uint64_t MAIN_STACK[MAIN_STACK_SIZE / 8];
#define MAIN_MEMORY MAIN_STACK
#endif

static struct {
  thread_t *owner;
  uint32_t depth;
} lock;

void (*volatile handler_job)(void);

/* --- scheduling --- */

static void choose(void) {
  thread_t *best = &idle_thread;
  for (uint32_t n = 0; n < thread_count; n++) {
    thread_t *t = threads[n];
    if (t->state == WAITING && (!lock.owner || lock.owner == t)) t->state = READY;
    if (t->state == READY && t->priority > best->priority) best = t;
  }
  INFO.next = best;
  if (best != INFO.curr) ICSR = PENDSV;
}

void kernel_stack_check(void) {
  thread_t *t = INFO.curr;
#ifndef NO_CHECK
  if (t->sp < (uint32_t)t->stack_mem || *(uint32_t *)t->stack_mem != kMagic)
    mbed_error(0x80020125, "CMSIS-RTOS error: Stack overflow", (unsigned)t, "", 0);
#endif
  (void)t;
}

/* Offsets: curr 20, next 24 in the kernel's block; stack_frame 34, sp 56 in a thread's. */
NAKED void PendSV_Handler(void) {
  __asm volatile(
      "ldr r3, =%c0\n"
      "ldr r2, [r3, #20]\n"
      "cbz r2, 1f\n"
      "mrs r0, psp\n"
      "tst lr, #16\n"
      "it eq\n"
      "vstmdbeq r0!, {s16-s31}\n"
      "stmdb r0!, {r4-r11}\n"
      "str r0, [r2, #56]\n"
      "strb lr, [r2, #34]\n"
      "push {r3, lr}\n"
      "bl kernel_stack_check\n"
      "pop {r3, lr}\n"
      "1: ldr r2, [r3, #24]\n"
      "str r2, [r3, #20]\n"
      "ldr r0, [r2, #56]\n"
      "ldrb r1, [r2, #34]\n"
      "orr lr, r1, #0xffffff00\n"
      "ldmia r0!, {r4-r11}\n"
      "tst lr, #16\n"
      "it eq\n"
      "vldmiaeq r0!, {s16-s31}\n"
      "msr psp, r0\n"
      "bx lr\n"
      ".ltorg\n"
      :
      : "i"(&INFO));
}

static void make(thread_t *t, const char *name, void (*entry)(void), void *stack, uint32_t size, int priority) {
  memset(t, 0, sizeof *t);
  t->id = kThreadId;
  t->name = name;
  t->priority = t->base = (int8_t)priority;
  t->stack_mem = stack;
  t->stack_size = size;
  t->stack_frame = 0xFD;
  uint32_t *words = stack;
  for (uint32_t n = 0; n < size / 4; n++) words[n] = kFill;
  words[0] = kMagic;
  uint32_t *top = words + size / 4;
  *--top = 0x01000000;
  *--top = (uint32_t)entry & ~1u;
  for (int n = 0; n < 14; n++) *--top = 0;
  t->sp = (uint32_t)top;
  t->state = READY;
}

static void add(thread_t *t) { threads[thread_count++] = t; }

void svc_call(uint32_t *frame) {
  thread_t *t = INFO.curr;
  switch (frame[0]) {
    case CALL_LOCK:
      if (lock.owner && lock.owner != t) {
        /* Again when it is free: the return address is behind the SVC, two bytes before it it is. */
        frame[6] -= 2;
        t->state = WAITING;
      } else {
        lock.owner = t;
        lock.depth++;
      }
      break;
    case CALL_UNLOCK:
      if (!--lock.depth) lock.owner = NULL;
      break;
    case CALL_SLEEP:
      t->delay = frame[1];
      t->state = SLEEPING;
      break;
    case CALL_START:
      add((thread_t *)frame[1]);
      break;
  }
  choose();
}

NAKED void SVC_Handler(void) { __asm volatile("mrs r0, psp\n push {r4, lr}\n bl svc_call\n pop {r4, pc}\n"); }

/* r0 and r1 are stacked, and read from there by the handler. */
static NOINLINE void call(uint32_t what, uint32_t argument) {
  register uint32_t r0 __asm("r0") = what;
  register uint32_t r1 __asm("r1") = argument;
  __asm volatile("svc #0" : : "r"(r0), "r"(r1) : "memory");
}

void RTC1_Handler(void) {
  REG(RTC1 + 0x144) = 0;
  uint32_t next = REG(RTC1 + 0x544);
  /* A tick that was kept waiting is made up for: a match needs CC two counts ahead (6.22.7). */
  do {
    next = (next + TICK_COUNTS) & 0xFFFFFF;
    INFO.tick++;
    for (uint32_t n = 0; n < thread_count; n++)
      if (threads[n]->state == SLEEPING && !--threads[n]->delay) threads[n]->state = READY;
  } while (((next - REG(RTC1 + 0x504) - 2) & 0xFFFFFF) > 0x800000);
  REG(RTC1 + 0x544) = next;
  choose();
}

void SWI0_Handler(void) {
  void (*job)(void) = handler_job;
  handler_job = NULL;
  if (job) job();
}

void thread_start(thread_t *t, const char *name, void (*entry)(void), void *stack, uint32_t size, int priority) {
  make(t, name, entry, stack, size, priority);
  call(CALL_START, (uint32_t)t);
}

char *stack_bottom(void) { return INFO.curr->stack_mem; }

uint32_t stack_bytes(void) { return INFO.curr->stack_size; }

void thread_sleep(uint32_t ms) { call(CALL_SLEEP, ms + 1); }

/* --- time and text --- */

unsigned long micros(void) {
  REG(TIMER1 + 0x40) = 1;
  return REG(TIMER1 + 0x540);
}

unsigned long millis(void) { return INFO.tick * TICK_COUNTS * 1000ull / 32768; }

void delay(unsigned long ms) { thread_sleep(ms); }

void print(const char *text) {
  static char buffer[64];
  while (*text) {
    uint32_t n = 0;
    while (text[n] && n < sizeof buffer) buffer[n] = text[n], n++;
    text += n;
    REG(UARTE0 + 0x120) = 0;
    REG(UARTE0 + 0x544) = (uint32_t)buffer;
    REG(UARTE0 + 0x548) = n;
    REG(UARTE0 + 0x008) = 1;
    while (!REG(UARTE0 + 0x120)) {
    }
  }
}

void print_number(long number) {
  char text[12], *p = text + 11;
  unsigned long rest = number < 0 ? -(unsigned long)number : (unsigned long)number;
  *p = 0;
  do *--p = (char)('0' + rest % 10);
  while (rest /= 10);
  if (number < 0) *--p = '-';
  print(p);
}

/* --- ways to end --- */

__attribute__((noipa)) void mbed_error(uint32_t status, const char *message, unsigned value, const char *file, int line) {
  (void)status, (void)value, (void)file, (void)line;
  __asm volatile("cpsid i" : : : "memory");
  print("\n++ error: ");
  print(message);
  print("\n");
  for (;;) {
    __asm volatile("" : : : "memory");
  }
}

void HardFault_Handler(void) { mbed_error(0x80FF013D, "Fault exception", 0, "", 0); }

/* --- what newlib asks for --- */

struct _reent;
void __malloc_lock(struct _reent *r) {
  (void)r;
  if (INFO.curr && !(ICSR & 0x1FF)) call(CALL_LOCK, 0);
}
void __malloc_unlock(struct _reent *r) {
  (void)r;
  if (INFO.curr && !(ICSR & 0x1FF)) call(CALL_UNLOCK, 0);
}

extern char __end__[], __HeapLimit[];
void *_sbrk(ptrdiff_t increment) {
  static char *heap = __end__;
  if (increment > __HeapLimit - heap) {
    errno = ENOMEM;
    return (void *)-1;
  }
  char *before = heap;
  heap += increment;
  return before;
}

void _exit(int status) {
  (void)status;
  for (;;) {
    __asm volatile("" : : : "memory");
  }
}
int _kill(int pid, int signal) { return (void)pid, (void)signal, -1; }
int _getpid(void) { return 1; }
int _write(int file, char *data, int size) { return (void)file, (void)data, size; }
int _read(int file, char *data, int size) { return (void)file, (void)data, (void)size, 0; }
int _close(int file) { return (void)file, -1; }
int _isatty(int file) { return (void)file, 1; }
int _lseek(int file, int offset, int whence) { return (void)file, (void)offset, (void)whence, 0; }
int _fstat(int file, struct stat *what) {
  (void)file;
  what->st_mode = S_IFCHR;
  return 0;
}
void _init(void) {}
void _fini(void) {}

#ifdef HEADER
/* As an operating system that counts what is allocated: a header of 8 bytes before each block. */
struct _reent;
void *__real__malloc_r(struct _reent *, size_t);
void __real__free_r(struct _reent *, void *);
void *__wrap__malloc_r(struct _reent *r, size_t size) {
  uint32_t *block = __real__malloc_r(r, size + 8);
  if (!block) return NULL;
  block[0] = size;
  block[1] = 0xF00DF00D;
  return block + 2;
}
void __wrap__free_r(struct _reent *r, void *p) {
  if (p) __real__free_r(r, (uint32_t *)p - 2);
}
#endif

/* --- boot --- */

static void idle(void) {
  for (;;) __asm volatile("wfi");
}

void before_setup(void);

static void run_sketch(void) {
  before_setup();
  setup();
  for (;;) loop();
}

static void unexpected(void) { mbed_error(0x80FF0101, "unexpected interrupt", ICSR & 0x1FF, "", 0); }

void Reset_Handler(void);
extern uint32_t __StackTop[], data_start[], data_end[], data_load[], bss_start[], bss_end[];

__attribute__((section(".vectors"), used)) static void (*const vectors[VECTORS])(void) = {
    (void (*)(void))__StackTop, Reset_Handler, unexpected, HardFault_Handler, HardFault_Handler,
    HardFault_Handler, HardFault_Handler, unexpected, unexpected, unexpected, unexpected, SVC_Handler,
    unexpected, unexpected, PendSV_Handler, unexpected,
    [16 ... 16 + 16] = unexpected, [16 + 17] = RTC1_Handler, [16 + 18 ... 16 + 19] = unexpected,
    [16 + 20] = SWI0_Handler, [16 + 21 ... VECTORS - 1] = unexpected,
};

static void start_hardware(void) {
  REG(0xE000ED88) |= 0xF << 20; /* CPACR: the floating-point unit */
  __asm volatile("dsb\n isb");
  uint32_t *table = (uint32_t *)0x20000000;
  for (int n = 0; n < VECTORS; n++) table[n] = (uint32_t)vectors[n];
  VTOR = 0x20000000;
  __asm volatile("dsb\n isb");
  REG(0x40000008) = 1; /* CLOCK.TASKS_LFCLKSTART */
  while (!REG(0x40000104)) {
  }
  REG(TIMER1 + 0x508) = 3;
  REG(TIMER1 + 0x510) = 4;
  REG(TIMER1) = 1;
  /* Whatever a bootloader has left of the UART: stop receiving and wait until it has. */
  REG(UARTE0 + 0x500) = 8;
  REG(UARTE0 + 0x144) = 0;
  REG(UARTE0 + 0x004) = 1;
  while (!REG(UARTE0 + 0x144)) {
  }
  REG(UARTE0 + 0x524) = 0x01D60000; /* 115,200 baud */
  *(volatile uint8_t *)(0xE000ED22) = 0xE0; /* PendSV */
  *(volatile uint8_t *)(0xE000ED1F) = 0xC0; /* SVC */
  *(volatile uint8_t *)(0xE000E400 + 17) = 0xC0;
  *(volatile uint8_t *)(0xE000E400 + 20) = 0xC0;
  REG(RTC1 + 0x544) = TICK_COUNTS;
  REG(RTC1 + 0x304) = 1 << 17;
  REG(RTC1) = 1;
  REG(0xE000E100) = 1 << 17 | 1 << 20;
}

void Reset_Handler(void) {
  for (uint32_t *to = data_start, *from = data_load; to < data_end;) *to++ = *from++;
  for (uint32_t *to = bss_start; to < bss_end;) *to++ = 0;
  __asm volatile("cpsid i");
  start_hardware();
  make(&idle_thread, "idle", idle, idle_stack, sizeof idle_stack, -1);
  make(&main_thread, "main", run_sketch, MAIN_MEMORY, MAIN_STACK_SIZE, 1);
  add(&main_thread);
#ifdef BY_MSR
  /* Into the first thread without an exception, as Zephyr does. */
  INFO.curr = &main_thread;
  __asm volatile(
      "msr psp, %0\n movs r0, #2\n msr control, r0\n isb\n cpsie i\n bx %1\n"
      :
      : "r"((char *)MAIN_MEMORY + MAIN_STACK_SIZE), "r"(run_sketch)
      : "r0", "memory");
#else
  choose();
  __asm volatile("cpsie i\n isb");
#endif
  for (;;) {
  }
}
