#include "model.h"

#include <person_detection_model.h>
#include <string.h>

static int8_t arena[person_detection::kArenaBytes];

void model_initialize() { memset(arena, 0, sizeof(arena)); }

void model_execute(void* input, void* output) {
  person_detection::run(static_cast<const int8_t*>(input), static_cast<int8_t*>(output), arena);
}
