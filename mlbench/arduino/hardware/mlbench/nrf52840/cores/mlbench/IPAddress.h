/* Four bytes of an address of IPv4, as network libraries pass them. */
#ifndef MLBENCH_IP_ADDRESS_H
#define MLBENCH_IP_ADDRESS_H

#include <stdint.h>
#include <string.h>

#include "Print.h"
#include "Printable.h"
#include "WString.h"

class IPAddress : public Printable {
 public:
  constexpr IPAddress() : bytes_{0, 0, 0, 0} {}
  constexpr IPAddress(uint8_t a, uint8_t b, uint8_t c, uint8_t d) : bytes_{a, b, c, d} {}
  /* The lowest byte of the number is the first of the address. */
  constexpr IPAddress(uint32_t address)
      : bytes_{(uint8_t)address, (uint8_t)(address >> 8), (uint8_t)(address >> 16), (uint8_t)(address >> 24)} {}
  IPAddress(const uint8_t *address) { memcpy(bytes_, address, sizeof bytes_); }

  /* False, and nothing is changed, where the text is no such address. */
  bool fromString(const char *text);
  bool fromString(const String &text) { return fromString(text.c_str()); }
  String toString() const;

  operator uint32_t() const {
    return bytes_[0] | (uint32_t)bytes_[1] << 8 | (uint32_t)bytes_[2] << 16 | (uint32_t)bytes_[3] << 24;
  }
  bool operator==(const IPAddress &other) const { return memcmp(bytes_, other.bytes_, sizeof bytes_) == 0; }
  bool operator!=(const IPAddress &other) const { return !(*this == other); }
  bool operator==(const uint8_t *address) const { return memcmp(bytes_, address, sizeof bytes_) == 0; }
  uint8_t operator[](int index) const { return bytes_[index]; }
  uint8_t &operator[](int index) { return bytes_[index]; }
  IPAddress &operator=(const uint8_t *address) {
    memcpy(bytes_, address, sizeof bytes_);
    return *this;
  }
  IPAddress &operator=(uint32_t address) { return *this = IPAddress(address); }

  size_t printTo(Print &print) const override;

 private:
  uint8_t bytes_[4];
};

const IPAddress INADDR_NONE(0, 0, 0, 0);

namespace arduino {
using ::IPAddress;
}

#endif
