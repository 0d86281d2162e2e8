#ifndef MLBENCH_HALT_H
#define MLBENCH_HALT_H

#ifdef __cplusplus
extern "C" {
#endif

/* operator new had no memory to give. Never returns. */
void mlbench_out_of_memory(void) __attribute__((noreturn));

/* A C++ library would have thrown `what`. Never returns. */
void mlbench_cxx_error(const char *what) __attribute__((noreturn));

#ifdef __cplusplus
}
#endif

#endif
