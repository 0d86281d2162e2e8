#include "ArduinoApi.h"

void shiftOut(pin_size_t data, pin_size_t clock, uint8_t order, uint8_t value) {
  for (int i = 0; i < 8; i++) {
    digitalWrite(data, (value >> (order == LSBFIRST ? i : 7 - i)) & 1);
    digitalWrite(clock, HIGH);
    digitalWrite(clock, LOW);
  }
}

uint8_t shiftIn(pin_size_t data, pin_size_t clock, uint8_t order) {
  uint8_t value = 0;
  for (int i = 0; i < 8; i++) {
    digitalWrite(clock, HIGH);
    value |= (uint8_t)(digitalRead(data) << (order == LSBFIRST ? i : 7 - i));
    digitalWrite(clock, LOW);
  }
  return value;
}

/* Waits until the pin has the value; false when the time is up. */
static int wait_for(pin_size_t pin, int value, unsigned long start, unsigned long timeout_us) {
  while ((digitalRead(pin) != LOW) != value) {
    if ((uint32_t)(micros() - start) >= timeout_us) {
      return 0;
    }
  }
  return 1;
}

unsigned long mlbench_pulse_in(pin_size_t pin, uint8_t state, unsigned long timeout_us) {
  unsigned long start = micros();
  int level = state != LOW;
  /* A pulse that is on already does not count. */
  if (!wait_for(pin, !level, start, timeout_us) || !wait_for(pin, level, start, timeout_us)) {
    return 0;
  }
  unsigned long begin = micros();
  if (!wait_for(pin, !level, start, timeout_us)) {
    return 0;
  }
  return (uint32_t)(micros() - begin);
}
