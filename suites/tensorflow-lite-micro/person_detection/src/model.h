#ifndef MODEL_H
#define MODEL_H

#include <stdint.h>

// Makes the interpreter and lays out its tensors; returns whether that worked.
bool model_initialize();

// Runs the model. Returns where its output is, or null.
const uint8_t* model_execute(const unsigned char* input);

#endif
