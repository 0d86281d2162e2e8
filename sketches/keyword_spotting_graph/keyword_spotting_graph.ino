// Keyword spotting, run by a graph executor: init is Model::Model(), inference is
// Model::inference(void*, void*). Needs the libraries TinyKernels and KeywordSpotting.
#include "src/model.h"

// Made once before setup() like every static object, and once more in it. The second Model is what
// the sketch works with; the memory of the first is given back when it takes its place.
static Model model;
static int8_t input_data[Model::kInputBytes];
static int8_t output_data[Model::kOutputBytes];

void setup() {
  Serial.begin(115200);
  tiny::fill_pattern(input_data, sizeof(input_data));
  model = Model();
}

void loop() {
  model.inference(input_data, output_data);
  Serial.print("output:");
  for (int8_t value : output_data) {
    Serial.print(' ');
    Serial.print(value);
  }
  Serial.println();
}
