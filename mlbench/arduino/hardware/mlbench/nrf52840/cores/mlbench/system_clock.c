/* A member of its own: linked where a sketch asks for the frequency by CMSIS's name. */
#include "mlbench_cortex.h"

uint32_t SystemCoreClock = F_CPU;
