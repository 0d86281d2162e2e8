#include "model.h"

Model::Model() : executor_(person_detection::graph, person_detection::constants) {
  if (!executor_.ready()) tiny::halt();
}

void Model::inference(void* input, void* output) {
  executor_.set_input(input, kInputBytes);
  executor_.run();
  executor_.get_output(output);
}
