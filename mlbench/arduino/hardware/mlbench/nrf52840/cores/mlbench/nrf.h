/* The chip and its processor, under the names that Nordic and Arm give them. */
#ifndef NRF_H
#define NRF_H

#include "mlbench_cortex.h"
#include "mlbench_nrf_registers.h"

#endif
