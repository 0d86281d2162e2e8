#ifndef MLBENCH_HARDWARE_SERIAL_H
#define MLBENCH_HARDWARE_SERIAL_H

#include "Stream.h"

/* Formats of the port: 8 data bits, no or even parity, 1 or 2 stop bits (section 6.34, CONFIG). */
#define SERIAL_8N1 0x00
#define SERIAL_8E1 0x0E
#define SERIAL_8N2 0x10
#define SERIAL_8E2 0x1E

class HardwareSerial : public Stream {
 public:
  virtual void begin(unsigned long baud) = 0;
  virtual void begin(unsigned long baud, uint16_t format) = 0;
  virtual void end() = 0;
  virtual operator bool() = 0;
};

namespace arduino {
using ::HardwareSerial;
}

#endif
