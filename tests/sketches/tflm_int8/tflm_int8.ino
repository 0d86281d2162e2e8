// TensorFlow Lite Micro on a model that a test has made, and with inputs that the test gives.
#include <TensorFlowLiteMicro.h>

#include "model.h"

// What TensorFlow Lite Micro reports errors through.
extern "C" void DebugLog(const char* text) { Serial.print(text); }

static int8_t input[kInputBytes];
static int8_t outputs[kOutputBytes];

void setup() {
  Serial.begin(115200);
  if (!model_initialize()) {
    Serial.println("the model cannot be used");
    for (;;) {
    }
  }
}

void loop() { model_execute(input, outputs); }
