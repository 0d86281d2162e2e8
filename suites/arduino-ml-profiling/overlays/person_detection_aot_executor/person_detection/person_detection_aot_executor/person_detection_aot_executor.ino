// Laid over the published sketch, which runs the model before its workspace is set up.
#include "src/model.h"

static int8_t input_data[96 * 96];
static int8_t output_data[3];

void setup() {
  TVMInitialize();
  TVMExecute(input_data, output_data);
}

void loop() {}
