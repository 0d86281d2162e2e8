/* min, max, abs, map and random for C++. */
#ifndef MLBENCH_ARDUINO_MATH_H
#define MLBENCH_ARDUINO_MATH_H

#include <stdint.h>

/* Functions and not macros: std::min and members named min go on working. */
template <class T, class U>
constexpr auto min(const T &a, const U &b) -> decltype(b < a ? b : a) {
  return b < a ? b : a;
}

template <class T, class U>
constexpr auto max(const T &a, const U &b) -> decltype(a < b ? b : a) {
  return a < b ? b : a;
}

#if !__has_include(<cstdlib>)
/* Without the headers of a C++ library there is abs(int) only. */
inline constexpr long abs(long x) { return x < 0 ? -x : x; }
inline constexpr long long abs(long long x) { return x < 0 ? -x : x; }
inline constexpr float abs(float x) { return __builtin_fabsf(x); }
inline constexpr double abs(double x) { return __builtin_fabs(x); }
#endif
/* What sketches write as abs(a - b) with unsigned times; the C++ library calls that ambiguous. */
inline constexpr unsigned abs(unsigned x) { return x; }
inline constexpr unsigned long abs(unsigned long x) { return x; }
inline constexpr unsigned long long abs(unsigned long long x) { return x; }

/* Integer interpolation, rounded towards zero; a range of no width gives to_low. */
inline long map(long x, long in_min, long in_max, long out_min, long out_max) {
  return in_max == in_min ? out_min : (x - in_min) * (out_max - out_min) / (in_max - in_min) + out_min;
}

inline constexpr uint16_t makeWord(uint16_t w) { return w; }
inline constexpr uint16_t makeWord(uint8_t high, uint8_t low) { return (uint16_t)((high << 8) | low); }
#define word(...) makeWord(__VA_ARGS__)

/*
 * A number from 0 (or low) up to and without high. The sequence is the same after each reset, until
 * randomSeed() is given something but 0.
 */
long random(long high);
long random(long low, long high);
void randomSeed(unsigned long seed);

#endif
