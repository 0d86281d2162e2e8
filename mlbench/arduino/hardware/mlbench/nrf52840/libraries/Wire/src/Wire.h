/* I2C as controller, on TWIM0 (Wire) and TWIM1 (Wire1). A target, which others address, it cannot be. */
#ifndef MLBENCH_WIRE_H
#define MLBENCH_WIRE_H

#include <Arduino.h>

#define WIRE_HAS_END 1

class TwoWire : public Stream {
 public:
  static constexpr size_t kBufferSize = 256;

  /* `buffers` are two of kBufferSize bytes: beside the object, which would carry them into flash. */
  constexpr TwoWire(uint32_t base, uint8_t irq, pin_size_t sda, pin_size_t scl, uint8_t *buffers)
      : base_(base), irq_(irq), sda_(sda), scl_(scl), out_(buffers), in_(buffers + kBufferSize) {}

  void begin();
  void end();
  /* Up to 100,000, 250,000 or 400,000 Hz: the fastest that is not above the one asked for. */
  void setClock(uint32_t hertz);

  void beginTransmission(uint8_t address);
  /* 0: sent; 1: more than the buffer holds; 2: nobody answers to the address; 3: a byte was refused; 4: begin() lacks. */
  uint8_t endTransmission(bool stop = true);
  /* How many bytes came: 0 where nobody answers. */
  size_t requestFrom(uint8_t address, size_t count, bool stop = true);

  size_t write(uint8_t byte) override;
  size_t write(const uint8_t *data, size_t size) override;
  using Print::write;
  size_t write(int byte) { return write((uint8_t)byte); }
  size_t write(unsigned byte) { return write((uint8_t)byte); }
  size_t write(long byte) { return write((uint8_t)byte); }
  size_t write(unsigned long byte) { return write((uint8_t)byte); }
  int available() override { return (int)(received_ - read_); }
  int read() override;
  int peek() override;

  void handle();

 private:
  volatile uint32_t &at(uint32_t offset) const { return *(volatile uint32_t *)(base_ + offset); }
  /* Runs a task until it is stopped; gives ERRORSRC. */
  uint32_t run(uint32_t task, bool stop);
  bool wait(uint32_t events, uint32_t limit_us);

  uint32_t base_;
  uint8_t irq_;
  pin_size_t sda_, scl_;
  uint8_t *out_, *in_;
  bool on_ = false, too_long_ = false;
  uint8_t address_ = 0;
  uint32_t frequency_ = 0x01980000u;
  size_t written_ = 0, received_ = 0, read_ = 0;
};

extern TwoWire Wire;
extern TwoWire Wire1;

namespace arduino {
using ::TwoWire;
/* As the board's own core calls it. */
using MbedI2C = ::TwoWire;
}

#endif
