// Never comes back: the watchdog has to end it.
#include <Arduino.h>

extern "C" void hang_infer();

void setup() {
  Serial.begin(115200);
}

void loop() {
  hang_infer();
}
