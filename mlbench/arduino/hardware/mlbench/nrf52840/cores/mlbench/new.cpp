/*
 * operator new and delete, and what compiled C++ expects of a runtime library: the archives of
 * libstdc++ need not be installed. All weak: a sketch, or a libstdc++ that is linked, may bring its own.
 * No C++ header is included, for the same reason.
 */
#include <malloc.h>
#include <stdlib.h>

#include "mlbench_halt.h"

typedef __SIZE_TYPE__ mlbench_size;

namespace std {
struct nothrow_t;
enum class align_val_t : mlbench_size;
}  // namespace std

#define WEAK __attribute__((weak))

WEAK void *operator new(mlbench_size size) {
  /* The standard wants a pointer of its own for 0 bytes too. */
  void *memory = malloc(size ? size : 1);
  if (!memory) {
    mlbench_out_of_memory();
  }
  return memory;
}

WEAK void *operator new(mlbench_size size, std::align_val_t alignment) {
  void *memory = memalign((mlbench_size)alignment, size ? size : 1);
  if (!memory) {
    mlbench_out_of_memory();
  }
  return memory;
}

WEAK void *operator new(mlbench_size size, const std::nothrow_t &) noexcept { return malloc(size ? size : 1); }

WEAK void *operator new(mlbench_size size, std::align_val_t alignment, const std::nothrow_t &) noexcept {
  return memalign((mlbench_size)alignment, size ? size : 1);
}

WEAK void *operator new[](mlbench_size size) { return operator new(size); }
WEAK void *operator new[](mlbench_size size, std::align_val_t alignment) { return operator new(size, alignment); }
WEAK void *operator new[](mlbench_size size, const std::nothrow_t &tag) noexcept { return operator new(size, tag); }
WEAK void *operator new[](mlbench_size size, std::align_val_t alignment, const std::nothrow_t &tag) noexcept {
  return operator new(size, alignment, tag);
}

WEAK void operator delete(void *memory) noexcept { free(memory); }
WEAK void operator delete(void *memory, mlbench_size) noexcept { operator delete(memory); }
WEAK void operator delete(void *memory, std::align_val_t) noexcept { free(memory); }
WEAK void operator delete(void *memory, mlbench_size, std::align_val_t) noexcept { free(memory); }
WEAK void operator delete(void *memory, const std::nothrow_t &) noexcept { operator delete(memory); }
WEAK void operator delete(void *memory, std::align_val_t, const std::nothrow_t &) noexcept { free(memory); }
WEAK void operator delete[](void *memory) noexcept { operator delete(memory); }
WEAK void operator delete[](void *memory, mlbench_size) noexcept { operator delete(memory); }
WEAK void operator delete[](void *memory, std::align_val_t) noexcept { free(memory); }
WEAK void operator delete[](void *memory, mlbench_size, std::align_val_t) noexcept { free(memory); }
WEAK void operator delete[](void *memory, const std::nothrow_t &) noexcept { operator delete(memory); }
WEAK void operator delete[](void *memory, std::align_val_t, const std::nothrow_t &) noexcept { free(memory); }
