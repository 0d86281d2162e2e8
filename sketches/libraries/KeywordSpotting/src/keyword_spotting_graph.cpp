// Made by sketches/tools/make_weights.py; change that and run it, not this.
#include "keyword_spotting_model.h"
#include "keyword_spotting_weights.h"

namespace keyword_spotting {

const char graph[] =
    "graph 7 6 3\n"
    "slot 1960\n"
    "slot 4000\n"
    "slot 1040\n"
    "tensor 49 40 1 -5 0\n"
    "tensor 25 20 8 -128 1\n"
    "tensor 13 10 8 -128 2\n"
    "tensor 13 10 16 -128 1\n"
    "tensor 1 1 8 -128 2\n"
    "tensor 1 1 4 3 1\n"
    "tensor 1 1 4 -128 2\n"
    "node convolution 0 1 10 8 2 2 4 3 -128 127 0\n"
    "node depthwise 1 2 3 3 2 2 1 0 -128 127 4\n"
    "node pointwise 2 3 1 1 1 1 0 0 -128 127 8\n"
    "node dense 3 4 1 1 1 1 0 0 -128 127 12\n"
    "node dense 4 5 1 1 1 1 0 0 -128 127 16\n"
    "node softmax 5 6 20\n";

const void* const constants[] = {
    convolution1_weights, convolution1_bias, convolution1_multiplier, convolution1_shift, depthwise1_weights,
    depthwise1_bias, depthwise1_multiplier, depthwise1_shift, pointwise1_weights, pointwise1_bias,
    pointwise1_multiplier, pointwise1_shift, dense1_weights, dense1_bias, dense1_multiplier, dense1_shift,
    dense2_weights, dense2_bias, dense2_multiplier, dense2_shift, softmax_powers,
};

}  // namespace keyword_spotting
