/* analogRead() by the SAADC: single ended, full scale is the supply. */
#include "ArduinoApi.h"
#include "mlbench_registers.h"

static int resolution = 10;

void analogReadResolution(int bits) { resolution = bits < 1 ? 1 : bits > 31 ? 31 : bits; }

int analogRead(pin_size_t pin) {
  if (pin >= PIN_A0) {
    pin -= PIN_A0;
  }
  if (pin >= NUM_ANALOG_INPUTS) {
    return 0;
  }
  int hardware_bits = resolution <= 8 ? 8 : resolution <= 10 ? 10 : resolution <= 12 ? 12 : 14;
  volatile int16_t result = 0;

  SAADC_ENABLE = 1;
  SAADC_RESOLUTION = (uint32_t)(hardware_bits - 8) / 2;
  SAADC_CH0_PSELP = mlbench_ain[pin] + 1u;
  SAADC_CH0_PSELN = 0;
  /* Gain 1/4 against a reference of VDD/4, 10 us to settle: CH[n].CONFIG, section 6.23. */
  SAADC_CH0_CONFIG = (2u << 8) | (1u << 12) | (2u << 16);
  SAADC_RESULT_PTR = MLB_PTR(&result);
  SAADC_RESULT_MAXCNT = 1;
  SAADC_EVENTS_STARTED = 0;
  SAADC_TASKS_START = 1;
  while (!SAADC_EVENTS_STARTED) {
  }
  SAADC_EVENTS_END = 0;
  SAADC_TASKS_SAMPLE = 1;
  while (!SAADC_EVENTS_END) {
  }
  SAADC_EVENTS_STOPPED = 0;
  SAADC_TASKS_STOP = 1;
  while (!SAADC_EVENTS_STOPPED) {
  }
  SAADC_CH0_PSELP = 0;
  SAADC_ENABLE = 0;

  /* Noise about ground reads as slightly negative. */
  int value = result < 0 ? 0 : result;
  return resolution >= hardware_bits ? value << (resolution - hardware_bits) : value >> (hardware_bits - resolution);
}
