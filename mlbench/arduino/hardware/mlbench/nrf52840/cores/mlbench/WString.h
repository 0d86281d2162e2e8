#ifndef MLBENCH_WSTRING_H
#define MLBENCH_WSTRING_H

#include <stddef.h>
#include <stdint.h>

class __FlashStringHelper;
#define F(text) (reinterpret_cast<const __FlashStringHelper *>(text))
#define FPSTR(text) (reinterpret_cast<const __FlashStringHelper *>(text))

/*
 * Arduino's String: text on the heap. Where memory runs out an operation leaves the string as it was
 * (an assignment makes it empty) and says so where it returns bool; nothing stops.
 */
class String {
 public:
  String() = default;
  String(const char *text) { copy(text); }
  String(const char *data, unsigned length) { assign(data, length); }
  String(const uint8_t *data, unsigned length) : String((const char *)data, length) {}
  String(const __FlashStringHelper *text) : String((const char *)text) {}
  String(const String &other) { assign(other.c_str(), other.length_); }
  String(String &&other) noexcept { take(other); }
  explicit String(char c) { assign(&c, 1); }
  explicit String(unsigned char n, unsigned char base = 10) { number((unsigned long)n, base); }
  explicit String(int n, unsigned char base = 10) { number((long)n, base); }
  explicit String(unsigned n, unsigned char base = 10) { number((unsigned long)n, base); }
  explicit String(long n, unsigned char base = 10) { number(n, base); }
  explicit String(unsigned long n, unsigned char base = 10) { number(n, base); }
  explicit String(long long n, unsigned char base = 10);
  explicit String(unsigned long long n, unsigned char base = 10);
  explicit String(float n, unsigned char decimals = 2);
  explicit String(double n, unsigned char decimals = 2);
  ~String();

  String &operator=(const String &other);
  String &operator=(String &&other) noexcept;
  String &operator=(const char *text) { return copy(text); }
  String &operator=(const __FlashStringHelper *text) { return copy((const char *)text); }

  /* Room for `size` characters; false when memory is short. */
  bool reserve(unsigned size);
  unsigned length() const { return length_; }
  bool isEmpty() const { return length_ == 0; }
  void clear() { setLength(0); }
  const char *c_str() const { return buffer_ ? buffer_ : kEmpty; }
  char *begin() { return buffer_; }
  char *end() { return buffer_ + length_; }
  const char *begin() const { return c_str(); }
  const char *end() const { return c_str() + length_; }
  explicit operator bool() const { return buffer_ != nullptr; }

  bool concat(const String &other) { return concat(other.c_str(), other.length_); }
  bool concat(const char *text);
  bool concat(const char *data, unsigned length);
  bool concat(const uint8_t *data, unsigned length) { return concat((const char *)data, length); }
  bool concat(const __FlashStringHelper *text) { return concat((const char *)text); }
  bool concat(char c) { return concat(&c, 1); }
  bool concat(unsigned char n) { return concat(String(n)); }
  bool concat(int n) { return concat(String(n)); }
  bool concat(unsigned n) { return concat(String(n)); }
  bool concat(long n) { return concat(String(n)); }
  bool concat(unsigned long n) { return concat(String(n)); }
  bool concat(long long n) { return concat(String(n)); }
  bool concat(unsigned long long n) { return concat(String(n)); }
  bool concat(float n) { return concat(String(n)); }
  bool concat(double n) { return concat(String(n)); }

  template <class T>
  String &operator+=(const T &value) {
    concat(value);
    return *this;
  }

  int compareTo(const String &other) const;
  bool equals(const String &other) const;
  bool equals(const char *text) const;
  bool equalsIgnoreCase(const String &other) const;
  bool startsWith(const String &prefix) const { return startsWith(prefix, 0); }
  bool startsWith(const String &prefix, unsigned offset) const;
  bool endsWith(const String &suffix) const;

  bool operator==(const String &other) const { return equals(other); }
  bool operator==(const char *text) const { return equals(text); }
  bool operator!=(const String &other) const { return !equals(other); }
  bool operator!=(const char *text) const { return !equals(text); }
  bool operator<(const String &other) const { return compareTo(other) < 0; }
  bool operator>(const String &other) const { return compareTo(other) > 0; }
  bool operator<=(const String &other) const { return compareTo(other) <= 0; }
  bool operator>=(const String &other) const { return compareTo(other) >= 0; }

  /* 0 beyond the end. */
  char charAt(unsigned index) const { return index < length_ ? buffer_[index] : '\0'; }
  void setCharAt(unsigned index, char c);
  char operator[](unsigned index) const { return charAt(index); }
  char &operator[](unsigned index);
  /* At most size - 1 characters from index on, and a terminating 0. */
  void getBytes(unsigned char *buffer, unsigned size, unsigned index = 0) const;
  void toCharArray(char *buffer, unsigned size, unsigned index = 0) const {
    getBytes((unsigned char *)buffer, size, index);
  }

  /* -1 when there is none. */
  int indexOf(char c, unsigned from = 0) const;
  int indexOf(const String &text, unsigned from = 0) const;
  int lastIndexOf(char c) const { return lastIndexOf(c, length_ - 1); }
  int lastIndexOf(char c, unsigned from) const;
  int lastIndexOf(const String &text) const { return lastIndexOf(text, length_ - text.length_); }
  int lastIndexOf(const String &text, unsigned from) const;
  String substring(unsigned begin) const { return substring(begin, length_); }
  String substring(unsigned begin, unsigned end) const;

  void replace(char from, char to);
  void replace(const String &from, const String &to);
  void remove(unsigned index) { remove(index, (unsigned)-1); }
  void remove(unsigned index, unsigned count);
  void toLowerCase();
  void toUpperCase();
  void trim();

  long toInt() const;
  float toFloat() const { return (float)toDouble(); }
  double toDouble() const;

 private:
  String &copy(const char *text);
  String &assign(const char *data, unsigned length);
  void take(String &other) noexcept;
  void setLength(unsigned length);
  void number(long n, unsigned char base);
  void number(unsigned long n, unsigned char base);

  static const char kEmpty[1];

  char *buffer_ = nullptr;
  unsigned capacity_ = 0; /* characters, without the terminating 0 */
  unsigned length_ = 0;
};

typedef String StringSumHelper;

template <class T>
inline String operator+(String left, const T &right) {
  left.concat(right);
  return left;
}

inline String operator+(const char *left, const String &right) { return String(left) + right; }
inline String operator+(const __FlashStringHelper *left, const String &right) { return String(left) + right; }
inline String operator+(char left, const String &right) { return String(left) + right; }
inline bool operator==(const char *left, const String &right) { return right.equals(left); }
inline bool operator!=(const char *left, const String &right) { return !right.equals(left); }

namespace arduino {
using ::String;
using ::StringSumHelper;
}

#endif
