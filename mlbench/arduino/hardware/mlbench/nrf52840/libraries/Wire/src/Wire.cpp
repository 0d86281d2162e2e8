/* nRF52840 Product Specification v1.7, section 6.31 "TWIM". */
#include "Wire.h"

#include "mlbench_registers.h"

namespace {

constexpr uint32_t kStartRx = 0x000, kStartTx = 0x008, kStop = 0x014, kSuspend = 0x01C, kResume = 0x020;
constexpr uint32_t kStopped = 0x104, kError = 0x124, kSuspended = 0x148, kLastRx = 0x15C, kLastTx = 0x160;
constexpr uint32_t kEvents[] = {kStopped, kError, kSuspended, kLastRx, kLastTx};
constexpr uint32_t kShorts = 0x200, kIntenSet = 0x304, kIntenClr = 0x308, kErrorSrc = 0x4C4, kEnable = 0x500;
constexpr uint32_t kPselScl = 0x508, kPselSda = 0x50C, kFrequency = 0x524, kRxPtr = 0x534, kRxMaxCnt = 0x538;
constexpr uint32_t kRxAmount = 0x53C, kTxPtr = 0x544, kTxMaxCnt = 0x548, kAddress = 0x588;
constexpr uint32_t kTwim = 6, kDisconnected = 0xFFFFFFFFu;
constexpr uint32_t kShortTxSuspend = 1u << 8, kShortTxStop = 1u << 9, kShortRxStop = 1u << 12;
constexpr uint32_t kAddressRefused = 1u << 1, kByteRefused = 1u << 2;
/* A wire that nobody lets go, or a target that stretches the clock for ever, must not stop the sketch. */
constexpr uint32_t kLimitUs = 1000000;

/* Bit n of INTEN is the event at 0x100 + 4 n (section 6.1.8). */
constexpr uint32_t bit_of(uint32_t event) { return 1u << ((event - 0x100) / 4); }

}  // namespace

/* The event has woken who waits for it, and stays up for him to see. */
void TwoWire::handle() {
  at(kIntenClr) = kDisconnected;
  /* Read back, or the interrupt is taken again (section 6.1.8). */
  volatile uint32_t left = at(kIntenClr);
  (void)left;
}

void TwoWire::begin() {
  if (sda_ == PIN_WIRE_SDA1) {
    /* The sensors and their pull-ups have supplies of their own. */
    pinMode(PIN_ENABLE_SENSORS_3V3, OUTPUT);
    digitalWrite(PIN_ENABLE_SENSORS_3V3, HIGH);
    pinMode(PIN_ENABLE_I2C_PULLUP, OUTPUT);
    digitalWrite(PIN_ENABLE_I2C_PULLUP, HIGH);
  }
  /* Inputs, before the peripheral takes them (section 6.31, "Pin configuration"). */
  pinMode(sda_, INPUT_PULLUP);
  pinMode(scl_, INPUT_PULLUP);
  at(kEnable) = 0;
  at(kPselSda) = mlbench_gpio[sda_];
  at(kPselScl) = mlbench_gpio[scl_];
  at(kFrequency) = frequency_;
  at(kShorts) = 0;
  at(kIntenClr) = kDisconnected;
  at(kEnable) = kTwim;
  on_ = true;
  written_ = received_ = read_ = 0;
  mlbench_irq_enable(irq_);
}

void TwoWire::end() {
  if (on_) {
    mlbench_irq_disable(irq_);
    at(kEnable) = 0;
    at(kPselSda) = kDisconnected;
    at(kPselScl) = kDisconnected;
    on_ = false;
  }
}

/* Values of FREQUENCY: section 6.31, table of the register. */
void TwoWire::setClock(uint32_t hertz) {
  frequency_ = hertz >= 400000 ? 0x06400000u : hertz >= 250000 ? 0x04000000u : 0x01980000u;
  if (on_) {
    at(kFrequency) = frequency_;
  }
}

void TwoWire::beginTransmission(uint8_t address) {
  address_ = address;
  written_ = 0;
  too_long_ = false;
}

size_t TwoWire::write(uint8_t byte) { return write(&byte, 1); }

size_t TwoWire::write(const uint8_t *data, size_t size) {
  size_t room = kBufferSize - written_;
  if (size > room) {
    too_long_ = true;
    setWriteError();
    size = room;
  }
  memcpy(out_ + written_, data, size);
  written_ += size;
  return size;
}

bool TwoWire::wait(uint32_t events, uint32_t limit_us) {
  uint32_t start = micros();
  for (;;) {
    uint32_t primask = mlbench_irq_save();
    bool done = false;
    for (uint32_t event : kEvents) {
      done |= (events & bit_of(event)) && at(event);
    }
    if (!done && limit_us == kLimitUs && mlbench_wakeable()) {
      at(kIntenSet) = events;
      mlbench_wfi();
    }
    mlbench_irq_restore(primask);
    if (done) {
      return true;
    }
    if ((uint32_t)micros() - start > limit_us) {
      return false;
    }
  }
}

uint32_t TwoWire::run(uint32_t task, bool stop) {
  for (uint32_t event : kEvents) {
    at(event) = 0;
  }
  at(kErrorSrc) = at(kErrorSrc);
  at(kAddress) = address_;
  bool suspended = !stop && task == kStartTx;
  bool empty = task == kStartTx && written_ == 0;
  at(kShorts) = empty ? 0 : suspended ? kShortTxSuspend : task == kStartTx ? kShortTxStop : kShortRxStop;
  at(kResume) = 1;
  at(task) = 1;
  if (empty) {
    /* The address alone: no byte ends it, so wait as long as nine bits and a start take. */
    wait(bit_of(kError), 11 * 1000000u / 100000u + 20);
  } else {
    wait(bit_of(kError) | bit_of(suspended ? kSuspended : kStopped), kLimitUs);
  }
  uint32_t error = at(kErrorSrc);
  if (error || empty) {
    at(kStop) = 1;
  }
  if (!suspended || error) {
    wait(bit_of(kStopped), kLimitUs);
  }
  at(kShorts) = 0;
  at(kIntenClr) = kDisconnected;
  return error;
}

uint8_t TwoWire::endTransmission(bool stop) {
  if (!on_) {
    return 4;
  }
  if (too_long_) {
    return 1;
  }
  at(kTxPtr) = MLB_PTR(out_);
  at(kTxMaxCnt) = written_;
  uint32_t error = run(kStartTx, stop);
  written_ = 0;
  return error & kAddressRefused ? 2 : error & kByteRefused ? 3 : error ? 4 : 0;
}

size_t TwoWire::requestFrom(uint8_t address, size_t count, bool) {
  read_ = received_ = 0;
  if (!on_ || count == 0) {
    return 0;
  }
  address_ = address;
  at(kRxPtr) = MLB_PTR(in_);
  at(kRxMaxCnt) = count < kBufferSize ? count : kBufferSize;
  received_ = run(kStartRx, true) ? 0 : at(kRxAmount);
  return received_;
}

int TwoWire::read() { return read_ < received_ ? in_[read_++] : -1; }
int TwoWire::peek() { return read_ < received_ ? in_[read_] : -1; }
