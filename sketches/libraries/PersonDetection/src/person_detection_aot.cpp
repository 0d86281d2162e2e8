// Made by sketches/tools/make_weights.py; change that and run it, not this.
#include "person_detection_model.h"
#include "person_detection_weights.h"

#include <tiny_kernels.h>

namespace person_detection {
namespace {

const tiny::Filter convolution1 = {
    {96, 96, 1}, {48, 48, 8}, 3, 3, 2, 2, 0, 0, convolution1_weights,
    {convolution1_bias, convolution1_multiplier, convolution1_shift, -1, -128, -128, 127}};
const tiny::Filter depthwise1 = {
    {48, 48, 8}, {48, 48, 8}, 3, 3, 1, 1, 1, 1, depthwise1_weights,
    {depthwise1_bias, depthwise1_multiplier, depthwise1_shift, -128, -128, -128, 127}};
const tiny::Filter pointwise1 = {
    {48, 48, 8}, {48, 48, 16}, 1, 1, 1, 1, 0, 0, pointwise1_weights,
    {pointwise1_bias, pointwise1_multiplier, pointwise1_shift, -128, -128, -128, 127}};
const tiny::Filter depthwise2 = {
    {48, 48, 16}, {24, 24, 16}, 3, 3, 2, 2, 0, 0, depthwise2_weights,
    {depthwise2_bias, depthwise2_multiplier, depthwise2_shift, -128, -128, -128, 127}};
const tiny::Filter pointwise2 = {
    {24, 24, 16}, {24, 24, 32}, 1, 1, 1, 1, 0, 0, pointwise2_weights,
    {pointwise2_bias, pointwise2_multiplier, pointwise2_shift, -128, -128, -128, 127}};
const tiny::Filter depthwise3 = {
    {24, 24, 32}, {24, 24, 32}, 3, 3, 1, 1, 1, 1, depthwise3_weights,
    {depthwise3_bias, depthwise3_multiplier, depthwise3_shift, -128, -128, -128, 127}};
const tiny::Filter pointwise3 = {
    {24, 24, 32}, {24, 24, 32}, 1, 1, 1, 1, 0, 0, pointwise3_weights,
    {pointwise3_bias, pointwise3_multiplier, pointwise3_shift, -128, -128, -128, 127}};
const tiny::Filter depthwise4 = {
    {24, 24, 32}, {12, 12, 32}, 3, 3, 2, 2, 0, 0, depthwise4_weights,
    {depthwise4_bias, depthwise4_multiplier, depthwise4_shift, -128, -128, -128, 127}};
const tiny::Filter pointwise4 = {
    {12, 12, 32}, {12, 12, 64}, 1, 1, 1, 1, 0, 0, pointwise4_weights,
    {pointwise4_bias, pointwise4_multiplier, pointwise4_shift, -128, -128, -128, 127}};
const tiny::Filter depthwise5 = {
    {12, 12, 64}, {12, 12, 64}, 3, 3, 1, 1, 1, 1, depthwise5_weights,
    {depthwise5_bias, depthwise5_multiplier, depthwise5_shift, -128, -128, -128, 127}};
const tiny::Filter pointwise5 = {
    {12, 12, 64}, {12, 12, 64}, 1, 1, 1, 1, 0, 0, pointwise5_weights,
    {pointwise5_bias, pointwise5_multiplier, pointwise5_shift, -128, -128, -128, 127}};
const tiny::Filter depthwise6 = {
    {12, 12, 64}, {6, 6, 64}, 3, 3, 2, 2, 0, 0, depthwise6_weights,
    {depthwise6_bias, depthwise6_multiplier, depthwise6_shift, -128, -128, -128, 127}};
const tiny::Filter pointwise6 = {
    {6, 6, 64}, {6, 6, 128}, 1, 1, 1, 1, 0, 0, pointwise6_weights,
    {pointwise6_bias, pointwise6_multiplier, pointwise6_shift, -128, -128, -128, 127}};
const tiny::Filter depthwise7 = {
    {6, 6, 128}, {6, 6, 128}, 3, 3, 1, 1, 1, 1, depthwise7_weights,
    {depthwise7_bias, depthwise7_multiplier, depthwise7_shift, -128, -128, -128, 127}};
const tiny::Filter pointwise7 = {
    {6, 6, 128}, {6, 6, 128}, 1, 1, 1, 1, 0, 0, pointwise7_weights,
    {pointwise7_bias, pointwise7_multiplier, pointwise7_shift, -128, -128, -128, 127}};
const tiny::Filter depthwise8 = {
    {6, 6, 128}, {6, 6, 128}, 3, 3, 1, 1, 1, 1, depthwise8_weights,
    {depthwise8_bias, depthwise8_multiplier, depthwise8_shift, -128, -128, -128, 127}};
const tiny::Filter pointwise8 = {
    {6, 6, 128}, {6, 6, 128}, 1, 1, 1, 1, 0, 0, pointwise8_weights,
    {pointwise8_bias, pointwise8_multiplier, pointwise8_shift, -128, -128, -128, 127}};
const tiny::Filter depthwise9 = {
    {6, 6, 128}, {6, 6, 128}, 3, 3, 1, 1, 1, 1, depthwise9_weights,
    {depthwise9_bias, depthwise9_multiplier, depthwise9_shift, -128, -128, -128, 127}};
const tiny::Filter pointwise9 = {
    {6, 6, 128}, {6, 6, 128}, 1, 1, 1, 1, 0, 0, pointwise9_weights,
    {pointwise9_bias, pointwise9_multiplier, pointwise9_shift, -128, -128, -128, 127}};
const tiny::Filter depthwise10 = {
    {6, 6, 128}, {6, 6, 128}, 3, 3, 1, 1, 1, 1, depthwise10_weights,
    {depthwise10_bias, depthwise10_multiplier, depthwise10_shift, -128, -128, -128, 127}};
const tiny::Filter pointwise10 = {
    {6, 6, 128}, {6, 6, 128}, 1, 1, 1, 1, 0, 0, pointwise10_weights,
    {pointwise10_bias, pointwise10_multiplier, pointwise10_shift, -128, -128, -128, 127}};
const tiny::Filter depthwise11 = {
    {6, 6, 128}, {6, 6, 128}, 3, 3, 1, 1, 1, 1, depthwise11_weights,
    {depthwise11_bias, depthwise11_multiplier, depthwise11_shift, -128, -128, -128, 127}};
const tiny::Filter pointwise11 = {
    {6, 6, 128}, {6, 6, 128}, 1, 1, 1, 1, 0, 0, pointwise11_weights,
    {pointwise11_bias, pointwise11_multiplier, pointwise11_shift, -128, -128, -128, 127}};
const tiny::Filter depthwise12 = {
    {6, 6, 128}, {3, 3, 128}, 3, 3, 2, 2, 0, 0, depthwise12_weights,
    {depthwise12_bias, depthwise12_multiplier, depthwise12_shift, -128, -128, -128, 127}};
const tiny::Filter pointwise12 = {
    {3, 3, 128}, {3, 3, 256}, 1, 1, 1, 1, 0, 0, pointwise12_weights,
    {pointwise12_bias, pointwise12_multiplier, pointwise12_shift, -128, -128, -128, 127}};
const tiny::Filter depthwise13 = {
    {3, 3, 256}, {3, 3, 256}, 3, 3, 1, 1, 1, 1, depthwise13_weights,
    {depthwise13_bias, depthwise13_multiplier, depthwise13_shift, -128, -128, -128, 127}};
const tiny::Filter pointwise13 = {
    {3, 3, 256}, {3, 3, 256}, 1, 1, 1, 1, 0, 0, pointwise13_weights,
    {pointwise13_bias, pointwise13_multiplier, pointwise13_shift, -128, -128, -128, 127}};
const tiny::Filter dense1 = {
    {1, 1, 256}, {1, 1, 2}, 1, 1, 1, 1, 0, 0, dense1_weights,
    {dense1_bias, dense1_multiplier, dense1_shift, -128, 3, -128, 127}};

}  // namespace

void run(const int8_t* input, int8_t* output, int8_t* arena) {
  tiny::convolution(convolution1, input, arena + 0);
  tiny::depthwise(depthwise1, arena + 0, arena + 36864);
  tiny::pointwise(pointwise1, arena + 36864, arena + 0);
  tiny::depthwise(depthwise2, arena + 0, arena + 46080);
  tiny::pointwise(pointwise2, arena + 46080, arena + 0);
  tiny::depthwise(depthwise3, arena + 0, arena + 36864);
  tiny::pointwise(pointwise3, arena + 36864, arena + 0);
  tiny::depthwise(depthwise4, arena + 0, arena + 50688);
  tiny::pointwise(pointwise4, arena + 50688, arena + 0);
  tiny::depthwise(depthwise5, arena + 0, arena + 46080);
  tiny::pointwise(pointwise5, arena + 46080, arena + 0);
  tiny::depthwise(depthwise6, arena + 0, arena + 52992);
  tiny::pointwise(pointwise6, arena + 52992, arena + 0);
  tiny::depthwise(depthwise7, arena + 0, arena + 50688);
  tiny::pointwise(pointwise7, arena + 50688, arena + 0);
  tiny::depthwise(depthwise8, arena + 0, arena + 50688);
  tiny::pointwise(pointwise8, arena + 50688, arena + 0);
  tiny::depthwise(depthwise9, arena + 0, arena + 50688);
  tiny::pointwise(pointwise9, arena + 50688, arena + 0);
  tiny::depthwise(depthwise10, arena + 0, arena + 50688);
  tiny::pointwise(pointwise10, arena + 50688, arena + 0);
  tiny::depthwise(depthwise11, arena + 0, arena + 50688);
  tiny::pointwise(pointwise11, arena + 50688, arena + 0);
  tiny::depthwise(depthwise12, arena + 0, arena + 54144);
  tiny::pointwise(pointwise12, arena + 54144, arena + 0);
  tiny::depthwise(depthwise13, arena + 0, arena + 52992);
  tiny::pointwise(pointwise13, arena + 52992, arena + 0);
  tiny::average({3, 3, 256}, arena + 0, arena + 55040);
  tiny::dense(dense1, arena + 55040, arena + 0);
  tiny::softmax(softmax_powers, 2, arena + 0, output);
}

}  // namespace person_detection
