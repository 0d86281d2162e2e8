/* main() of a sketch that has none: a member of its own, so that a sketch's own main() takes its place. */
#include "ArduinoApi.h"

__attribute__((weak)) void initVariant(void) {}

int main(void) {
  initVariant();
  setup();
  for (;;) {
    loop();
  }
}
