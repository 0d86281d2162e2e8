#include <stdint.h>

extern "C" void hang_infer() {
  static volatile uint32_t turns;
  for (;;) {
    turns = turns + 1;
  }
}
