#ifndef MLBENCH_PRINT_H
#define MLBENCH_PRINT_H

#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "Printable.h"
#include "WString.h"

#define DEC 10
#define HEX 16
#define OCT 8
#define BIN 2

/*
 * Text output. Each function returns how many bytes were written. Base 0 writes the value as one byte;
 * bases but 10 show a negative number as its two's complement.
 */
class Print {
 public:
  constexpr Print() : write_error_(0) {}

  virtual size_t write(uint8_t byte) = 0;
  virtual size_t write(const uint8_t *data, size_t size);
  size_t write(const char *text);
  size_t write(const char *data, size_t size) { return write((const uint8_t *)data, size); }
  /* How many bytes can be written without waiting. */
  virtual int availableForWrite() { return 0; }
  /* Waits until all is sent. */
  virtual void flush() {}

  int getWriteError() const { return write_error_; }
  void clearWriteError() { setWriteError(0); }

  size_t print(const __FlashStringHelper *text) { return write((const char *)text); }
  size_t print(const String &text) { return write(text.c_str(), text.length()); }
  size_t print(const char *text);
  size_t print(char c);
  size_t print(unsigned char n, int base = DEC) { return print((unsigned long)n, base); }
  size_t print(int n, int base = DEC) { return print((long)n, base); }
  size_t print(unsigned n, int base = DEC) { return print((unsigned long)n, base); }
  size_t print(long n, int base = DEC);
  size_t print(unsigned long n, int base = DEC);
  size_t print(long long n, int base = DEC);
  size_t print(unsigned long long n, int base = DEC);
  /* "nan", "inf" and, beyond 4294967040, "ovf": as other Arduino cores print. */
  size_t print(double n, int decimals = 2);
  size_t print(const Printable &thing) { return thing.printTo(*this); }

  /* Ends the line with "\r\n". */
  size_t println();
  template <class T>
  size_t println(const T &value) {
    size_t n = print(value);
    return n + println();
  }
  template <class T>
  size_t println(const T &value, int format) {
    size_t n = print(value, format);
    return n + println();
  }

  /* As C's; with newlib-nano %f needs -u _printf_float when linking. */
  int printf(const char *format, ...) __attribute__((format(printf, 2, 3)));
  int vprintf(const char *format, va_list arguments);

 protected:
  void setWriteError(int error = 1) { write_error_ = error; }

 private:
  int write_error_;
};

namespace arduino {
using ::Print;
}

#endif
