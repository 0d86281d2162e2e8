#include "ArduinoApi.h"
#include "mlbench_halt.h"

/* In place of newlib's, which brings stdio and signals into the image. */
static const char kAssertion[] = "assertion \"", kFile[] = "\" failed: file \"", kLine[] = "\", line ",
                  kFunction[] = ", function: ";

extern "C" __attribute__((weak, used, noreturn)) void __assert_func(const char *file, int line, const char *function,
                                                              const char *expression) {
  Serial.print(kAssertion);
  Serial.print(expression);
  Serial.print(kFile);
  Serial.print(file);
  Serial.print(kLine);
  Serial.print(line);
  if (function) {
    Serial.print(kFunction);
    Serial.print(function);
  }
  Serial.println();
  Serial.flush();
  abort();
}
