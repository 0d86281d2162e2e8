#include "ArduinoApi.h"
#include "mlbench_registers.h"

/* There only when the sketch has analogWrite(): takes a pin back from PWM. */
extern void mlbench_pwm_release(uint32_t gpio) __attribute__((weak));

void pinMode(pin_size_t pin, uint8_t mode) {
  if (pin >= PINS_COUNT) {
    return;
  }
  uint32_t gpio = mlbench_gpio[pin];
  if (mlbench_pwm_release) {
    mlbench_pwm_release(gpio);
  }
  uint32_t config = 0;
  if (mode == OUTPUT) {
    /* The input stays connected: digitalRead() gives what is on the pin. */
    config = PIN_CNF_OUTPUT;
  } else if (mode == INPUT_PULLUP) {
    config = PIN_CNF_PULLUP;
  } else if (mode == INPUT_PULLDOWN) {
    config = PIN_CNF_PULLDOWN;
  }
  GPIO_PIN_CNF(gpio) = config;
}

void digitalWrite(pin_size_t pin, uint8_t value) {
  if (pin >= PINS_COUNT) {
    return;
  }
  uint32_t gpio = mlbench_gpio[pin];
  if (mlbench_pwm_release) {
    mlbench_pwm_release(gpio);
  }
  if (value) {
    GPIO_OUTSET(gpio) = GPIO_BIT(gpio);
  } else {
    GPIO_OUTCLR(gpio) = GPIO_BIT(gpio);
  }
}

PinStatus digitalRead(pin_size_t pin) {
  if (pin >= PINS_COUNT) {
    return LOW;
  }
  uint32_t gpio = mlbench_gpio[pin];
  return GPIO_IN(gpio) & GPIO_BIT(gpio) ? HIGH : LOW;
}
