/* attachInterrupt(): edges by the channels of GPIOTE, levels by the pins' SENSE and its PORT event. */
#include "ArduinoApi.h"
#include "mlbench_registers.h"

#define CHANNELS 8u
#define LEVELS 8u

struct attached {
  voidFuncPtrParam callback;
  void *param;
  uint8_t gpio;
  uint8_t mode;
};

/* The first CHANNELS entries are the channels, the others levels. Free while callback is null. */
static struct attached table[CHANNELS + LEVELS];

static void sense(const struct attached *entry, uint32_t how) {
  GPIO_PIN_CNF(entry->gpio) = (GPIO_PIN_CNF(entry->gpio) & ~PIN_CNF_SENSE_MASK) | how;
}

/*
 * DETECT must fall and rise again for the next PORT event (section 6.9.1): SENSE goes off while the
 * callback runs, so a level that lasts fires again.
 */
static void serve_levels(void) {
  for (unsigned i = CHANNELS; i < CHANNELS + LEVELS; i++) {
    struct attached *entry = &table[i];
    if (!entry->callback) {
      continue;
    }
    uint32_t how = entry->mode == HIGH ? PIN_CNF_SENSE_HIGH : PIN_CNF_SENSE_LOW;
    uint8_t gpio = entry->gpio;
    int high = (GPIO_IN(gpio) & GPIO_BIT(gpio)) != 0;
    sense(entry, 0);
    if (high == (entry->mode == HIGH)) {
      entry->callback(entry->param);
    }
    /* Unless the callback detached itself. */
    if (entry->callback && entry->gpio == gpio) {
      sense(entry, how);
    }
  }
}

void GPIOTE_IRQHandler(void) {
  for (unsigned i = 0; i < CHANNELS; i++) {
    if (GPIOTE_EVENTS_IN(i)) {
      mlbench_event_clear(&GPIOTE_EVENTS_IN(i));
      if (table[i].callback) {
        table[i].callback(table[i].param);
      }
    }
  }
  if (GPIOTE_EVENTS_PORT) {
    mlbench_event_clear(&GPIOTE_EVENTS_PORT);
    serve_levels();
  }
}

static void call_plain(void *callback) { ((voidFuncPtr)callback)(); }

void attachInterrupt(pin_size_t interrupt, voidFuncPtr callback, uint8_t mode) {
  attachInterruptParam(interrupt, callback ? call_plain : 0, mode, (void *)callback);
}

void attachInterruptParam(pin_size_t interrupt, voidFuncPtrParam callback, uint8_t mode, void *param) {
  detachInterrupt(interrupt);
  if (interrupt >= PINS_COUNT || !callback) {
    return;
  }
  int level = mode == LOW || mode == HIGH;
  unsigned first = level ? CHANNELS : 0, end = level ? CHANNELS + LEVELS : CHANNELS;
  for (unsigned i = first; i < end; i++) {
    struct attached *entry = &table[i];
    if (entry->callback) {
      continue;
    }
    uint32_t gpio = mlbench_gpio[interrupt];
    uint32_t primask = mlbench_irq_save();
    *entry = (struct attached){.callback = callback, .param = param, .gpio = (uint8_t)gpio, .mode = mode};
    if (level) {
      sense(entry, mode == HIGH ? PIN_CNF_SENSE_HIGH : PIN_CNF_SENSE_LOW);
      GPIOTE_INTENSET = GPIOTE_INT_PORT;
    } else {
      uint32_t polarity = mode == RISING ? GPIOTE_LO_TO_HI : mode == FALLING ? GPIOTE_HI_TO_LO : GPIOTE_TOGGLE;
      GPIOTE_CONFIG(i) =
          GPIOTE_CONFIG_EVENT | (gpio << GPIOTE_CONFIG_PSEL) | (polarity << GPIOTE_CONFIG_POLARITY);
      /* Connecting a channel may itself raise its event (section 6.10). */
      mlbench_event_clear(&GPIOTE_EVENTS_IN(i));
      GPIOTE_INTENSET = 1u << i;
    }
    mlbench_irq_enable(GPIOTE_IRQ);
    mlbench_irq_restore(primask);
    return;
  }
}

void detachInterrupt(pin_size_t interrupt) {
  if (interrupt >= PINS_COUNT) {
    return;
  }
  for (unsigned i = 0; i < CHANNELS + LEVELS; i++) {
    struct attached *entry = &table[i];
    if (!entry->callback || entry->gpio != mlbench_gpio[interrupt]) {
      continue;
    }
    uint32_t primask = mlbench_irq_save();
    if (i < CHANNELS) {
      GPIOTE_INTENCLR = 1u << i;
      GPIOTE_CONFIG(i) = 0;
      mlbench_event_clear(&GPIOTE_EVENTS_IN(i));
    } else {
      sense(entry, 0);
    }
    entry->callback = 0;
    mlbench_irq_restore(primask);
  }
}
