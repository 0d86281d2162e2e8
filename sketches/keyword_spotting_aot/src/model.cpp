#include "model.h"

#include <keyword_spotting_model.h>
#include <string.h>

static int8_t arena[keyword_spotting::kArenaBytes];

void model_initialize() { memset(arena, 0, sizeof(arena)); }

void model_execute(void* input, void* output) {
  keyword_spotting::run(static_cast<const int8_t*>(input), static_cast<int8_t*>(output), arena);
}
