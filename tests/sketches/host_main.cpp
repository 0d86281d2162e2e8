// Runs a sample model on the machine that tests run on: inputs from stdin, outputs to stdout.
#include "src/model.h"

#include <cstdint>
#include <cstdio>

int main() {
  static int8_t input[INPUT_BYTES];
  static int8_t output[OUTPUT_BYTES];
#ifdef MODEL_IS_CLASS
  static Model model;
  model = Model();
#else
  model_initialize();
#endif
  while (std::fread(input, 1, sizeof(input), stdin) == sizeof(input)) {
#ifdef MODEL_IS_CLASS
    model.inference(input, output);
#else
    model_execute(input, output);
#endif
    std::fwrite(output, 1, sizeof(output), stdout);
  }
}
