// What a board and its emulator are held against each other by.
#include <Arduino.h>

#include "model.h"

static int32_t outputs[OUTPUTS];

void setup() {
  Serial.begin(115200);
  check_init();
}

void loop() {
  check_infer(outputs);
  Serial.println(outputs[0]);
  delay(10);
}
