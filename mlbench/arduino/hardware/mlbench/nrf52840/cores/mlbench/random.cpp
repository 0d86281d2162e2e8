#include "ArduinoApi.h"

/* The "minimal standard" generator of Park and Miller (1988): x' = 16807 x mod (2^31 - 1). */
static uint32_t state = 1;

static long next() {
  state = (uint32_t)((uint64_t)state * 16807u % 0x7FFFFFFFu);
  return (long)state;
}

long random(long high) { return high > 0 ? next() % high : 0; }

long random(long low, long high) { return low < high ? low + random(high - low) : low; }

void randomSeed(unsigned long seed) {
  /* 0 and the modulus would stay where they are for ever. */
  uint32_t reduced = seed % 0x7FFFFFFFu;
  if (reduced) {
    state = reduced;
  }
}
