#ifndef MODEL_H
#define MODEL_H

// Clears the arena, so that a run never depends on what an earlier one left.
void model_initialize();

// Reads person_detection::kInputBytes and writes person_detection::kOutputBytes int8 values.
void model_execute(void* input, void* output);

#endif
