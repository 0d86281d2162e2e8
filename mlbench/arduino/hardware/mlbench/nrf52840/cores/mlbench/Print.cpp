#include "Print.h"

#include <stdio.h>

size_t Print::write(const uint8_t *data, size_t size) {
  size_t n = 0;
  while (n < size && write(data[n])) {
    n++;
  }
  return n;
}

/*
 * Arrays with names, here and in the other files of the core: the linker merges literals in the order of
 * the archive's members, and the image would depend on it.
 */
static const char kNan[] = "nan", kInf[] = "inf", kOvf[] = "ovf", kLineEnd[] = "\r\n";

/*
 * Not in the header: copies that the compiler makes of an inline function, in several files of the core,
 * are local functions of one name, whose order in the image would be that of the archive's members.
 */
size_t Print::write(const char *text) { return text ? write((const uint8_t *)text, strlen(text)) : 0; }
size_t Print::print(const char *text) { return write(text); }
size_t Print::print(char c) { return write((uint8_t)c); }

/* Writes the digits of n backwards from end; returns where they begin. */
template <class Unsigned>
static char *digits(char *end, Unsigned n, unsigned base) {
  do {
    unsigned digit = (unsigned)(n % base);
    n /= base;
    *--end = (char)(digit < 10 ? '0' + digit : 'A' + digit - 10);
  } while (n);
  return end;
}

static constexpr unsigned checked(int base) { return base < 2 || base > 36 ? 10u : (unsigned)base; }

size_t Print::print(unsigned long n, int base) {
  if (base == 0) {
    return write((uint8_t)n);
  }
  char text[8 * sizeof n];
  char *end = text + sizeof text;
  char *begin = digits(end, n, checked(base));
  return write(begin, (size_t)(end - begin));
}

size_t Print::print(long n, int base) {
  if (base != 10 || n >= 0) {
    return print((unsigned long)n, base);
  }
  char text[8 * sizeof n];
  char *end = text + sizeof text;
  char *begin = digits(end, 0ul - (unsigned long)n, 10);
  *--begin = '-';
  return write(begin, (size_t)(end - begin));
}

size_t Print::print(unsigned long long n, int base) {
  if (base == 0) {
    return write((uint8_t)n);
  }
  char text[8 * sizeof n];
  char *end = text + sizeof text;
  char *begin = digits(end, n, checked(base));
  return write(begin, (size_t)(end - begin));
}

size_t Print::print(long long n, int base) {
  if (base != 10 || n >= 0) {
    return print((unsigned long long)n, base);
  }
  char text[8 * sizeof n];
  char *end = text + sizeof text;
  char *begin = digits(end, 0ull - (unsigned long long)n, 10);
  *--begin = '-';
  return write(begin, (size_t)(end - begin));
}

size_t Print::print(double n, int decimals) {
  if (__builtin_isnan(n)) {
    return write(kNan, 3);
  }
  if (__builtin_isinf(n)) {
    return write(kInf, 3);
  }
  if (n > 4294967040.0 || n < -4294967040.0) {
    return write(kOvf, 3);
  }
  size_t written = 0;
  if (n < 0) {
    written += print('-');
    n = -n;
  }
  if (decimals < 0) {
    decimals = 2;
  }
  double half = 0.5;
  for (int i = 0; i < decimals; i++) {
    half /= 10;
  }
  n += half;
  unsigned long whole = (unsigned long)n;
  double rest = n - (double)whole;
  written += print(whole);
  if (decimals > 0) {
    written += print('.');
  }
  while (decimals-- > 0) {
    rest *= 10;
    unsigned digit = (unsigned)rest;
    written += write((uint8_t)('0' + digit));
    rest -= digit;
  }
  return written;
}

size_t Print::println() { return write(kLineEnd, 2); }

int Print::vprintf(const char *format, va_list arguments) {
  char text[128];
  va_list again;
  va_copy(again, arguments);
  int size = vsnprintf(text, sizeof text, format, arguments);
  if (size >= (int)sizeof text) {
    /* On the stack: to print must not move the heap that is being measured. */
    char longer[size + 1];
    vsnprintf(longer, sizeof longer, format, again);
    size = (int)write(longer, (size_t)size);
  } else if (size > 0) {
    size = (int)write(text, (size_t)size);
  }
  va_end(again);
  return size;
}

int Print::printf(const char *format, ...) {
  va_list arguments;
  va_start(arguments, format);
  int size = vprintf(format, arguments);
  va_end(arguments);
  return size;
}
