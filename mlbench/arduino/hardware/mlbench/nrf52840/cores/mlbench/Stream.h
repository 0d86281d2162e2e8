#ifndef MLBENCH_STREAM_H
#define MLBENCH_STREAM_H

#include "Print.h"

/* What parseInt() and parseFloat() pass over before the number begins. */
enum LookaheadMode {
  SKIP_ALL,        /* everything but digits, sign and (for parseFloat) point */
  SKIP_NONE,       /* nothing */
  SKIP_WHITESPACE, /* blanks, tabs and line ends */
};

/* Input that comes in time. Waits for each byte at most the timeout, 1000 ms unless told. */
class Stream : public Print {
 public:
  constexpr Stream() : timeout_(1000) {}

  virtual int available() = 0;
  virtual int read() = 0;
  virtual int peek() = 0;

  void setTimeout(unsigned long ms) { timeout_ = ms; }
  unsigned long getTimeout() const { return timeout_; }

  /* Reads up to the end of target; false when time ran out before. */
  bool find(const char *target) { return find(target, strlen(target)); }
  bool find(const uint8_t *target) { return find((const char *)target); }
  bool find(const char *target, size_t length) { return findUntil(target, length, nullptr, 0); }
  bool find(char target) { return find(&target, 1); }
  /* As find(), but false too when terminator came first. */
  bool findUntil(const char *target, const char *terminator) {
    return findUntil(target, strlen(target), terminator, strlen(terminator));
  }
  bool findUntil(const char *target, size_t length, const char *terminator, size_t terminator_length);

  /* 0 when no number came in time. `ignore` is a character to pass over within the number. */
  long parseInt(LookaheadMode skip = SKIP_ALL, char ignore = '\x01');
  float parseFloat(LookaheadMode skip = SKIP_ALL, char ignore = '\x01');

  virtual size_t readBytes(char *buffer, size_t length);
  size_t readBytes(uint8_t *buffer, size_t length) { return readBytes((char *)buffer, length); }
  size_t readBytesUntil(char terminator, char *buffer, size_t length);
  size_t readBytesUntil(char terminator, uint8_t *buffer, size_t length) {
    return readBytesUntil(terminator, (char *)buffer, length);
  }
  String readString();
  String readStringUntil(char terminator);

 protected:
  /* -1 when time ran out. */
  int timedRead();
  int timedPeek();
  int peekNextDigit(LookaheadMode skip, bool decimal);

 private:
  unsigned long timeout_;
};

namespace arduino {
using ::Stream;
}

#endif
