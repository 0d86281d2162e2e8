#ifndef MODEL_H
#define MODEL_H

#include <stdint.h>

#include "model_data.h"

// Makes the interpreter and lays out its tensors; returns whether that worked.
bool model_initialize();

// Runs the model: kInputBytes in, all its outputs, one behind the other, out. Returns whether it ran.
bool model_execute(const int8_t* input, int8_t* outputs);

#endif
