#include "tiny_kernels.h"

namespace tiny {
namespace {

int8_t requantize(int32_t sum, int channel, const Rescale& rescale) {
  const int shift = rescale.shift[channel];
  const int64_t product = static_cast<int64_t>(sum) * rescale.multiplier[channel];
  const int64_t nudged = product + (int64_t{1} << (shift - 1));
  // Two shifts, because the first only takes the upper register of a 32-bit machine. Both must
  // keep the sign, which every compiler for these boards does.
  int32_t value = static_cast<int32_t>(nudged >> 32) >> (shift - 32);
  value += rescale.output_zero;
  if (value < rescale.low) value = rescale.low;
  if (value > rescale.high) value = rescale.high;
  return static_cast<int8_t>(value);
}

int32_t dot(const int8_t* values, const int8_t* weights, int count, int zero) {
  int32_t sum = 0;
  // Four at a time: on a small core the loop itself would cost as much as what it does.
  for (; count >= 4; count -= 4, values += 4, weights += 4) {
    sum += (values[0] - zero) * weights[0];
    sum += (values[1] - zero) * weights[1];
    sum += (values[2] - zero) * weights[2];
    sum += (values[3] - zero) * weights[3];
  }
  for (int i = 0; i < count; ++i) sum += (values[i] - zero) * weights[i];
  return sum;
}

// The part of a window that lies within the image, along one axis.
struct Span {
  int start;  // first position in the image
  int skip;   // positions of the window before it
  int count;
};

Span clip(int output, int stride, int pad, int kernel, int limit) {
  const int origin = output * stride - pad;
  const int skip = origin < 0 ? -origin : 0;
  const int end = origin + kernel < limit ? origin + kernel : limit;
  const int start = origin + skip;
  return {start, skip, end - start};
}

}  // namespace

void convolution(const Filter& f, const int8_t* input, int8_t* output) {
  const int depth = f.input.channels;
  const int kernel_row = f.kernel_width * depth;
  const int kernel_size = f.kernel_height * kernel_row;
  for (int y = 0; y < f.output.height; ++y) {
    const Span rows = clip(y, f.stride_height, f.pad_top, f.kernel_height, f.input.height);
    for (int x = 0; x < f.output.width; ++x) {
      const Span columns = clip(x, f.stride_width, f.pad_left, f.kernel_width, f.input.width);
      const int8_t* corner = input + (rows.start * f.input.width + columns.start) * depth;
      const int8_t* weights = f.weights + rows.skip * kernel_row + columns.skip * depth;
      for (int channel = 0; channel < f.output.channels; ++channel) {
        int32_t sum = f.rescale.bias[channel];
        for (int row = 0; row < rows.count; ++row) {
          // Pixels of one row lie side by side, and so do their weights.
          sum += dot(corner + row * f.input.width * depth, weights + row * kernel_row,
                     columns.count * depth, f.rescale.input_zero);
        }
        *output++ = requantize(sum, channel, f.rescale);
        weights += kernel_size;
      }
    }
  }
}

void depthwise(const Filter& f, const int8_t* input, int8_t* output) {
  const int depth = f.input.channels;
  for (int y = 0; y < f.output.height; ++y) {
    const Span rows = clip(y, f.stride_height, f.pad_top, f.kernel_height, f.input.height);
    for (int x = 0; x < f.output.width; ++x) {
      const Span columns = clip(x, f.stride_width, f.pad_left, f.kernel_width, f.input.width);
      const int8_t* corner = input + (rows.start * f.input.width + columns.start) * depth;
      const int8_t* weights = f.weights + (rows.skip * f.kernel_width + columns.skip) * depth;
      for (int channel = 0; channel < depth; ++channel) {
        int32_t sum = f.rescale.bias[channel];
        for (int row = 0; row < rows.count; ++row) {
          const int8_t* value = corner + row * f.input.width * depth + channel;
          const int8_t* weight = weights + row * f.kernel_width * depth + channel;
          for (int column = 0; column < columns.count; ++column) {
            sum += (*value - f.rescale.input_zero) * *weight;
            value += depth;
            weight += depth;
          }
        }
        *output++ = requantize(sum, channel, f.rescale);
      }
    }
  }
}

void dense(const Filter& f, const int8_t* input, int8_t* output) {
  const int count = f.input.height * f.input.width * f.input.channels;
  const int8_t* weights = f.weights;
  for (int unit = 0; unit < f.output.channels; ++unit) {
    const int32_t sum = f.rescale.bias[unit] + dot(input, weights, count, f.rescale.input_zero);
    output[unit] = requantize(sum, unit, f.rescale);
    weights += count;
  }
}

void pointwise(const Filter& f, const int8_t* input, int8_t* output) {
  Filter pixel = f;
  pixel.input.height = pixel.input.width = 1;
  for (int i = 0; i < f.input.height * f.input.width; ++i) {
    dense(pixel, input, output);
    input += f.input.channels;
    output += f.output.channels;
  }
}

void average(const Shape& shape, const int8_t* input, int8_t* output) {
  const int32_t pixels = shape.height * shape.width;
  for (int channel = 0; channel < shape.channels; ++channel) {
    // Counted from -128, so that the division never meets a negative sum.
    int32_t sum = 0;
    for (int32_t i = 0; i < pixels; ++i) sum += input[i * shape.channels + channel] + 128;
    output[channel] = static_cast<int8_t>((2 * sum + pixels) / (2 * pixels) - 128);
  }
}

void softmax(const uint32_t* powers, int count, const int8_t* input, int8_t* output) {
  int8_t largest = input[0];
  for (int i = 1; i < count; ++i) {
    if (input[i] > largest) largest = input[i];
  }
  uint32_t sum = 0;
  for (int i = 0; i < count; ++i) sum += powers[largest - input[i]];
  for (int i = 0; i < count; ++i) {
    const uint32_t part = (powers[largest - input[i]] * 256 + sum / 2) / sum;
    output[i] = static_cast<int8_t>((part > 255 ? 255 : static_cast<int>(part)) - 128);
  }
}

void fill_pattern(int8_t* data, size_t bytes) {
  uint32_t state = 1;
  for (size_t i = 0; i < bytes; ++i) {
    state = state * 1664525u + 1013904223u;
    data[i] = static_cast<int8_t>(static_cast<int>(state >> 24) - 128);
  }
}

void halt() {
  for (;;) {
  }
}

}  // namespace tiny
