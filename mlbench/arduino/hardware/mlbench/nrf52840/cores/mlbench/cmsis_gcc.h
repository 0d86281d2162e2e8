/*
 * What libraries that bring a part of CMSIS take from the core's: the compiler's attributes under CMSIS's names, and
 * the processor's instructions. GCC's manual, "Common Function Attributes", says what each means.
 */
#ifndef MLBENCH_CMSIS_GCC_H
#define MLBENCH_CMSIS_GCC_H

#include "mlbench_cortex.h"

#ifndef __ASM
#define __ASM __asm
#endif
#ifndef __INLINE
#define __INLINE inline
#endif
#ifndef __STATIC_INLINE
#define __STATIC_INLINE static inline
#endif
#ifndef __STATIC_FORCEINLINE
#define __STATIC_FORCEINLINE __attribute__((always_inline)) static inline
#endif
#ifndef __NO_RETURN
#define __NO_RETURN __attribute__((__noreturn__))
#endif
#ifndef __USED
#define __USED __attribute__((used))
#endif
#ifndef __WEAK
#define __WEAK __attribute__((weak))
#endif
#ifndef __PACKED
#define __PACKED __attribute__((packed, aligned(1)))
#endif
#ifndef __PACKED_STRUCT
#define __PACKED_STRUCT struct __attribute__((packed, aligned(1)))
#endif
#ifndef __PACKED_UNION
#define __PACKED_UNION union __attribute__((packed, aligned(1)))
#endif
#ifndef __ALIGNED
#define __ALIGNED(bytes) __attribute__((aligned(bytes)))
#endif
#ifndef __RESTRICT
#define __RESTRICT __restrict
#endif

/* Words and half words at any address. */
typedef struct __attribute__((packed)) {
  uint16_t value;
} mlbench_unaligned_16;
typedef struct __attribute__((packed)) {
  uint32_t value;
} mlbench_unaligned_32;
#ifndef __UNALIGNED_UINT16_READ
#define __UNALIGNED_UINT16_READ(address) (((const mlbench_unaligned_16 *)(const void *)(address))->value)
#endif
#ifndef __UNALIGNED_UINT16_WRITE
#define __UNALIGNED_UINT16_WRITE(address, word) \
  ((void)(((mlbench_unaligned_16 *)(void *)(address))->value = (uint16_t)(word)))
#endif
#ifndef __UNALIGNED_UINT32_READ
#define __UNALIGNED_UINT32_READ(address) (((const mlbench_unaligned_32 *)(const void *)(address))->value)
#endif
#ifndef __UNALIGNED_UINT32_WRITE
#define __UNALIGNED_UINT32_WRITE(address, word) \
  ((void)(((mlbench_unaligned_32 *)(void *)(address))->value = (uint32_t)(word)))
#endif

#endif
