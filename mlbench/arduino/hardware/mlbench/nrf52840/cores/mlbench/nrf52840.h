/* Everything of the chip is in one header. */
#include "nrf.h"
