#ifndef MLBENCH_UART_SERIAL_H
#define MLBENCH_UART_SERIAL_H

#include "HardwareSerial.h"

/*
 * UARTE0 on the pins TX and RX. What is printed before begin() goes out at 115200 baud.
 *
 * Writing hands over chunks of 64 bytes to EasyDMA and waits only for the chunk before; flush()
 * waits for the last. It may be used in interrupt handlers, whatever the rest of the sketch is
 * printing at that moment: text then mixes at the edges of chunks.
 */
class UARTSerial : public HardwareSerial {
 public:
  constexpr UARTSerial() {}

  void begin(unsigned long baud) override { begin(baud, SERIAL_8N1); }
  void begin(unsigned long baud, uint16_t format) override;
  void end() override;
  operator bool() override { return true; }

  int available() override;
  int read() override;
  int peek() override;

  size_t write(uint8_t byte) override { return write(&byte, 1); }
  size_t write(const uint8_t *data, size_t size) override;
  using Print::write;
  int availableForWrite() override;
  void flush() override;
};

/*
 * The board's own core has Serial on USB and Serial1 on these pins. This one has no USB: both names
 * are one object.
 */
extern UARTSerial Serial;
extern UARTSerial Serial1;
#define SerialUSB Serial
#define SERIAL_PORT_MONITOR Serial
#define SERIAL_PORT_USBVIRTUAL Serial
#define SERIAL_PORT_HARDWARE Serial1
#define SERIAL_PORT_HARDWARE_OPEN Serial1

#endif
