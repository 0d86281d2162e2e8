/* micros() and millis() from TIMER1, which runs at 1 MHz. No interrupt is used. */
#include "ArduinoApi.h"
#include "mlbench_registers.h"

/*
 * An interrupt between the two accesses that captures too makes this return the later time: still
 * a time within this call.
 */
unsigned long micros(void) {
  TIMER1_TASKS_CAPTURE(0) = 1;
  return TIMER1_CC(0);
}

/*
 * Carries past the 32 bits of the timer in software: exact as long as it is called (by millis() or
 * delay()) at least once in 71 minutes. An overflow interrupt would be an event that is always to
 * come, in firmware that has otherwise stopped.
 */
uint64_t mlbench_micros64(void) {
  static uint32_t last, high;
  uint32_t primask = mlbench_irq_save();
  uint32_t now = micros();
  if (now < last) {
    high++;
  }
  last = now;
  uint64_t value = ((uint64_t)high << 32) | now;
  mlbench_irq_restore(primask);
  return value;
}

unsigned long millis(void) { return (unsigned long)(mlbench_micros64() / 1000u); }

void delayMicroseconds(unsigned int us) {
  uint32_t start = micros();
  while (micros() - start < us) {
  }
}
