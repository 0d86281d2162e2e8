/* What every sketch includes. */
#ifndef MLBENCH_ARDUINO_H
#define MLBENCH_ARDUINO_H

#include <math.h>

#include "ArduinoApi.h"
#include "mlbench_cortex.h"

#endif
