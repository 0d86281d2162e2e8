/* What compiled C++ calls without naming it. All weak: a libstdc++ that is linked may bring its own. */
#include <stdint.h>

#include "mlbench_halt.h"

#define WEAK __attribute__((weak))

static const char kSystemError[] = "system_error", kFutureError[] = "future_error", kTerminate[] = "terminate",
                  kPureVirtual[] = "pure virtual function called",
                  kDeletedVirtual[] = "deleted virtual function called", kBadCast[] = "bad_cast",
                  kBadTypeid[] = "bad_typeid";

namespace std {
struct nothrow_t {
  explicit nothrow_t() = default;
};
WEAK extern const nothrow_t nothrow;
const nothrow_t nothrow{};

/* What containers call where they would throw: bits/functexcept.h of libstdc++. */
#define THROWS(name)                                  \
  WEAK __attribute__((noreturn)) void __throw_##name() { \
    static const char text[] = #name;                 \
    mlbench_cxx_error(text);                          \
  }
#define THROWS_TEXT(name) \
  WEAK __attribute__((noreturn)) void name(const char *what) { mlbench_cxx_error(what); }

WEAK __attribute__((noreturn)) void __throw_bad_alloc() { mlbench_out_of_memory(); }
WEAK __attribute__((noreturn)) void __throw_bad_array_new_length() { mlbench_out_of_memory(); }
THROWS(bad_exception)
THROWS(bad_cast)
THROWS(bad_typeid)
THROWS(bad_function_call)
THROWS_TEXT(__throw_logic_error)
THROWS_TEXT(__throw_domain_error)
THROWS_TEXT(__throw_invalid_argument)
THROWS_TEXT(__throw_length_error)
THROWS_TEXT(__throw_out_of_range)
THROWS_TEXT(__throw_runtime_error)
THROWS_TEXT(__throw_range_error)
THROWS_TEXT(__throw_overflow_error)
THROWS_TEXT(__throw_underflow_error)
THROWS_TEXT(__throw_ios_failure)

WEAK __attribute__((noreturn)) void __throw_out_of_range_fmt(const char *format, ...) { mlbench_cxx_error(format); }
WEAK __attribute__((noreturn)) void __throw_system_error(int) { mlbench_cxx_error(kSystemError); }
WEAK __attribute__((noreturn)) void __throw_future_error(int) { mlbench_cxx_error(kFutureError); }

WEAK __attribute__((noreturn)) void terminate() noexcept { mlbench_cxx_error(kTerminate); }
}  // namespace std

extern "C" {

WEAK void *__dso_handle = nullptr;

/* main() never returns, so nothing is ever destroyed at exit, and nothing needs to be remembered. */
WEAK int __cxa_atexit(void (*)(void *), void *, void *) { return 0; }
WEAK int __aeabi_atexit(void *, void (*)(void *), void *) { return 0; }

WEAK __attribute__((noreturn)) void __cxa_pure_virtual() { mlbench_cxx_error(kPureVirtual); }
WEAK __attribute__((noreturn)) void __cxa_deleted_virtual() { mlbench_cxx_error(kDeletedVirtual); }
WEAK __attribute__((noreturn)) void __cxa_throw_bad_array_new_length() { mlbench_out_of_memory(); }
WEAK __attribute__((noreturn)) void __cxa_bad_cast() { mlbench_cxx_error(kBadCast); }
WEAK __attribute__((noreturn)) void __cxa_bad_typeid() { mlbench_cxx_error(kBadTypeid); }

/*
 * Guards of static variables in functions, for code compiled without -fno-threadsafe-statics. One
 * thread: bit 0 of the guard says that the variable is there (C++ ABI for the Arm Architecture, 3.2.3).
 */
WEAK int __cxa_guard_acquire(uint32_t *guard) { return (*guard & 1) == 0; }
WEAK void __cxa_guard_release(uint32_t *guard) { *guard |= 1; }
WEAK void __cxa_guard_abort(uint32_t *) {}

}
