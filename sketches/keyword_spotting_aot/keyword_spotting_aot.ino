// Keyword spotting as straight-line code in a static arena: init is model_initialize(), inference is
// model_execute(void*, void*). Needs the libraries TinyKernels and KeywordSpotting.
#include "src/model.h"

#include <keyword_spotting_model.h>
#include <tiny_kernels.h>

static int8_t input_data[keyword_spotting::kInputBytes];
static int8_t output_data[keyword_spotting::kOutputBytes];

void setup() {
  Serial.begin(115200);
  tiny::fill_pattern(input_data, sizeof(input_data));
  model_initialize();
}

void loop() {
  model_execute(input_data, output_data);
  Serial.print("output:");
  for (int8_t value : output_data) {
    Serial.print(' ');
    Serial.print(value);
  }
  Serial.println();
}
