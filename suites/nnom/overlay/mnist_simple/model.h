// The network, which is written in C.
#pragma once

#include <nnom.h>

#ifdef __cplusplus
extern "C" {
#endif

nnom_model_t *make_model(void);
// Copies the first image to the network's input.
void load_image(void);
// The digit that the last run found.
int most_likely(void);

#ifdef __cplusplus
}
#endif
