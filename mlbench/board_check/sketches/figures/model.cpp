// A model in small: weights in flash, activations on the heap, multiply-accumulate loops, divides and floats.
#include "model.h"

#include <stdlib.h>

#define W1(n) (int8_t)((n) * 37 + 11)
#define W4(n) W1(n), W1(n + 1), W1(n + 2), W1(n + 3)
#define W16(n) W4(n), W4(n + 4), W4(n + 8), W4(n + 12)
#define W64(n) W16(n), W16(n + 16), W16(n + 32), W16(n + 48)
#define W256(n) W64(n), W64(n + 64), W64(n + 128), W64(n + 192)

static const unsigned INPUTS = 1024;
static const int8_t WEIGHTS[INPUTS] = {W256(0), W256(256), W256(512), W256(768)};
static int8_t *activations;

void check_init() {
  activations = (int8_t *)malloc(INPUTS);
  for (unsigned i = 0; activations && i < INPUTS; i++) {
    activations[i] = (int8_t)(i * 5);
  }
}

void check_infer(int32_t *output) {
  for (unsigned o = 0; activations && o < OUTPUTS; o++) {
    int32_t sum = 0;
    for (unsigned i = 0; i < INPUTS; i++) {
      sum += WEIGHTS[(i + 31 * o) % INPUTS] * activations[i];
    }
    float scaled = (float)sum * 0.125f;
    output[o] = (int32_t)scaled + sum / (int32_t)(o + 3);
  }
}
