/*
 * The port that the computer hears this board on, without any static RAM: on the project's own platform the
 * UART is driven here, elsewhere the core's Serial is there in any case, or is counted as what it takes.
 */
#if defined(ARDUINO_ARCH_MLBENCH) && defined(MLBENCH_RECORDS)
/* UARTE0: nRF52840 Product Specification v1.7, section 6.34. Nothing else uses it before setup(). */
#define MLBENCH_UARTE(offset) (*reinterpret_cast<volatile uint32_t *>(0x40002000u + (offset)))

namespace {

class SerialPort {
 public:
  MLBENCH_CODE void begin() {
    digitalWrite(PIN_SERIAL_TX, HIGH);
    pinMode(PIN_SERIAL_TX, OUTPUT);
    pinMode(PIN_SERIAL_RX, INPUT_PULLUP);
    MLBENCH_UARTE(0x50C) = mlbench_gpio[PIN_SERIAL_TX];
    MLBENCH_UARTE(0x514) = mlbench_gpio[PIN_SERIAL_RX];
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
  MLBENCH_CODE void begin() { Serial.begin(MLBENCH_BAUD); }
  MLBENCH_CODE bool listens() const { return static_cast<bool>(Serial); }
  MLBENCH_CODE int read() { return Serial.available() > 0 ? Serial.read() : -1; }
  MLBENCH_CODE void write(const char *text, size_t size) {
    Serial.write(reinterpret_cast<const uint8_t *>(text), size);
    Serial.flush();
  }
};

}  // namespace
#endif
