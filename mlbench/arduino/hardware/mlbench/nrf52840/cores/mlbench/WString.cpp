#include "WString.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "Print.h"

namespace {

/* Collects what Print formats, so that a String shows numbers as print() does. */
class Collector final : public Print {
 public:
  explicit Collector(String &text) : text_(text) {}
  size_t write(uint8_t byte) override { return text_.concat((char)byte) ? 1 : 0; }
  size_t write(const uint8_t *data, size_t size) override {
    return text_.concat((const char *)data, (unsigned)size) ? size : 0;
  }

 private:
  String &text_;
};

}  // namespace

const char String::kEmpty[1] = {'\0'};

String::String(long long n, unsigned char base) { Collector(*this).print(n, base); }
String::String(unsigned long long n, unsigned char base) { Collector(*this).print(n, base); }
String::String(float n, unsigned char decimals) { Collector(*this).print((double)n, decimals); }
String::String(double n, unsigned char decimals) { Collector(*this).print(n, decimals); }
void String::number(long n, unsigned char base) { Collector(*this).print(n, base); }
void String::number(unsigned long n, unsigned char base) { Collector(*this).print(n, base); }

String::~String() { free(buffer_); }

void String::setLength(unsigned length) {
  length_ = length;
  if (buffer_) {
    buffer_[length] = '\0';
  }
}

void String::take(String &other) noexcept {
  buffer_ = other.buffer_;
  capacity_ = other.capacity_;
  length_ = other.length_;
  other.buffer_ = nullptr;
  other.capacity_ = other.length_ = 0;
}

bool String::reserve(unsigned size) {
  if (buffer_ && capacity_ >= size) {
    return true;
  }
  char *larger = (char *)realloc(buffer_, size + 1);
  if (!larger) {
    return false;
  }
  buffer_ = larger;
  capacity_ = size;
  setLength(length_);
  return true;
}

String &String::assign(const char *data, unsigned length) {
  if (!data || !reserve(length)) {
    free(buffer_);
    buffer_ = nullptr;
    capacity_ = length_ = 0;
  } else {
    memmove(buffer_, data, length);
    setLength(length);
  }
  return *this;
}

String &String::copy(const char *text) { return assign(text, text ? (unsigned)strlen(text) : 0); }

String &String::operator=(const String &other) {
  return this == &other ? *this : assign(other.buffer_, other.length_);
}

String &String::operator=(String &&other) noexcept {
  if (this != &other) {
    free(buffer_);
    take(other);
  }
  return *this;
}

bool String::concat(const char *text) { return text && concat(text, (unsigned)strlen(text)); }

bool String::concat(const char *data, unsigned length) {
  if (!data) {
    return false;
  }
  /* The text may lie in this very string, which reserve() moves. */
  bool own = buffer_ && data >= buffer_ && data <= buffer_ + length_;
  size_t offset = own ? (size_t)(data - buffer_) : 0;
  if (!reserve(length_ + length)) {
    return false;
  }
  memmove(buffer_ + length_, own ? buffer_ + offset : data, length);
  setLength(length_ + length);
  return true;
}

int String::compareTo(const String &other) const { return strcmp(c_str(), other.c_str()); }

bool String::equals(const String &other) const {
  return length_ == other.length_ && memcmp(c_str(), other.c_str(), length_) == 0;
}

bool String::equals(const char *text) const { return strcmp(c_str(), text ? text : kEmpty) == 0; }

bool String::equalsIgnoreCase(const String &other) const {
  return length_ == other.length_ && strcasecmp(c_str(), other.c_str()) == 0;
}

bool String::startsWith(const String &prefix, unsigned offset) const {
  return offset <= length_ && prefix.length_ <= length_ - offset &&
         memcmp(c_str() + offset, prefix.c_str(), prefix.length_) == 0;
}

bool String::endsWith(const String &suffix) const {
  return suffix.length_ <= length_ && startsWith(suffix, length_ - suffix.length_);
}

void String::setCharAt(unsigned index, char c) {
  if (index < length_) {
    buffer_[index] = c;
  }
}

char &String::operator[](unsigned index) {
  static char nowhere;
  if (index >= length_) {
    nowhere = '\0';
    return nowhere;
  }
  return buffer_[index];
}

void String::getBytes(unsigned char *buffer, unsigned size, unsigned index) const {
  if (!buffer || !size) {
    return;
  }
  unsigned n = index < length_ ? length_ - index : 0;
  if (n > size - 1) {
    n = size - 1;
  }
  memcpy(buffer, c_str() + (n ? index : 0), n);
  buffer[n] = '\0';
}

int String::indexOf(char c, unsigned from) const {
  if (from >= length_) {
    return -1;
  }
  const char *found = (const char *)memchr(buffer_ + from, c, length_ - from);
  return found ? (int)(found - buffer_) : -1;
}

int String::indexOf(const String &text, unsigned from) const {
  if (from >= length_) {
    return -1;
  }
  const char *found = strstr(buffer_ + from, text.c_str());
  return found ? (int)(found - buffer_) : -1;
}

int String::lastIndexOf(char c, unsigned from) const {
  if (length_ == 0 || from >= length_) {
    return -1;
  }
  for (unsigned i = from + 1; i-- > 0;) {
    if (buffer_[i] == c) {
      return (int)i;
    }
  }
  return -1;
}

int String::lastIndexOf(const String &text, unsigned from) const {
  if (text.length_ == 0 || text.length_ > length_) {
    return -1;
  }
  unsigned last = length_ - text.length_;
  for (unsigned i = (from < last ? from : last) + 1; i-- > 0;) {
    if (startsWith(text, i)) {
      return (int)i;
    }
  }
  return -1;
}

String String::substring(unsigned begin, unsigned end) const {
  if (begin > end) {
    unsigned other = begin;
    begin = end;
    end = other;
  }
  if (begin >= length_) {
    return String();
  }
  return String(buffer_ + begin, (end < length_ ? end : length_) - begin);
}

void String::replace(char from, char to) {
  for (unsigned i = 0; i < length_; i++) {
    if (buffer_[i] == from) {
      buffer_[i] = to;
    }
  }
}

void String::replace(const String &from, const String &to) {
  if (length_ == 0 || from.length_ == 0) {
    return;
  }
  String result;
  unsigned done = 0;
  for (int at; (at = indexOf(from, done)) >= 0; done = (unsigned)at + from.length_) {
    if (!result.concat(buffer_ + done, (unsigned)at - done) || !result.concat(to)) {
      return;
    }
  }
  if (done && result.concat(buffer_ + done, length_ - done)) {
    *this = static_cast<String &&>(result);
  }
}

void String::remove(unsigned index, unsigned count) {
  if (index >= length_ || count == 0) {
    return;
  }
  if (count > length_ - index) {
    count = length_ - index;
  }
  memmove(buffer_ + index, buffer_ + index + count, length_ - index - count);
  setLength(length_ - count);
}

void String::toLowerCase() {
  for (unsigned i = 0; i < length_; i++) {
    buffer_[i] = (char)tolower((unsigned char)buffer_[i]);
  }
}

void String::toUpperCase() {
  for (unsigned i = 0; i < length_; i++) {
    buffer_[i] = (char)toupper((unsigned char)buffer_[i]);
  }
}

void String::trim() {
  unsigned end = length_;
  while (end > 0 && isspace((unsigned char)buffer_[end - 1])) {
    end--;
  }
  unsigned begin = 0;
  while (begin < end && isspace((unsigned char)buffer_[begin])) {
    begin++;
  }
  if (end < length_) {
    setLength(end);
  }
  remove(0, begin);
}

long String::toInt() const { return atol(c_str()); }

double String::toDouble() const { return atof(c_str()); }
