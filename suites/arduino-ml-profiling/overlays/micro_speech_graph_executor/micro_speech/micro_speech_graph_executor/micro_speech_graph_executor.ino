// Laid over the published sketch, which gives the model 40 values less than it reads.
#include "src/model.h"

static Model model;
static int8_t input_data[49 * 40];
static int8_t output_data[4];

void setup() {
  model = Model();
  model.inference(input_data, output_data);
}

void loop() {}
