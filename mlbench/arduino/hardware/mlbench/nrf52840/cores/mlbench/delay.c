/* delay(): sleeps until a compare event of TIMER1, so that an emulator can let the time pass at once. */
#include "Arduino.h"
#include "nrf52840.h"

__attribute__((weak)) void yield(void) {}

void TIMER1_IRQHandler(void) {
  TIMER1_INTENCLR = TIMER_INT_COMPARE(1);
  mlbench_event_clear(&TIMER1_EVENTS_COMPARE(1));
}

/* In a handler, or with interrupts masked, the compare interrupt would not be taken. */
static int can_sleep(void) {
  uint32_t ipsr, primask, basepri;
  __asm volatile("mrs %0, ipsr\n\tmrs %1, primask\n\tmrs %2, basepri" : "=r"(ipsr), "=r"(primask), "=r"(basepri));
  return (ipsr | primask | basepri) == 0;
}

static void sleep_until(uint32_t target) {
  mlbench_irq_enable(TIMER1_IRQ);
  TIMER1_CC(1) = target;
  mlbench_event_clear(&TIMER1_EVENTS_COMPARE(1));
  TIMER1_INTENSET = TIMER_INT_COMPARE(1);
  /*
   * With interrupts masked WFI still wakes for a pending one, so none is lost between the look at
   * the time and the sleep. A target seen to be ahead, after CC was written, will be met.
   */
  uint32_t primask = mlbench_irq_save();
  if ((int32_t)(target - micros()) > 0) {
    __asm volatile("dsb\n\twfi" : : : "memory");
  }
  mlbench_irq_restore(primask);
  __asm volatile("isb" : : : "memory");
}

void delay(unsigned long ms) {
  int sleepy = can_sleep();
  uint64_t end = mlbench_micros64() + 1000ull * ms;
  for (;;) {
    yield();
    uint64_t now = mlbench_micros64();
    if (now >= end) {
      return;
    }
    if (sleepy) {
      uint64_t left = end - now;
      sleep_until((uint32_t)now + (left < 0x40000000u ? (uint32_t)left : 0x40000000u));
    }
  }
}
