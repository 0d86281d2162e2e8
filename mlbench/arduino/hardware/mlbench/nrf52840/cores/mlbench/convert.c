/* Numbers to text, where newlib has no function of the name that sketches use. */
#include <math.h>

#include "ArduinoApi.h"

char *ultoa(unsigned long value, char *text, int base) { return utoa((unsigned)value, text, base); }

/* long is int here. */
char *ltoa(long value, char *text, int base) { return itoa((int)value, text, base); }

/* Right-aligned in |width| characters, left-aligned when width is negative. Takes no printf(). */
char *dtostrf(double value, signed char width, unsigned char decimals, char *text) {
  char digits[32];
  char *p = digits;
  int negative = signbit(value) && !isnan(value);
  double magnitude = negative ? -value : value;
  static const char nan_text[] = "nan", inf_text[] = "inf", ovf_text[] = "ovf";
  const char *special = isnan(value)                ? nan_text
                        : isinf(value)              ? inf_text
                        : magnitude > 4294967040.0 ? ovf_text
                                                    : 0;
  unsigned precision = decimals > 18 ? 18 : decimals;

  if (negative) {
    *p++ = '-';
  }
  if (special) {
    memcpy(p, special, 3);
    p += 3;
  } else {
    double half = 0.5;
    for (unsigned i = 0; i < precision; i++) {
      half /= 10;
    }
    magnitude += half;
    unsigned long whole = (unsigned long)magnitude;
    double rest = magnitude - (double)whole;
    ultoa(whole, p, 10);
    p += strlen(p);
    if (precision) {
      *p++ = '.';
    }
    for (unsigned i = 0; i < precision; i++) {
      rest *= 10;
      unsigned digit = (unsigned)rest;
      *p++ = (char)('0' + digit);
      rest -= digit;
    }
  }
  int length = (int)(p - digits), wanted = width < 0 ? -width : width;
  int blanks = wanted > length ? wanted - length : 0;
  memset(text, ' ', (size_t)(blanks + length));
  memcpy(text + (width < 0 ? 0 : blanks), digits, (size_t)length);
  text[blanks + length] = '\0';
  return text;
}
