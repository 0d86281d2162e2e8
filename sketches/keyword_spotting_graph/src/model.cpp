#include "model.h"

Model::Model() : executor_(keyword_spotting::graph, keyword_spotting::constants) {
  if (!executor_.ready()) tiny::halt();
}

void Model::inference(void* input, void* output) {
  executor_.set_input(input, kInputBytes);
  executor_.run();
  executor_.get_output(output);
}
