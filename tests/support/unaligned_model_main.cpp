// The sketch of an unaligned model without any board: what it prints, or how it faults, is dumped.
#include <stdint.h>

extern "C" {
void dump(const uint32_t* from, uint32_t size);

// Outcome (0 worked, else CFSR), what was printed or the PC of the instruction that faulted.
static uint32_t outcome[2];

static void leave() { dump(outcome, sizeof(outcome)); }

__attribute__((used)) void faulted(uint32_t* frame) {
  outcome[0] = *reinterpret_cast<volatile uint32_t*>(0xE000ED28);
  outcome[1] = frame[6];
  frame[6] = reinterpret_cast<uint32_t>(leave) & ~1u;
}

__attribute__((naked)) void hard_fault_handler() { __asm("mrs r0, msp; b faulted"); }

// What the linker asks for and nothing here calls.
void* __dso_handle;
void __cxa_pure_virtual() {
  for (;;) {
  }
}
}

void operator delete(void*) noexcept {}
void operator delete(void*, unsigned) noexcept {}

struct {
  void begin(int) {}
  void print(const char*) {}
  void println(int value) { outcome[1] = static_cast<uint32_t>(value); }
} Serial;

#include "unaligned_model.ino"

int main() {
  setup();
  loop();
  leave();
  return 0;
}
