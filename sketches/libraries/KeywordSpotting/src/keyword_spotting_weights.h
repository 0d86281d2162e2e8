// Made by sketches/tools/make_weights.py; change that and run it, not this.
#ifndef KEYWORD_SPOTTING_WEIGHTS_H
#define KEYWORD_SPOTTING_WEIGHTS_H

#include <stdint.h>

namespace keyword_spotting {

extern const int8_t convolution1_weights[640];
extern const int32_t convolution1_bias[8];
extern const int32_t convolution1_multiplier[8];
extern const int8_t convolution1_shift[8];
extern const int8_t depthwise1_weights[72];
extern const int32_t depthwise1_bias[8];
extern const int32_t depthwise1_multiplier[8];
extern const int8_t depthwise1_shift[8];
extern const int8_t pointwise1_weights[128];
extern const int32_t pointwise1_bias[16];
extern const int32_t pointwise1_multiplier[16];
extern const int8_t pointwise1_shift[16];
extern const int8_t dense1_weights[16640];
extern const int32_t dense1_bias[8];
extern const int32_t dense1_multiplier[8];
extern const int8_t dense1_shift[8];
extern const int8_t dense2_weights[32];
extern const int32_t dense2_bias[4];
extern const int32_t dense2_multiplier[4];
extern const int8_t dense2_shift[4];
extern const uint32_t softmax_powers[256];

}  // namespace keyword_spotting

#endif
