/* tone(): a square wave on one pin at a time, by interrupts of TIMER2. Section 6.30. */
#include "ArduinoApi.h"
#include "mlbench_nrf_registers.h"
#include "mlbench_registers.h"

#define NOBODY 0xFFu

static uint8_t playing = NOBODY;
/* Changes of the level that are left; negative: no end is set. */
static volatile int32_t left;

void TIMER2_IRQHandler(void) {
  mlbench_event_clear(&NRF_TIMER2->EVENTS_COMPARE[0]);
  if (left == 0) {
    noTone(playing);
    return;
  }
  if (left > 0) {
    left--;
  }
  uint32_t gpio = mlbench_gpio[playing];
  MLB_REG(MLB_PORT(gpio) + 0x504u) ^= GPIO_BIT(gpio);
}

void tone(pin_size_t pin, unsigned int frequency, unsigned long duration_ms) {
  if (pin >= PINS_COUNT || frequency == 0) {
    return;
  }
  if (playing != NOBODY) {
    noTone(playing);
  }
  pinMode(pin, OUTPUT);
  left = duration_ms ? (int32_t)(2ull * frequency * duration_ms / 1000u) : -1;
  playing = pin;
  NRF_TIMER2->TASKS_STOP = 1;
  NRF_TIMER2->TASKS_CLEAR = 1;
  NRF_TIMER2->MODE = 0;
  NRF_TIMER2->BITMODE = TIMER_BITMODE_BITMODE_32Bit;
  /* 16 MHz / 2^4: microseconds, half a period each. */
  NRF_TIMER2->PRESCALER = 4;
  NRF_TIMER2->CC[0] = frequency < 500000u ? 500000u / frequency : 1u;
  NRF_TIMER2->SHORTS = TIMER_SHORTS_COMPARE0_CLEAR_Msk;
  mlbench_event_clear(&NRF_TIMER2->EVENTS_COMPARE[0]);
  NRF_TIMER2->INTENSET = TIMER_INTENSET_COMPARE0_Msk;
  mlbench_irq_enable(TIMER2_IRQn);
  NRF_TIMER2->TASKS_START = 1;
}

void noTone(pin_size_t pin) {
  if (pin == playing && playing != NOBODY) {
    NRF_TIMER2->TASKS_STOP = 1;
    NRF_TIMER2->INTENCLR = TIMER_INTENSET_COMPARE0_Msk;
    mlbench_irq_disable(TIMER2_IRQn);
    playing = NOBODY;
    digitalWrite(pin, LOW);
  }
}
