/*
 * The port that the computer hears this board on, without any static RAM: on the project's own platform the
 * UART is driven here, elsewhere the core's Serial is there in any case, or is counted as what it takes.
 */
#if defined(ARDUINO_ARCH_MLBENCH) && defined(MLBENCH_RECORDS)
/*
 * UARTE0: nRF52840 Product Specification v1.7, section 6.34. The Nano's bootloader leaves it receiving; it must be
 * stopped in both directions before it is disabled and set anew.
 */
#define MLBENCH_P1(offset) (*reinterpret_cast<volatile uint32_t *>(0x50000300u + (offset)))
#define MLBENCH_UARTE(offset) (*reinterpret_cast<volatile uint32_t *>(0x40002000u + (offset)))

namespace {

class SerialPort {
 public:
  MLBENCH_CODE void begin() {
    if (MLBENCH_UARTE(0x500)) {
      MLBENCH_UARTE(0x144) = 0;
      MLBENCH_UARTE(0x158) = 0;
      MLBENCH_UARTE(0x004) = 1;
      MLBENCH_UARTE(0x00C) = 1;
      for (uint32_t patience = 100000; patience && !(MLBENCH_UARTE(0x144) && MLBENCH_UARTE(0x158)); patience--) {
      }
      MLBENCH_UARTE(0x500) = 0;
    }
    /* TX is P1.03, high as long as the line is idle, RX is P1.10, pulled up (GPIO: section 6.9). */
    MLBENCH_P1(0x508) = 1u << 3;
    MLBENCH_P1(0x700 + 4 * 3) = 3;
    MLBENCH_P1(0x700 + 4 * 10) = 3u << 2;
    MLBENCH_UARTE(0x50C) = 32 + 3;
    MLBENCH_UARTE(0x514) = 32 + 10;
    MLBENCH_UARTE(0x524) = 0x01D60000u; /* 115,200 baud */
    MLBENCH_UARTE(0x56C) = 0;
    MLBENCH_UARTE(0x500) = 8;
    receive();
  }

  MLBENCH_CODE bool listens() const { return true; }

  /* EasyDMA writes each byte as it comes, over one that no text has. */
  MLBENCH_CODE int read() {
    if (at_ == sizeof bytes_) {
      receive();
    }
    if (bytes_[at_] == kNone) {
      return -1;
    }
    return bytes_[at_++];
  }

  /* EasyDMA reads RAM only; lines are on the stack. */
  MLBENCH_CODE void write(const char *text, size_t size) {
    MLBENCH_UARTE(0x120) = 0;
    MLBENCH_UARTE(0x544) = reinterpret_cast<uint32_t>(text);
    MLBENCH_UARTE(0x548) = size;
    __asm volatile("dmb" : : : "memory");
    MLBENCH_UARTE(0x008) = 1;
    while (!MLBENCH_UARTE(0x120)) {
    }
  }

 private:
  static constexpr unsigned char kNone = 0xFF;

  MLBENCH_CODE void receive() {
    for (unsigned i = 0; i < sizeof bytes_; i++) {
      bytes_[i] = kNone;
    }
    at_ = 0;
    MLBENCH_UARTE(0x534) = reinterpret_cast<uint32_t>(bytes_);
    MLBENCH_UARTE(0x538) = sizeof bytes_;
    __asm volatile("dmb" : : : "memory");
    MLBENCH_UARTE(0x000) = 1;
  }

  volatile unsigned char bytes_[128];
  unsigned at_ = 0;
};

}  // namespace
#else
namespace {

class SerialPort {
 public:
  /* Where the core has begun it, beginning anew would start a second thread, from the sketch's heap. */
  MLBENCH_CODE void begin() {
#ifndef ARDUINO_ARCH_MBED
    Serial.begin(MLBENCH_BAUD);
#endif
  }
  MLBENCH_CODE bool listens() const { return static_cast<bool>(Serial); }
  MLBENCH_CODE int read() { return Serial.available() > 0 ? Serial.read() : -1; }
  MLBENCH_CODE void write(const char *text, size_t size) {
    Serial.write(reinterpret_cast<const uint8_t *>(text), size);
    Serial.flush();
  }
};

}  // namespace
#endif
