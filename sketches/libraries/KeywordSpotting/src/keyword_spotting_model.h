// Made by sketches/tools/make_weights.py; change that and run it, not this.
// Keyword spotting: 49 frames of 40 frequency bands, 4 classes.
#ifndef KEYWORD_SPOTTING_MODEL_H
#define KEYWORD_SPOTTING_MODEL_H

#include <stdint.h>

namespace keyword_spotting {

constexpr int kInputBytes = 1960;
constexpr int kOutputBytes = 4;

// For tiny::GraphExecutor.
extern const char graph[];
extern const void* const constants[];

// The same network as straight-line code. The arena holds the tensors between the layers.
constexpr int kArenaBytes = 5040;
void run(const int8_t* input, int8_t* output, int8_t* arena);

}  // namespace keyword_spotting

#endif
