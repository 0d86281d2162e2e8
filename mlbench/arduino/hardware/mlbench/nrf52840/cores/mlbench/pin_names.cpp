/* Arduino's functions for pins by the chip's own names. A pin that the board has no number for is driven as it is. */
#include "ArduinoApi.h"
#include "mlbench_registers.h"

static pin_size_t number_of(PinName name) {
  pin_size_t pin = 0;
  while (pin < PINS_COUNT && mlbench_gpio[pin] != (uint8_t)name) {
    pin++;
  }
  return pin;
}

void pinMode(PinName name, uint8_t mode) {
  pin_size_t pin = number_of(name);
  if (pin < PINS_COUNT) {
    pinMode(pin, mode);
  } else if (name != NC) {
    GPIO_PIN_CNF(name) = mode == OUTPUT           ? PIN_CNF_OUTPUT
                         : mode == INPUT_PULLUP   ? PIN_CNF_PULLUP
                         : mode == INPUT_PULLDOWN ? PIN_CNF_PULLDOWN
                                                  : 0u;
  }
}

void digitalWrite(PinName name, uint8_t value) {
  pin_size_t pin = number_of(name);
  if (pin < PINS_COUNT) {
    digitalWrite(pin, value);
  } else if (name != NC && value) {
    GPIO_OUTSET(name) = GPIO_BIT(name);
  } else if (name != NC) {
    GPIO_OUTCLR(name) = GPIO_BIT(name);
  }
}

PinStatus digitalRead(PinName name) {
  return name != NC && (GPIO_IN(name) & GPIO_BIT(name)) ? HIGH : LOW;
}

int analogRead(PinName name) { return analogRead(number_of(name)); }
void analogWrite(PinName name, int value) { analogWrite(number_of(name), value); }
void attachInterrupt(PinName name, voidFuncPtr callback, uint8_t mode) {
  attachInterrupt(number_of(name), callback, mode);
}
void detachInterrupt(PinName name) { detachInterrupt(number_of(name)); }
