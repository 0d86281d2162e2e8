#ifndef MODEL_H
#define MODEL_H

#include <graph_executor.h>
#include <person_detection_model.h>

// The model as a graph. All its tensors come from the heap when it is made.
class Model {
 public:
  static constexpr int kInputBytes = person_detection::kInputBytes;
  static constexpr int kOutputBytes = person_detection::kOutputBytes;

  Model();
  // Reads kInputBytes and writes kOutputBytes int8 values.
  void inference(void* input, void* output);

 private:
  tiny::GraphExecutor executor_;
};

#endif
