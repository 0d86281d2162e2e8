/*
 * The controller that the library ArduinoBLE looks for, as one that is alone in the world: it answers each
 * command with success (Bluetooth Core Specification 5.4, volume 4, part E, 7.7.14) and never hears of anybody.
 * There is no radio behind it, nor the stack that the board's own core brings for one.
 *
 * A member of its own: linked where that library, which is not part of the platform, is used.
 */
#include "ArduinoApi.h"

/* The library's own interface of transports, in its order. */
class HCITransportInterface {
 public:
  virtual int begin() = 0;
  virtual void end() = 0;
  virtual void wait(unsigned long timeout_ms) = 0;
  virtual int available() = 0;
  virtual int peek() = 0;
  virtual int read() = 0;
  virtual void lockForRead() {}
  virtual void unlockForRead() {}
  virtual size_t write(const uint8_t *data, size_t length) = 0;
};

namespace {

constexpr uint8_t kCommand = 0x01, kEvent = 0x04, kCommandComplete = 0x0E;
constexpr uint16_t kReadAddress = 0x1009, kReadBufferSize = 0x2002;
constexpr size_t kParameters = 8;

}  // namespace

class MLBenchSilentRadio : public HCITransportInterface {
 public:
  int begin() override {
    next_ = length_ = 0;
    return 1;
  }
  void end() override { next_ = length_ = 0; }
  void wait(unsigned long timeout_ms) override {
    if (!available()) {
      delay(timeout_ms);
    }
  }
  int available() override { return length_ - next_; }
  int peek() override { return next_ < length_ ? answer_[next_] : -1; }
  int read() override { return next_ < length_ ? answer_[next_++] : -1; }

  size_t write(const uint8_t *data, size_t length) override {
    if (length < 4 || data[0] != kCommand) {
      return length;
    }
    uint16_t command = (uint16_t)(data[1] | data[2] << 8);
    uint8_t *out = answer_;
    *out++ = kEvent;
    *out++ = kCommandComplete;
    *out++ = 4 + kParameters;
    *out++ = 1; /* commands that may follow */
    *out++ = data[1];
    *out++ = data[2];
    *out++ = 0; /* success */
    memset(out, 0, kParameters);
    if (command == kReadBufferSize) {
      out[0] = 251; /* bytes a packet */
      out[2] = 4;   /* packets */
    } else if (command == kReadAddress) {
      memset(out, 0xC0, 6);
    }
    next_ = 0;
    length_ = (uint8_t)(7 + kParameters);
    return length;
  }

 private:
  uint8_t answer_[7 + kParameters];
  uint8_t next_ = 0, length_ = 0;
};

/* By its name mlbench tells that there is no radio. */
MLBenchSilentRadio mlbench_silent_radio;

HCITransportInterface &HCITransport = mlbench_silent_radio;
