#pragma once
#include <stdint.h>

static const unsigned OUTPUTS = 32;

extern "C" void check_init();
extern "C" void check_infer(int32_t *output);
