// Runs a model that is described by a text, which is read when the executor is made.
//
// The text is a sequence of words and decimal numbers, separated by blanks or line ends:
//
//     graph TENSORS NODES SLOTS
//     slot BYTES                                  one for each slot of memory
//     tensor HEIGHT WIDTH CHANNELS ZERO SLOT      one for each tensor; the first is the input,
//                                                 the last the output
//     node KIND FROM TO ...                       one for each node, in the order of running;
//                                                 FROM and TO are numbers of tensors
//
// where KIND and what follows is one of
//
//     convolution | depthwise | pointwise | dense  KERNEL_HEIGHT KERNEL_WIDTH STRIDE_HEIGHT
//         STRIDE_WIDTH PAD_TOP PAD_LEFT LOW HIGH CONSTANT
//     average
//     softmax CONSTANT
//
// CONSTANT is a place in the table of constants: weights, bias, multiplier, shift stand there for
// the first four kinds, and powers for softmax. Tensors that are never needed at the same time may
// share a slot.
#ifndef GRAPH_EXECUTOR_H
#define GRAPH_EXECUTOR_H

#include "tiny_kernels.h"

namespace tiny {

class GraphExecutor {
 public:
  // Takes all its memory from the heap here; see ready().
  GraphExecutor(const char* graph, const void* const* constants);
  ~GraphExecutor();
  GraphExecutor(GraphExecutor&& other);
  GraphExecutor& operator=(GraphExecutor&& other);
  GraphExecutor(const GraphExecutor&) = delete;
  GraphExecutor& operator=(const GraphExecutor&) = delete;

  // False where the heap was too small or the text is not as described above.
  bool ready() const { return ready_; }

  // Copies the input; what `bytes` leaves of it becomes zero (the tensor's zero).
  void set_input(const void* data, size_t bytes);
  void run();
  void get_output(void* data) const;

 private:
  struct Tensor;
  struct Node;
  class Reader;

  bool load(Reader& reader);
  bool load_node(Reader& reader, Node& node);

  const void* const* constants_;
  int tensor_count_ = 0;
  int node_count_ = 0;
  int slot_count_ = 0;
  int8_t** slots_ = nullptr;
  Tensor* tensors_ = nullptr;
  Node* nodes_ = nullptr;
  bool ready_ = false;
};

}  // namespace tiny

#endif
