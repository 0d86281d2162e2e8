// TensorFlow Lite Micro's person detection model on its two test inputs, by turns.
#include <TensorFlowLiteMicro.h>

#include "src/model.h"

// What TensorFlow Lite Micro reports errors through.
extern "C" void DebugLog(const char* text) { Serial.print(text); }

static void show(const char* name, const uint8_t* output) {
  Serial.print(name);
  Serial.print(':');
  for (int i = 0; output != nullptr && i < 3; ++i) {
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
  show("person", model_execute(person_detection_person));
  show("no person", model_execute(person_detection_no_person));
}
