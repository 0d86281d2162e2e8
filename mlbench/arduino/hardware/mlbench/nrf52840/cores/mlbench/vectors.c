/* A member of its own: a vector table in RAM, where a sketch sets a vector. Armv7-M ARM, B3.2.5: it is aligned to
 * its size rounded up to a power of two. */
#include <string.h>

#include "mlbench_cortex.h"

#define VECTORS 64u

static uint32_t table[VECTORS] __attribute__((aligned(256)));

void mlbench_set_vector(int irq, uint32_t handler) {
  if (SCB->VTOR != (uint32_t)table) {
    memcpy(table, (const void *)SCB->VTOR, sizeof table);
    SCB->VTOR = (uint32_t)table;
    __asm volatile("dsb" : : : "memory");
  }
  table[irq + 16] = handler;
  __asm volatile("dsb" : : : "memory");
}
