/* printf() and assert() come out on Serial. Weak: a sketch may send them elsewhere. */
#include <errno.h>
#include <stdio.h>

#include "ArduinoApi.h"

extern "C" {

__attribute__((weak, used)) int _write(int file, const char *data, int size) {
  if (file != 1 && file != 2) {
    errno = EBADF;
    return -1;
  }
  return (int)Serial.write(data, (size_t)size);
}

/* Waits for one byte, then gives what there is. */
__attribute__((weak, used)) int _read(int file, char *data, int size) {
  if (file != 0) {
    errno = EBADF;
    return -1;
  }
  while (size > 0 && !Serial.available()) {
    yield();
    mlbench_nap(1000);
  }
  int n = 0;
  while (n < size && Serial.available()) {
    data[n++] = (char)Serial.read();
  }
  return n;
}

}
