// TensorFlow Lite Micro's micro_speech model on its two test inputs, by turns.
#include <TensorFlowLiteMicro.h>

#include "src/model.h"

// What TensorFlow Lite Micro reports errors through.
extern "C" void DebugLog(const char* text) { Serial.print(text); }

static void show(const char* name, const uint8_t* output) {
  Serial.print(name);
  Serial.print(':');
  for (int i = 0; output != nullptr && i < 4; ++i) {
    Serial.print(' ');
    Serial.print(output[i]);
  }
  Serial.println();
}

void setup() {
  Serial.begin(115200);
  if (!model_initialize()) {
    for (;;) {
    }
  }
}

void loop() {
  show("yes", model_execute(micro_speech_yes));
  show("no", model_execute(micro_speech_no));
}
