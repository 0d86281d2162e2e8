// Made by sketches/tools/make_weights.py; change that and run it, not this.
#include "person_detection_model.h"
#include "person_detection_weights.h"

namespace person_detection {

const char graph[] =
    "graph 31 30 3\n"
    "slot 9216\n"
    "slot 36864\n"
    "slot 18432\n"
    "tensor 96 96 1 -1 0\n"
    "tensor 48 48 8 -128 1\n"
    "tensor 48 48 8 -128 2\n"
    "tensor 48 48 16 -128 1\n"
    "tensor 24 24 16 -128 2\n"
    "tensor 24 24 32 -128 1\n"
    "tensor 24 24 32 -128 2\n"
    "tensor 24 24 32 -128 1\n"
    "tensor 12 12 32 -128 2\n"
    "tensor 12 12 64 -128 1\n"
    "tensor 12 12 64 -128 2\n"
    "tensor 12 12 64 -128 1\n"
    "tensor 6 6 64 -128 2\n"
    "tensor 6 6 128 -128 1\n"
    "tensor 6 6 128 -128 2\n"
    "tensor 6 6 128 -128 1\n"
    "tensor 6 6 128 -128 2\n"
    "tensor 6 6 128 -128 1\n"
    "tensor 6 6 128 -128 2\n"
    "tensor 6 6 128 -128 1\n"
    "tensor 6 6 128 -128 2\n"
    "tensor 6 6 128 -128 1\n"
    "tensor 6 6 128 -128 2\n"
    "tensor 6 6 128 -128 1\n"
    "tensor 3 3 128 -128 2\n"
    "tensor 3 3 256 -128 1\n"
    "tensor 3 3 256 -128 2\n"
    "tensor 3 3 256 -128 1\n"
    "tensor 1 1 256 -128 2\n"
    "tensor 1 1 2 3 1\n"
    "tensor 1 1 2 -128 2\n"
    "node convolution 0 1 3 3 2 2 0 0 -128 127 0\n"
    "node depthwise 1 2 3 3 1 1 1 1 -128 127 4\n"
    "node pointwise 2 3 1 1 1 1 0 0 -128 127 8\n"
    "node depthwise 3 4 3 3 2 2 0 0 -128 127 12\n"
    "node pointwise 4 5 1 1 1 1 0 0 -128 127 16\n"
    "node depthwise 5 6 3 3 1 1 1 1 -128 127 20\n"
    "node pointwise 6 7 1 1 1 1 0 0 -128 127 24\n"
    "node depthwise 7 8 3 3 2 2 0 0 -128 127 28\n"
    "node pointwise 8 9 1 1 1 1 0 0 -128 127 32\n"
    "node depthwise 9 10 3 3 1 1 1 1 -128 127 36\n"
    "node pointwise 10 11 1 1 1 1 0 0 -128 127 40\n"
    "node depthwise 11 12 3 3 2 2 0 0 -128 127 44\n"
    "node pointwise 12 13 1 1 1 1 0 0 -128 127 48\n"
    "node depthwise 13 14 3 3 1 1 1 1 -128 127 52\n"
    "node pointwise 14 15 1 1 1 1 0 0 -128 127 56\n"
    "node depthwise 15 16 3 3 1 1 1 1 -128 127 60\n"
    "node pointwise 16 17 1 1 1 1 0 0 -128 127 64\n"
    "node depthwise 17 18 3 3 1 1 1 1 -128 127 68\n"
    "node pointwise 18 19 1 1 1 1 0 0 -128 127 72\n"
    "node depthwise 19 20 3 3 1 1 1 1 -128 127 76\n"
    "node pointwise 20 21 1 1 1 1 0 0 -128 127 80\n"
    "node depthwise 21 22 3 3 1 1 1 1 -128 127 84\n"
    "node pointwise 22 23 1 1 1 1 0 0 -128 127 88\n"
    "node depthwise 23 24 3 3 2 2 0 0 -128 127 92\n"
    "node pointwise 24 25 1 1 1 1 0 0 -128 127 96\n"
    "node depthwise 25 26 3 3 1 1 1 1 -128 127 100\n"
    "node pointwise 26 27 1 1 1 1 0 0 -128 127 104\n"
    "node average 27 28\n"
    "node dense 28 29 1 1 1 1 0 0 -128 127 108\n"
    "node softmax 29 30 112\n";

const void* const constants[] = {
    convolution1_weights, convolution1_bias, convolution1_multiplier, convolution1_shift, depthwise1_weights,
    depthwise1_bias, depthwise1_multiplier, depthwise1_shift, pointwise1_weights, pointwise1_bias,
    pointwise1_multiplier, pointwise1_shift, depthwise2_weights, depthwise2_bias, depthwise2_multiplier,
    depthwise2_shift, pointwise2_weights, pointwise2_bias, pointwise2_multiplier, pointwise2_shift,
    depthwise3_weights, depthwise3_bias, depthwise3_multiplier, depthwise3_shift, pointwise3_weights,
    pointwise3_bias, pointwise3_multiplier, pointwise3_shift, depthwise4_weights, depthwise4_bias,
    depthwise4_multiplier, depthwise4_shift, pointwise4_weights, pointwise4_bias, pointwise4_multiplier,
    pointwise4_shift, depthwise5_weights, depthwise5_bias, depthwise5_multiplier, depthwise5_shift,
    pointwise5_weights, pointwise5_bias, pointwise5_multiplier, pointwise5_shift, depthwise6_weights,
    depthwise6_bias, depthwise6_multiplier, depthwise6_shift, pointwise6_weights, pointwise6_bias,
    pointwise6_multiplier, pointwise6_shift, depthwise7_weights, depthwise7_bias, depthwise7_multiplier,
    depthwise7_shift, pointwise7_weights, pointwise7_bias, pointwise7_multiplier, pointwise7_shift,
    depthwise8_weights, depthwise8_bias, depthwise8_multiplier, depthwise8_shift, pointwise8_weights,
    pointwise8_bias, pointwise8_multiplier, pointwise8_shift, depthwise9_weights, depthwise9_bias,
    depthwise9_multiplier, depthwise9_shift, pointwise9_weights, pointwise9_bias, pointwise9_multiplier,
    pointwise9_shift, depthwise10_weights, depthwise10_bias, depthwise10_multiplier, depthwise10_shift,
    pointwise10_weights, pointwise10_bias, pointwise10_multiplier, pointwise10_shift, depthwise11_weights,
    depthwise11_bias, depthwise11_multiplier, depthwise11_shift, pointwise11_weights, pointwise11_bias,
    pointwise11_multiplier, pointwise11_shift, depthwise12_weights, depthwise12_bias, depthwise12_multiplier,
    depthwise12_shift, pointwise12_weights, pointwise12_bias, pointwise12_multiplier, pointwise12_shift,
    depthwise13_weights, depthwise13_bias, depthwise13_multiplier, depthwise13_shift, pointwise13_weights,
    pointwise13_bias, pointwise13_multiplier, pointwise13_shift, dense1_weights, dense1_bias,
    dense1_multiplier, dense1_shift, softmax_powers,
};

}  // namespace person_detection
