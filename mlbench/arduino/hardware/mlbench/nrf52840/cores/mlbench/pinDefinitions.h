/* Arduino.h has digitalPinToPinName() and the rest. */
#include "Arduino.h"
