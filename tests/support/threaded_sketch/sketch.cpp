/* A sketch with a model, in the main thread of the kernel beside it; `way` says what goes wrong. */
#include <setjmp.h>
#include <stdlib.h>
#include <string.h>

#include "kernel.h"

#define NOINLINE __attribute__((noinline))

enum {
  GOOD, ABORTS, ASSERTS, NEW_FAILS, EXITS, ERRORS, DENSE, SPARSE, WRITES_NULL, HANGS, TERMINATES, FAULTS,
  MOVES, IN_HANDLER, JUMPS, WORKER_SPARSE, EXITS_WELL, PURE_VIRTUAL, DEEP, SLEEPS, WAITS,
  WAITS_A_WHILE
};

/* Written into the image by the tests: what happens, and how many bytes the worker's blocks have. */
extern "C" {
extern const volatile uint32_t way = GOOD, churn = 40;
}

void *operator new[](size_t size) { return operator new(size); }
void operator delete[](void *memory) noexcept { free(memory); }
void operator delete[](void *memory, size_t) noexcept { free(memory); }
void *operator new(size_t size) {
  void *memory = malloc(size);
  if (!memory) mbed_error(0x8001011F, "Operator new out of memory", size, "new.cpp", 7);
  return memory;
}

void operator delete(void *memory) noexcept { free(memory); }
void operator delete(void *memory, size_t) noexcept { free(memory); }

namespace std {
[[noreturn]] NOINLINE void terminate() noexcept { abort(); }
}  // namespace std

extern "C" [[noreturn]] NOINLINE void __assert_func(const char *file, int line, const char *function, const char *text) {
  (void)file, (void)line, (void)function;
  print(text);
  abort();
}
extern "C" [[noreturn]] NOINLINE void __cxa_pure_virtual() { abort(); }

#define CHECK(what) ((what) ? (void)0 : __assert_func("sketch.cpp", __LINE__, __func__, #what))

static thread_t worker_thread;
static uint64_t worker_stack[128];
static volatile uint32_t turns;
static char *volatile early, *volatile kept;
static jmp_buf back;
static int8_t *arena;

/* Fills the stack down to an address, and stays there for longer than a tick. */
NOINLINE static int deep(const char *until) {
  volatile char frame[200];
  memset((void *)frame, 1, sizeof frame);
  if ((const char *)frame > until) return deep(until) + frame[7];
  for (unsigned long begin = micros(); micros() - begin < 3000;) {
  }
  return frame[9];
}

template <int SIZE>
NOINLINE int wide() {
  volatile char frame[SIZE];
  frame[0] = 1;
  return frame[0];
}

/* Allocates all the time, above the sketch's priority: it comes in between, also inside of malloc. */
static void work() {
  static char *held[3];
  while (way == WAITS || way == WAITS_A_WHILE) thread_sleep(500);
  for (;;) {
    for (char *&block : held) {
      free(block);
      block = (char *)malloc(churn + turns % 7 * 24);
      if (block) block[0] = 1;
      turns++;
    }
    if (way == WORKER_SPARSE && turns == 9) wide<3000>();
    thread_sleep(1);
  }
}

NOINLINE void model_init() {
  if (way == ABORTS) abort();
  if (way == NEW_FAILS)
    for (;;) kept = new char[5000];
  arena = (int8_t *)malloc(9000);
  if (!arena) for (;;) {}
  memset(arena, 3, 9000);
}

NOINLINE float model_scale(int32_t sum) { return (float)sum * 0.5f; }

/* As cores have it: an interrupt would move the head. */
static struct UARTSerial {
  volatile int head, tail;
  NOINLINE int available() { return head - tail; }
} serial;

/* For longer than any run; the float in use makes its frames the larger ones. */
NOINLINE static void sleep_long(int32_t *out) {
  *out = (int32_t)model_scale(*out);
  delay(100000000);
  *out += 1;
}

NOINLINE void model_infer(int32_t *out) {
  switch (way) {
    case ASSERTS: CHECK(out == nullptr); break;
    case EXITS: exit(3);
    case ERRORS: mbed_error(0x80FF0144, "Assertion failed: scale > 0", 5, "model.cpp", 12);
    case DENSE: deep(stack_bottom() - 1000); break;
    case DEEP: deep(stack_bottom() + stack_bytes() - 20000); break;
    case SPARSE: wide<33400>(); break;
    case WRITES_NULL: *(volatile int *volatile *)&out[0] = 0; *(volatile int *)nullptr = 1; break;
    case HANGS: for (;;) {}
    case TERMINATES: std::terminate();
    case FAULTS: *out = *(volatile int *)0x20041000; break;
    case PURE_VIRTUAL: __cxa_pure_virtual();
    case WAITS: while (!serial.available()) {} break;
    case WAITS_A_WHILE: while (!serial.available() && millis() < 9000) {} break;
    case SLEEPS: sleep_long(out); break;
    case JUMPS: if (!*out) longjmp(back, 1); break;
  }
  int32_t sum = 0;
  int16_t *columns = (int16_t *)malloc(2400);
  if (!columns) for (;;) {}
  for (int n = 0; n < 20000; n++) {
    columns[n % 1200] = (int16_t)(arena[n % 9000] * n);
    sum += columns[n % 1200];
  }
  float scaled = model_scale(sum);
  free(columns);
  char *last = new char[300];
  last[0] = (char)scaled;
  *out = way == MOVES ? (int32_t)last : sum + last[0];
  delete[] last;
}

static int32_t output;
static void infer_in_handler() { model_infer(&output); }

#ifdef TEMPLATE
extern "C" {
extern const volatile uint32_t mlbench_alloc_size;
}
/* In flash: a compiler puts what is volatile into RAM. */
__asm(".section .rodata.alloc_size, \"a\", %progbits\n.global mlbench_alloc_size\n.balign 4\n"
      ".type mlbench_alloc_size, %object\n.size mlbench_alloc_size, 4\n"
      "mlbench_alloc_size: .word 0\n.text\n");
static char *ptr;
#endif

static void infer() {
  if (way == IN_HANDLER) {
    handler_job = infer_in_handler;
    *(volatile uint32_t *)0xE000E200 = 1 << 20;
    while (handler_job) {
    }
  } else if (setjmp(back) == 0) {
    model_infer(&output);
  } else {
    output++;
  }
}

extern "C" void setup() {
#ifdef TEMPLATE
  ptr = (char *)malloc(mlbench_alloc_size);
  if (ptr == NULL) {
    for (;;) {}
  }
#endif
  unsigned long begin = micros();
  model_init();
  infer();
#ifdef TEMPLATE
  free(ptr);
#endif
  print("result ");
  print_number(output);
  print(micros() - begin > 100 ? " in time\n" : " too early\n");
  if (way == EXITS_WELL) exit(0);
}

extern "C" void loop() {
#ifdef TEMPLATE
  print("1\n");
#else
  infer();
#endif
  delay(2);
}

/* Before setup(): a thread, and memory that stays. */
extern "C" void before_setup() {
  early = (char *)malloc(700);
  early[0] = 1;
  thread_start(&worker_thread, "worker", work, worker_stack, sizeof worker_stack, 2);
  thread_sleep(5);
}
