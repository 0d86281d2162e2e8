#ifndef MODEL_H
#define MODEL_H

#include <graph_executor.h>
#include <keyword_spotting_model.h>

// The keyword model as a graph, for the sketch beside it, which is a template of others' making
// and gives 1,920 values: 48 frames of 40. The network takes 49, so the last frame is filled with
// the input's zero.
class Model {
 public:
  static constexpr int kInputBytes = 48 * 40;

  Model();
  // Reads kInputBytes and writes keyword_spotting::kOutputBytes int8 values.
  void inference(void* input, void* output);

 private:
  tiny::GraphExecutor executor_;
};

#endif
