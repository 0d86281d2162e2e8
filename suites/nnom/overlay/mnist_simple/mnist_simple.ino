// Classifies one of the example's images again and again.
#include "model.h"

nnom_model_t *model;

void setup() {
  Serial.begin(115200);
  model = make_model();
}

void loop() {
  load_image();
  model_run(model);
  Serial.println(most_likely());
  delay(100);
}
