// Where the marks go. Replace the two functions with those of your model.
#include <MLBench.h>

static float weights[64];
volatile float result;

static void initialize() {
  for (int i = 0; i < 64; i++) weights[i] = sqrtf(i);
}

static float infer(float input) {
  float sum = 0;
  for (int i = 0; i < 64; i++) sum += weights[i] * input;
  return sum;
}

void setup() {
  Serial.begin(115200);
  mlbench_init_begin();
  initialize();
  mlbench_init_end();
}

void loop() {
  {
    MLBenchInference mark;
    result = infer(0.5f);
  }
  delay(1000);
}
