// Person detection, run by a graph executor: init is Model::Model(), inference is
// Model::inference(void*, void*). Needs the libraries TinyKernels and PersonDetection.
#include "src/model.h"

static Model* model;
static int8_t input_data[Model::kInputBytes];
static int8_t output_data[Model::kOutputBytes];

void setup() {
  Serial.begin(115200);
  tiny::fill_pattern(input_data, sizeof(input_data));
  model = new Model();
}

void loop() {
  model->inference(input_data, output_data);
  Serial.print("output:");
  for (int8_t value : output_data) {
    Serial.print(' ');
    Serial.print(value);
  }
  Serial.println();
}
