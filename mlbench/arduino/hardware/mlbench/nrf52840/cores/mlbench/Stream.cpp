#include "Stream.h"

#include "ArduinoApi.h"

/*
 * Between two looks it sleeps: the port's interrupt wakes it, or, for streams that have none, the
 * millisecond.
 */
static constexpr uint32_t kNap = 1000;

int Stream::timedPeek() {
  unsigned long start = millis();
  for (;;) {
    int c = peek();
    if (c >= 0 || millis() - start >= timeout_) {
      return c;
    }
    yield();
    mlbench_nap(kNap);
  }
}

int Stream::timedRead() {
  unsigned long start = millis();
  for (;;) {
    int c = read();
    if (c >= 0 || millis() - start >= timeout_) {
      return c;
    }
    yield();
    mlbench_nap(kNap);
  }
}

/* The next character of a number, left unread; -1 when time ran out or `skip` forbids what comes. */
int Stream::peekNextDigit(LookaheadMode skip, bool decimal) {
  for (;;) {
    int c = timedPeek();
    if (c < 0 || c == '-' || isDigit(c) || (decimal && c == '.')) {
      return c;
    }
    bool space = c == ' ' || c == '\t' || c == '\r' || c == '\n';
    if (skip == SKIP_NONE || (skip == SKIP_WHITESPACE && !space)) {
      return -1;
    }
    read();
  }
}

bool Stream::findUntil(const char *target, size_t length, const char *terminator, size_t terminator_length) {
  if (length == 0) {
    return true;
  }
  /* How many characters of each are matched by the end of what was read. */
  size_t matched = 0, ended = 0;
  for (;;) {
    int c = timedRead();
    if (c < 0) {
      return false;
    }
    /* After a mismatch the longest beginning that the text still ends with goes on matching. */
    auto advance = [c](const char *text, size_t n) {
      for (;;) {
        if (text[n] == (char)c) {
          return n + 1;
        }
        if (n == 0) {
          return n;
        }
        size_t shorter = n - 1;
        while (shorter > 0 && memcmp(text, text + n - shorter, shorter) != 0) {
          shorter--;
        }
        n = shorter;
      }
    };
    matched = advance(target, matched);
    if (matched == length) {
      return true;
    }
    if (terminator_length) {
      ended = advance(terminator, ended);
      if (ended == terminator_length) {
        return false;
      }
    }
  }
}

long Stream::parseInt(LookaheadMode skip, char ignore) {
  int c = peekNextDigit(skip, false);
  if (c < 0) {
    return 0;
  }
  bool negative = c == '-';
  unsigned long value = 0;
  do {
    if (isDigit(c)) {
      value = value * 10 + (unsigned long)(c - '0');
    }
    read();
    c = timedPeek();
  } while (c >= 0 && (isDigit(c) || c == (unsigned char)ignore));
  return (long)(negative ? 0ul - value : value);
}

float Stream::parseFloat(LookaheadMode skip, char ignore) {
  int c = peekNextDigit(skip, true);
  if (c < 0) {
    return 0;
  }
  bool negative = c == '-', fraction = false;
  double value = 0, scale = 1;
  do {
    if (c == '.') {
      fraction = true;
    } else if (isDigit(c)) {
      value = value * 10 + (c - '0');
      if (fraction) {
        scale *= 10;
      }
    }
    read();
    c = timedPeek();
  } while (c >= 0 && (isDigit(c) || (c == '.' && !fraction) || c == (unsigned char)ignore));
  value /= scale;
  return (float)(negative ? -value : value);
}

size_t Stream::readBytes(char *buffer, size_t length) {
  size_t n = 0;
  for (int c; n < length && (c = timedRead()) >= 0;) {
    buffer[n++] = (char)c;
  }
  return n;
}

size_t Stream::readBytesUntil(char terminator, char *buffer, size_t length) {
  size_t n = 0;
  for (int c; n < length && (c = timedRead()) >= 0 && c != (unsigned char)terminator;) {
    buffer[n++] = (char)c;
  }
  return n;
}

String Stream::readString() {
  String text;
  for (int c; (c = timedRead()) >= 0;) {
    text += (char)c;
  }
  return text;
}

String Stream::readStringUntil(char terminator) {
  String text;
  for (int c; (c = timedRead()) >= 0 && c != (unsigned char)terminator;) {
    text += (char)c;
  }
  return text;
}
