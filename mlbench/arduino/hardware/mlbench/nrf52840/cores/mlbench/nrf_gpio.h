/* As the board's own core names it. */
#include "hal/nrf_gpio.h"
