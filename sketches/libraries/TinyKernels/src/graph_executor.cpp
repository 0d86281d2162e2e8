#include "graph_executor.h"

#include <stdlib.h>
#include <string.h>

namespace tiny {
namespace {

// calloc, so that a table that is only half filled can be released.
template <typename T>
T* allocate(int count) {
  return static_cast<T*>(calloc(static_cast<size_t>(count), sizeof(T)));
}

template <typename T>
void exchange(T& a, T& b) {
  const T kept = a;
  a = b;
  b = kept;
}

size_t size_of(const Shape& shape) {
  return static_cast<size_t>(shape.height) * static_cast<size_t>(shape.width) *
         static_cast<size_t>(shape.channels);
}

}  // namespace

struct GraphExecutor::Tensor {
  Shape shape;
  int16_t zero;
  int8_t* data;
};

struct GraphExecutor::Node {
  enum class Kind : int8_t { convolution, depthwise, pointwise, dense, average, softmax };
  Kind kind;
  int16_t from;
  int16_t to;
  Filter* filter;         // of the first four kinds, on the heap
  const uint32_t* powers;  // of softmax
};

// Takes words and numbers off the text. After a mistake nothing more is read.
class GraphExecutor::Reader {
 public:
  explicit Reader(const char* text) : at_(text) {}

  bool failed() const { return failed_; }

  // Whether the next word is this one; takes it if so.
  bool take(const char* word) {
    skip_blanks();
    const size_t length = strlen(word);
    if (strncmp(at_, word, length) != 0) return false;
    if (at_[length] != ' ' && at_[length] != '\n') return false;
    at_ += length;
    return true;
  }

  void expect(const char* word) {
    if (!failed_ && !take(word)) failed_ = true;
  }

  int32_t number(int32_t low, int32_t high) {
    skip_blanks();
    char* end = nullptr;
    const long value = strtol(at_, &end, 10);
    if (end == at_ || value < low || value > high) failed_ = true;
    if (failed_) return low;
    at_ = end;
    return static_cast<int32_t>(value);
  }

  int16_t small(int32_t low, int32_t high) { return static_cast<int16_t>(number(low, high)); }

 private:
  void skip_blanks() {
    while (*at_ == ' ' || *at_ == '\n') ++at_;
  }

  const char* at_;
  bool failed_ = false;
};

GraphExecutor::GraphExecutor(const char* graph, const void* const* constants)
    : constants_(constants) {
  Reader reader(graph);
  ready_ = load(reader) && !reader.failed();
}

GraphExecutor::~GraphExecutor() {
  for (int i = 0; nodes_ != nullptr && i < node_count_; ++i) free(nodes_[i].filter);
  for (int i = 0; slots_ != nullptr && i < slot_count_; ++i) free(slots_[i]);
  free(nodes_);
  free(tensors_);
  free(slots_);
}

GraphExecutor::GraphExecutor(GraphExecutor&& other) : constants_(other.constants_) {
  *this = static_cast<GraphExecutor&&>(other);
}

GraphExecutor& GraphExecutor::operator=(GraphExecutor&& other) {
  exchange(constants_, other.constants_);
  exchange(tensor_count_, other.tensor_count_);
  exchange(node_count_, other.node_count_);
  exchange(slot_count_, other.slot_count_);
  exchange(slots_, other.slots_);
  exchange(tensors_, other.tensors_);
  exchange(nodes_, other.nodes_);
  exchange(ready_, other.ready_);
  return *this;
}

bool GraphExecutor::load(Reader& reader) {
  constexpr int32_t kMost = INT16_MAX;
  reader.expect("graph");
  tensor_count_ = reader.number(2, kMost);
  node_count_ = reader.number(1, kMost);
  slot_count_ = reader.number(1, kMost);
  if (reader.failed()) return false;

  size_t* const sizes = allocate<size_t>(slot_count_);  // only while the text is read
  slots_ = allocate<int8_t*>(slot_count_);
  tensors_ = allocate<Tensor>(tensor_count_);
  nodes_ = allocate<Node>(node_count_);
  bool good = sizes != nullptr && slots_ != nullptr && tensors_ != nullptr && nodes_ != nullptr;

  for (int i = 0; good && i < slot_count_; ++i) {
    reader.expect("slot");
    sizes[i] = static_cast<size_t>(reader.number(1, INT32_MAX));
    good = !reader.failed() && (slots_[i] = static_cast<int8_t*>(malloc(sizes[i]))) != nullptr;
  }
  for (int i = 0; good && i < tensor_count_; ++i) {
    Tensor& tensor = tensors_[i];
    reader.expect("tensor");
    tensor.shape.height = reader.small(1, kMost);
    tensor.shape.width = reader.small(1, kMost);
    tensor.shape.channels = reader.small(1, kMost);
    tensor.zero = reader.small(INT8_MIN, INT8_MAX);
    const int slot = reader.number(0, slot_count_ - 1);
    tensor.data = slots_[slot];
    good = !reader.failed() && size_of(tensor.shape) <= sizes[slot];
  }
  free(sizes);
  for (int i = 0; good && i < node_count_; ++i) good = load_node(reader, nodes_[i]);
  return good;
}

bool GraphExecutor::load_node(Reader& reader, Node& node) {
  struct Name {
    const char* word;
    Node::Kind kind;
  };
  static const Name kNames[] = {
      {"convolution", Node::Kind::convolution}, {"depthwise", Node::Kind::depthwise},
      {"pointwise", Node::Kind::pointwise},     {"dense", Node::Kind::dense},
      {"average", Node::Kind::average},         {"softmax", Node::Kind::softmax},
  };
  reader.expect("node");
  const Name* name = nullptr;
  for (const Name& candidate : kNames) {
    if (name == nullptr && reader.take(candidate.word)) name = &candidate;
  }
  if (name == nullptr) return false;
  node.kind = name->kind;
  node.from = reader.small(0, tensor_count_ - 1);
  node.to = reader.small(0, tensor_count_ - 1);
  if (reader.failed() || node.kind == Node::Kind::average) return !reader.failed();
  if (node.kind == Node::Kind::softmax) {
    node.powers = static_cast<const uint32_t*>(constants_[reader.number(0, INT16_MAX)]);
    return !reader.failed();
  }

  Filter* const filter = node.filter = allocate<Filter>(1);
  if (filter == nullptr) return false;
  filter->input = tensors_[node.from].shape;
  filter->output = tensors_[node.to].shape;
  filter->kernel_height = reader.small(1, INT16_MAX);
  filter->kernel_width = reader.small(1, INT16_MAX);
  filter->stride_height = reader.small(1, INT16_MAX);
  filter->stride_width = reader.small(1, INT16_MAX);
  filter->pad_top = reader.small(0, INT16_MAX);
  filter->pad_left = reader.small(0, INT16_MAX);
  filter->rescale.input_zero = tensors_[node.from].zero;
  filter->rescale.output_zero = tensors_[node.to].zero;
  filter->rescale.low = reader.small(INT8_MIN, INT8_MAX);
  filter->rescale.high = reader.small(INT8_MIN, INT8_MAX);
  const void* const* const constants = constants_ + reader.number(0, INT16_MAX);
  filter->weights = static_cast<const int8_t*>(constants[0]);
  filter->rescale.bias = static_cast<const int32_t*>(constants[1]);
  filter->rescale.multiplier = static_cast<const int32_t*>(constants[2]);
  filter->rescale.shift = static_cast<const int8_t*>(constants[3]);
  return !reader.failed();
}

void GraphExecutor::set_input(const void* data, size_t bytes) {
  const Tensor& input = tensors_[0];
  const size_t size = size_of(input.shape);
  const size_t given = bytes < size ? bytes : size;
  memcpy(input.data, data, given);
  memset(input.data + given, input.zero, size - given);
}

void GraphExecutor::run() {
  for (int i = 0; i < node_count_; ++i) {
    const Node& node = nodes_[i];
    const Tensor& from = tensors_[node.from];
    int8_t* const to = tensors_[node.to].data;
    switch (node.kind) {
      case Node::Kind::convolution:
        convolution(*node.filter, from.data, to);
        break;
      case Node::Kind::depthwise:
        depthwise(*node.filter, from.data, to);
        break;
      case Node::Kind::pointwise:
        pointwise(*node.filter, from.data, to);
        break;
      case Node::Kind::dense:
        dense(*node.filter, from.data, to);
        break;
      case Node::Kind::average:
        average(from.shape, from.data, to);
        break;
      case Node::Kind::softmax:
        softmax(node.powers, static_cast<int>(size_of(from.shape)), from.data, to);
        break;
    }
  }
}

void GraphExecutor::get_output(void* data) const {
  const Tensor& output = tensors_[tensor_count_ - 1];
  memcpy(data, output.data, size_of(output.shape));
}

}  // namespace tiny
