/* What every sketch includes. */
#ifndef MLBENCH_ARDUINO_H
#define MLBENCH_ARDUINO_H

#include <math.h>

#include "ArduinoApi.h"
#include "hal/nrf_gpio.h"
#include "nrf.h"

/* Registers by the number that digitalPinToPort() gives. */
#define portInputRegister(port) (&((port) ? NRF_P1 : NRF_P0)->IN)
#define portOutputRegister(port) (&((port) ? NRF_P1 : NRF_P0)->OUT)
#define portModeRegister(port) (&((port) ? NRF_P1 : NRF_P0)->DIR)

#endif
