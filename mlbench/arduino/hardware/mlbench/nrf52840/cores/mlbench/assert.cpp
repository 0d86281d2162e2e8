#include "Arduino.h"
#include "mlbench_halt.h"

/* In place of newlib's, which brings stdio and signals into the image. */
extern "C" __attribute__((weak, used, noreturn)) void __assert_func(const char *file, int line, const char *function,
                                                              const char *expression) {
  Serial.print("assertion \"");
  Serial.print(expression);
  Serial.print("\" failed: file \"");
  Serial.print(file);
  Serial.print("\", line ");
  Serial.print(line);
  if (function) {
    Serial.print(", function: ");
    Serial.print(function);
  }
  Serial.println();
  Serial.flush();
  abort();
}
