// Int8 kernels of the sample models. Tensors are stored row by row, channels innermost.
//
// A value q of a tensor stands for the real number scale * (q - zero). Sums are exact in 32 bits;
// a sum becomes an output by
//
//     output = clamp(zero + floor(sum * multiplier / 2^shift + 1/2), low, high)
//
// with one multiplier and shift for each output channel.
#ifndef TINY_KERNELS_H
#define TINY_KERNELS_H

#include <stddef.h>
#include <stdint.h>

namespace tiny {

struct Shape {
  int16_t height;
  int16_t width;
  int16_t channels;
};

// How sums become outputs. The arrays hold one element for each output channel.
struct Rescale {
  const int32_t* bias;
  const int32_t* multiplier;  // 2^30 up to 2^31 - 1
  const int8_t* shift;        // 32 to 62
  int16_t input_zero;
  int16_t output_zero;
  int16_t low;
  int16_t high;
};

// A window that moves over an image. Outside the image the input is its zero.
struct Filter {
  Shape input;
  Shape output;
  int16_t kernel_height;
  int16_t kernel_width;
  int16_t stride_height;
  int16_t stride_width;
  int16_t pad_top;
  int16_t pad_left;
  const int8_t* weights;
  Rescale rescale;
};

// Every output channel sees every input channel. Weights: output, row, column, input.
void convolution(const Filter& filter, const int8_t* input, int8_t* output);

// Each channel is filtered apart from the others. Weights: row, column, channel.
void depthwise(const Filter& filter, const int8_t* input, int8_t* output);

// A convolution whose window is one pixel. Weights: output, input.
void pointwise(const Filter& filter, const int8_t* input, int8_t* output);

// Every output sees every input. Weights: output, input (in the order it is stored in).
void dense(const Filter& filter, const int8_t* input, int8_t* output);

// The mean of each channel over the whole image, halves rounded up.
void average(const Shape& shape, const int8_t* input, int8_t* output);

// Probabilities in 1/256, less 128. powers[d] is 2^20 * exp(-scale * d), for a logit that is d
// below the largest one.
void softmax(const uint32_t* powers, int count, const int8_t* input, int8_t* output);

// Fills a buffer with values that look random and are the same on every run and machine.
void fill_pattern(int8_t* data, size_t bytes);

// Stops for good: for a model without its memory there is nothing left to do.
[[noreturn]] void halt();

}  // namespace tiny

#endif
