/* analogWrite() by PWM0 to PWM3, four pins each. */
#include "ArduinoApi.h"
#include "mlbench_registers.h"

#define MODULES 4u
#define CHANNELS 4u
#define NOBODY 0xFFu
/* 16 MHz / 2^0 / 32,000 = 500 Hz. COUNTERTOP has 15 bits (section 6.17). */
#define TOP 32000u
/* Bit 15 of a compare value: high first, until the counter meets it. */
#define HIGH_FIRST 0x8000u

static const uint32_t bases[MODULES] = {PWM0_BASE, PWM1_BASE, PWM2_BASE, PWM3_BASE};
/* Which GPIO has each channel, plus one: 0 is nobody, so that the table needs no start value. */
static uint8_t owners[MODULES * CHANNELS];
/* EasyDMA reads these at each sequence start. */
static uint16_t duty[MODULES][CHANNELS];
static uint8_t write_bits = 8;

void analogWriteResolution(int bits) { write_bits = (uint8_t)(bits < 1 ? 1 : bits > 15 ? 15 : bits); }

static unsigned channel_of(uint32_t gpio) {
  for (unsigned i = 0; i < MODULES * CHANNELS; i++) {
    if (owners[i] == gpio + 1) {
      return i;
    }
  }
  return NOBODY;
}

static unsigned claim(uint32_t gpio) {
  unsigned channel = channel_of(gpio);
  for (unsigned i = 0; channel == NOBODY && i < MODULES * CHANNELS; i++) {
    if (!owners[i]) {
      owners[i] = (uint8_t)(gpio + 1);
      channel = i;
    }
  }
  return channel;
}

/* Called by pinMode() and digitalWrite(): the pin is an ordinary one again. */
void mlbench_pwm_release(uint32_t gpio) {
  unsigned channel = channel_of(gpio);
  if (channel != NOBODY) {
    owners[channel] = 0;
    uint32_t base = bases[channel / CHANNELS];
    /* PSEL may be changed only while the module is disabled (section 6.17). */
    PWM_ENABLE(base) = 0;
    PWM_PSEL(base, channel % CHANNELS) = PWM_DISCONNECTED;
    PWM_ENABLE(base) = 1;
    PWM_SEQSTART0(base) = 1;
  }
}

void analogWrite(pin_size_t pin, int value) {
  if (pin >= PINS_COUNT) {
    return;
  }
  uint32_t gpio = mlbench_gpio[pin];
  unsigned channel = claim(gpio);
  if (channel == NOBODY) {
    return;
  }
  uint32_t most = (1u << write_bits) - 1;
  uint32_t level = value < 0 ? 0 : (uint32_t)value > most ? most : (uint32_t)value;
  unsigned module = channel / CHANNELS;
  uint32_t base = bases[module];

  duty[module][channel % CHANNELS] = (uint16_t)(level * TOP / most | HIGH_FIRST);
  GPIO_OUTCLR(gpio) = GPIO_BIT(gpio);
  GPIO_PIN_CNF(gpio) = PIN_CNF_OUTPUT | PIN_CNF_INPUT_DISCONNECT;
  PWM_ENABLE(base) = 0;
  for (unsigned n = 0; n < CHANNELS; n++) {
    uint8_t owner = owners[module * CHANNELS + n];
    PWM_PSEL(base, n) = owner ? owner - 1u : PWM_DISCONNECTED;
  }
  PWM_ENABLE(base) = 1;
  PWM_MODE(base) = 0;
  PWM_PRESCALER(base) = 0;
  PWM_COUNTERTOP(base) = TOP;
  PWM_LOOP(base) = 0;
  /* A value of its own for each channel, taken from memory once, repeated by the module. */
  PWM_DECODER(base) = 2;
  PWM_SEQ0_PTR(base) = MLB_PTR(duty[module]);
  PWM_SEQ0_CNT(base) = CHANNELS;
  PWM_SEQ0_REFRESH(base) = 0;
  PWM_SEQ0_ENDDELAY(base) = 0;
  PWM_SEQSTART0(base) = 1;
}
