#include "model.h"

#include <string.h>

#include "image.h"
#include "weights.h"

nnom_model_t *make_model(void) { return nnom_model_create(); }

void load_image(void) { memcpy(nnom_input_data, img[0], sizeof nnom_input_data); }

int most_likely(void) {
  int best = 0;
  for (int digit = 1; digit < (int)sizeof nnom_output_data; digit++) {
    if (nnom_output_data[digit] > nnom_output_data[best]) {
      best = digit;
    }
  }
  return best;
}
