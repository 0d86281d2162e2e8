// Made by sketches/tools/make_weights.py; change that and run it, not this.
#include "keyword_spotting_model.h"
#include "keyword_spotting_weights.h"

#include <tiny_kernels.h>

namespace keyword_spotting {
namespace {

const tiny::Filter convolution1 = {
    {49, 40, 1}, {25, 20, 8}, 10, 8, 2, 2, 4, 3, convolution1_weights,
    {convolution1_bias, convolution1_multiplier, convolution1_shift, -5, -128, -128, 127}};
const tiny::Filter depthwise1 = {
    {25, 20, 8}, {13, 10, 8}, 3, 3, 2, 2, 1, 0, depthwise1_weights,
    {depthwise1_bias, depthwise1_multiplier, depthwise1_shift, -128, -128, -128, 127}};
const tiny::Filter pointwise1 = {
    {13, 10, 8}, {13, 10, 16}, 1, 1, 1, 1, 0, 0, pointwise1_weights,
    {pointwise1_bias, pointwise1_multiplier, pointwise1_shift, -128, -128, -128, 127}};
const tiny::Filter dense1 = {
    {13, 10, 16}, {1, 1, 8}, 1, 1, 1, 1, 0, 0, dense1_weights,
    {dense1_bias, dense1_multiplier, dense1_shift, -128, -128, -128, 127}};
const tiny::Filter dense2 = {
    {1, 1, 8}, {1, 1, 4}, 1, 1, 1, 1, 0, 0, dense2_weights,
    {dense2_bias, dense2_multiplier, dense2_shift, -128, 3, -128, 127}};

}  // namespace

void run(const int8_t* input, int8_t* output, int8_t* arena) {
  tiny::convolution(convolution1, input, arena + 0);
  tiny::depthwise(depthwise1, arena + 0, arena + 4000);
  tiny::pointwise(pointwise1, arena + 4000, arena + 0);
  tiny::dense(dense1, arena + 0, arena + 5032);
  tiny::dense(dense2, arena + 5032, arena + 0);
  tiny::softmax(softmax_powers, 4, arena + 0, output);
}

}  // namespace keyword_spotting
