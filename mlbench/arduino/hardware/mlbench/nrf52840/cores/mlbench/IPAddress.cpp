#include "IPAddress.h"

bool IPAddress::fromString(const char *text) {
  uint8_t parts[4];
  for (int i = 0; i < 4; i++) {
    unsigned value = 0, digits = 0;
    while (*text >= '0' && *text <= '9' && digits < 3) {
      value = 10 * value + (unsigned)(*text++ - '0');
      digits++;
    }
    if (!digits || value > 255 || *text != (i < 3 ? '.' : '\0')) {
      return false;
    }
    parts[i] = (uint8_t)value;
    text++;
  }
  memcpy(bytes_, parts, sizeof bytes_);
  return true;
}

String IPAddress::toString() const {
  String text;
  for (int i = 0; i < 4; i++) {
    text += String(bytes_[i]);
    if (i < 3) {
      text += '.';
    }
  }
  return text;
}

size_t IPAddress::printTo(Print &print) const {
  size_t count = 0;
  for (int i = 0; i < 4; i++) {
    count += print.print(bytes_[i], DEC);
    if (i < 3) {
      count += print.print('.');
    }
  }
  return count;
}
