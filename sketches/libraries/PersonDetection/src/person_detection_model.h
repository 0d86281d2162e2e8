// Made by sketches/tools/make_weights.py; change that and run it, not this.
// Person detection: an image of 96 x 96 grey pixels, 2 classes.
#ifndef PERSON_DETECTION_MODEL_H
#define PERSON_DETECTION_MODEL_H

#include <stdint.h>

namespace person_detection {

constexpr int kInputBytes = 9216;
constexpr int kOutputBytes = 2;

// For tiny::GraphExecutor.
extern const char graph[];
extern const void* const constants[];

// The same network as straight-line code. The arena holds the tensors between the layers.
constexpr int kArenaBytes = 55296;
void run(const int8_t* input, int8_t* output, int8_t* arena);

}  // namespace person_detection

#endif
