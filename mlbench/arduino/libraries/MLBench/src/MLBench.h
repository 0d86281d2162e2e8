/*
 * Marks around a model's initialization and inference.
 *
 *   #include <MLBench.h>
 *
 *   mlbench_init_begin();              or   { MLBenchInit mark; model.load(); }
 *   model.load();
 *   mlbench_init_end();
 *
 *   mlbench_inference_begin();         or   { MLBenchInference mark; model.infer(in, out); }
 *   model.infer(in, out);
 *   mlbench_inference_end();
 *
 * Each end prints one line, to Serial unless MLBench.report() names another port:
 *
 *   mlbench init_time 14526 us #0 *738cafc9
 *   mlbench inference_time 53654 us #1 *ac2ac23e
 *
 * which is the word mlbench, the measure, a decimal number of microseconds by the board's micros(), the word
 * us; then the line's number, which counts all lines since the reset from 0 (65535 is followed by 0), and
 * CRC-32 (IEEE 802.3, as in zlib) in eight hexadecimal digits of all that stands before the blank in front of
 * the asterisk; and the end of the line. Whoever reads the port can tell a whole line from a damaged one, and
 * misses none without knowing.
 *
 * An emulator takes its own times on entry of begin and of end, so printing is in neither figure. A function
 * that is not called is not in the image.
 *
 * Pairs of one measure do not nest; an inference may lie within an initialization.
 */
#ifndef MLBENCH_H
#define MLBENCH_H

#include <Arduino.h>

#ifdef __cplusplus
extern "C" {
#endif

void mlbench_init_begin(void);
void mlbench_init_end(void);
void mlbench_inference_begin(void);
void mlbench_inference_end(void);

#ifdef __cplusplus
}

class MLBenchClass {
 public:
  /* Prints to another port. */
  void report(Print &port);
  /* Prints nothing, or prints again: times can then be had from initTime() and inferenceTime(). */
  void quiet(bool quiet = true);
  /* The last measure of each kind in microseconds; 0 before the first. */
  unsigned long initTime() const;
  unsigned long inferenceTime() const;
};

extern MLBenchClass MLBench;

/* Measures from here to the end of the block. */
class MLBenchInit {
 public:
  MLBenchInit() { mlbench_init_begin(); }
  ~MLBenchInit() { mlbench_init_end(); }
  MLBenchInit(const MLBenchInit &) = delete;
  MLBenchInit &operator=(const MLBenchInit &) = delete;
};

class MLBenchInference {
 public:
  MLBenchInference() { mlbench_inference_begin(); }
  ~MLBenchInference() { mlbench_inference_end(); }
  MLBenchInference(const MLBenchInference &) = delete;
  MLBenchInference &operator=(const MLBenchInference &) = delete;
};
#endif

#endif
