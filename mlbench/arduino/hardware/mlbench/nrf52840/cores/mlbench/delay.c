/* delay(): sleeps until a compare event of TIMER1, so that an emulator can let the time pass at once. */
#include "ArduinoApi.h"
#include "mlbench_registers.h"

__attribute__((weak)) void yield(void) {}

void TIMER1_IRQHandler(void) {
  TIMER1_INTENCLR = TIMER_INT_COMPARE(1);
  mlbench_event_clear(&TIMER1_EVENTS_COMPARE(1));
}

void mlbench_nap(uint32_t us) {
  if (mlbench_irq_masked() || !mlbench_wakeable()) {
    return;
  }
  uint32_t target = (uint32_t)micros() + us;
  mlbench_irq_enable(TIMER1_IRQ);
  TIMER1_CC(1) = target;
  mlbench_event_clear(&TIMER1_EVENTS_COMPARE(1));
  TIMER1_INTENSET = TIMER_INT_COMPARE(1);
  /*
   * With interrupts masked WFI still wakes for a pending one, so none is lost between the look at
   * the time and the sleep. A target seen to be ahead, after CC was written, will be met.
   */
  noInterrupts();
  if ((int32_t)(target - (uint32_t)micros()) > 0) {
    mlbench_wfi();
  }
  interrupts();
  __asm volatile("isb" : : : "memory");
  /* Woken by another: nothing is to come later. */
  TIMER1_INTENCLR = TIMER_INT_COMPARE(1);
}

void delay(unsigned long ms) {
  uint64_t end = mlbench_micros64() + 1000ull * ms;
  for (;;) {
    yield();
    uint64_t now = mlbench_micros64();
    if (now >= end) {
      return;
    }
    uint64_t left = end - now;
    mlbench_nap(left < 0x40000000u ? (uint32_t)left : 0x40000000u);
  }
}
