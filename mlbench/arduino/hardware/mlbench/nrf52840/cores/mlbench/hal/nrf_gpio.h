/* Functions for single pins, named as in Nordic's nrf_gpio.h; pin numbers are 32 * port + pin. Section 6.9. */
#ifndef NRF_GPIO_H__
#define NRF_GPIO_H__

#include <stdbool.h>
#include <stdint.h>

#include "../nrf.h"

#define NRF_GPIO_PIN_MAP(port, pin) (((port) << 5) | ((pin) & 0x1F))

typedef enum { NRF_GPIO_PIN_DIR_INPUT = 0, NRF_GPIO_PIN_DIR_OUTPUT = 1 } nrf_gpio_pin_dir_t;
typedef enum { NRF_GPIO_PIN_INPUT_CONNECT = 0, NRF_GPIO_PIN_INPUT_DISCONNECT = 1 } nrf_gpio_pin_input_t;
typedef enum { NRF_GPIO_PIN_NOPULL = 0, NRF_GPIO_PIN_PULLDOWN = 1, NRF_GPIO_PIN_PULLUP = 3 } nrf_gpio_pin_pull_t;
typedef enum {
  NRF_GPIO_PIN_S0S1 = 0,
  NRF_GPIO_PIN_H0S1 = 1,
  NRF_GPIO_PIN_S0H1 = 2,
  NRF_GPIO_PIN_H0H1 = 3,
  NRF_GPIO_PIN_D0S1 = 4,
  NRF_GPIO_PIN_D0H1 = 5,
  NRF_GPIO_PIN_S0D1 = 6,
  NRF_GPIO_PIN_H0D1 = 7,
} nrf_gpio_pin_drive_t;
typedef enum {
  NRF_GPIO_PIN_NOSENSE = 0,
  NRF_GPIO_PIN_SENSE_HIGH = 2,
  NRF_GPIO_PIN_SENSE_LOW = 3,
} nrf_gpio_pin_sense_t;

#define MLBENCH_GPIO static inline __attribute__((always_inline, unused))

/* The port of a pin; what is left in the variable is the pin's number there. */
MLBENCH_GPIO NRF_GPIO_Type *nrf_gpio_pin_port_decode(uint32_t *pin) {
  NRF_GPIO_Type *port = *pin < 32 ? NRF_P0 : NRF_P1;
  *pin &= 31u;
  return port;
}

MLBENCH_GPIO void nrf_gpio_cfg(uint32_t pin, nrf_gpio_pin_dir_t dir, nrf_gpio_pin_input_t input,
                               nrf_gpio_pin_pull_t pull, nrf_gpio_pin_drive_t drive, nrf_gpio_pin_sense_t sense) {
  NRF_GPIO_Type *port = nrf_gpio_pin_port_decode(&pin);
  port->PIN_CNF[pin] = (uint32_t)dir << GPIO_PIN_CNF_DIR_Pos | (uint32_t)input << GPIO_PIN_CNF_INPUT_Pos |
                       (uint32_t)pull << GPIO_PIN_CNF_PULL_Pos | (uint32_t)drive << GPIO_PIN_CNF_DRIVE_Pos |
                       (uint32_t)sense << GPIO_PIN_CNF_SENSE_Pos;
}

MLBENCH_GPIO void nrf_gpio_cfg_output(uint32_t pin) {
  nrf_gpio_cfg(pin, NRF_GPIO_PIN_DIR_OUTPUT, NRF_GPIO_PIN_INPUT_DISCONNECT, NRF_GPIO_PIN_NOPULL, NRF_GPIO_PIN_S0S1,
               NRF_GPIO_PIN_NOSENSE);
}

MLBENCH_GPIO void nrf_gpio_cfg_input(uint32_t pin, nrf_gpio_pin_pull_t pull) {
  nrf_gpio_cfg(pin, NRF_GPIO_PIN_DIR_INPUT, NRF_GPIO_PIN_INPUT_CONNECT, pull, NRF_GPIO_PIN_S0S1, NRF_GPIO_PIN_NOSENSE);
}

MLBENCH_GPIO void nrf_gpio_cfg_sense_input(uint32_t pin, nrf_gpio_pin_pull_t pull, nrf_gpio_pin_sense_t sense) {
  nrf_gpio_cfg(pin, NRF_GPIO_PIN_DIR_INPUT, NRF_GPIO_PIN_INPUT_CONNECT, pull, NRF_GPIO_PIN_S0S1, sense);
}

MLBENCH_GPIO void nrf_gpio_cfg_default(uint32_t pin) {
  nrf_gpio_cfg(pin, NRF_GPIO_PIN_DIR_INPUT, NRF_GPIO_PIN_INPUT_DISCONNECT, NRF_GPIO_PIN_NOPULL, NRF_GPIO_PIN_S0S1,
               NRF_GPIO_PIN_NOSENSE);
}

MLBENCH_GPIO void nrf_gpio_pin_set(uint32_t pin) {
  NRF_GPIO_Type *port = nrf_gpio_pin_port_decode(&pin);
  port->OUTSET = 1u << pin;
}

MLBENCH_GPIO void nrf_gpio_pin_clear(uint32_t pin) {
  NRF_GPIO_Type *port = nrf_gpio_pin_port_decode(&pin);
  port->OUTCLR = 1u << pin;
}

MLBENCH_GPIO void nrf_gpio_pin_toggle(uint32_t pin) {
  NRF_GPIO_Type *port = nrf_gpio_pin_port_decode(&pin);
  port->OUT ^= 1u << pin;
}

MLBENCH_GPIO void nrf_gpio_pin_write(uint32_t pin, uint32_t value) {
  if (value) {
    nrf_gpio_pin_set(pin);
  } else {
    nrf_gpio_pin_clear(pin);
  }
}

MLBENCH_GPIO uint32_t nrf_gpio_pin_read(uint32_t pin) {
  NRF_GPIO_Type *port = nrf_gpio_pin_port_decode(&pin);
  return port->IN >> pin & 1u;
}

MLBENCH_GPIO uint32_t nrf_gpio_pin_out_read(uint32_t pin) {
  NRF_GPIO_Type *port = nrf_gpio_pin_port_decode(&pin);
  return port->OUT >> pin & 1u;
}

#endif
