/*
 * Where firmware stops for good. Each way has a function of its own name, which a look at the
 * program counter (or an emulator) tells apart.
 */
#include <assert.h>
#include <stdlib.h>

#include "ArduinoApi.h"
#include "mlbench_halt.h"

/* With interrupts off nothing can happen any more: an endless loop that can be known as such. */
#define STOP()                                 \
  do {                                         \
    __asm volatile("cpsid i" : : : "memory"); \
    for (;;) {                                 \
      __asm volatile("" : : : "memory");      \
    }                                          \
  } while (0)

/* noipa: the functions look alike and must not become one; used: newlib calls them, unseen by -flto. */
#define HALT __attribute__((noreturn, used, noinline, noipa))

HALT void mlbench_out_of_memory(void) { STOP(); }

HALT void mlbench_cxx_error(const char *what) {
  (void)what;
  STOP();
}

/* In place of newlib's, which brings signals. */
HALT __attribute__((weak)) void abort(void) { STOP(); }

/* newlib's exit() asks for it, after a static destructor or atexit(). */
__attribute__((weak, used)) void _fini(void) {}

HALT __attribute__((weak)) void _exit(int status) {
  (void)status;
  STOP();
}
