/* SPI as controller, on SPIM2. The sketch drives the pin that selects a device. */
#ifndef MLBENCH_SPI_H
#define MLBENCH_SPI_H

#include <Arduino.h>

#define SPI_HAS_TRANSACTION 1

/* CPHA is bit 0 and CPOL bit 1. */
#define SPI_MODE0 0
#define SPI_MODE1 1
#define SPI_MODE2 2
#define SPI_MODE3 3

/* Divisors of the 16 MHz that boards with an AVR have. */
#define SPI_CLOCK_DIV2 2
#define SPI_CLOCK_DIV4 4
#define SPI_CLOCK_DIV8 8
#define SPI_CLOCK_DIV16 16
#define SPI_CLOCK_DIV32 32
#define SPI_CLOCK_DIV64 64
#define SPI_CLOCK_DIV128 128

class SPISettings {
 public:
  constexpr SPISettings(uint32_t clock = 4000000, BitOrder order = MSBFIRST, uint8_t mode = SPI_MODE0)
      : clock(clock), order(order), mode(mode) {}

  uint32_t clock;
  BitOrder order;
  uint8_t mode;
};

class SPIClass {
 public:
  void begin();
  void end();
  void beginTransaction(const SPISettings &settings);
  void endTransaction() {}

  uint8_t transfer(uint8_t byte);
  uint16_t transfer16(uint16_t word);
  /* Sends the buffer and puts what came into its place. */
  void transfer(void *buffer, size_t size);

  void setBitOrder(BitOrder order);
  void setDataMode(uint8_t mode);
  void setClockDivider(uint32_t divisor);
  void usingInterrupt(int) {}
  void notUsingInterrupt(int) {}

 private:
  void apply();

  bool on_ = false;
  SPISettings settings_;
};

extern SPIClass SPI;

namespace arduino {
using ::SPIClass;
/* As the board's own core calls it. */
using MbedSPI = ::SPIClass;
using ::SPISettings;
}

#endif
