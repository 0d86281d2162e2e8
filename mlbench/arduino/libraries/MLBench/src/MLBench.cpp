#include "MLBench.h"

/*
 * A symbol of its own for each mark, under link-time optimization too: an emulator stops there.
 * noipa keeps a function whole and called; externally_visible keeps its name.
 */
#define MLBENCH_MARK extern "C" __attribute__((noinline, noipa, externally_visible))

namespace {

struct Measure {
  unsigned long begin;
  unsigned long us;
};

Measure init_measure;
Measure inference_measure;
bool silent;
Print *port;

void print(const char *name, unsigned long us) {
  if (silent) {
    return;
  }
  Print &out = port ? *port : static_cast<Print &>(Serial);
  out.print("mlbench ");
  out.print(name);
  out.print(' ');
  out.print(us);
  out.println(" us");
}

}  // namespace

MLBenchClass MLBench;

/* The clock is read last in begin and first in end. */
MLBENCH_MARK void mlbench_init_begin(void) { init_measure.begin = micros(); }

MLBENCH_MARK void mlbench_init_end(void) {
  init_measure.us = micros() - init_measure.begin;
  print("init_time", init_measure.us);
}

MLBENCH_MARK void mlbench_inference_begin(void) { inference_measure.begin = micros(); }

MLBENCH_MARK void mlbench_inference_end(void) {
  inference_measure.us = micros() - inference_measure.begin;
  print("inference_time", inference_measure.us);
}

void MLBenchClass::report(Print &to) { port = &to; }
void MLBenchClass::quiet(bool quiet) { silent = quiet; }
unsigned long MLBenchClass::initTime() const { return init_measure.us; }
unsigned long MLBenchClass::inferenceTime() const { return inference_measure.us; }
