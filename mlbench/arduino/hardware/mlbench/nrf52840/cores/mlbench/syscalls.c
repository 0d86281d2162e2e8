/*
 * What newlib asks of a system. SYSCALL keeps each function through link-time optimization, which does
 * not see newlib asking. All weak: a sketch may bring its own, one of them or all.
 */
#include <errno.h>
#include <stdint.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/times.h>
#include <unistd.h>

#include "ArduinoApi.h"

#define SYSCALL __attribute__((weak, used))

extern char __HeapBase[], __HeapLimit[];

/*
 * The heap grows from __HeapBase to __HeapLimit, which is fixed: what it may take does not depend on
 * how deep the stack is.
 */
SYSCALL void *_sbrk(ptrdiff_t increment) {
  static char *brk = __HeapBase;
  if (increment > __HeapLimit - brk || increment < __HeapBase - brk) {
    errno = ENOMEM;
    return (void *)-1;
  }
  char *previous = brk;
  brk += increment;
  return previous;
}

SYSCALL int _close(int file) {
  (void)file;
  errno = EBADF;
  return -1;
}

SYSCALL int _fstat(int file, struct stat *status) {
  (void)file;
  status->st_mode = S_IFCHR;
  return 0;
}

SYSCALL int _isatty(int file) { return file >= 0 && file <= 2; }

SYSCALL off_t _lseek(int file, off_t offset, int whence) {
  (void)file;
  (void)offset;
  (void)whence;
  return 0;
}

SYSCALL int _open(const char *name, int flags, int mode) {
  (void)name;
  (void)flags;
  (void)mode;
  errno = ENOENT;
  return -1;
}

SYSCALL pid_t _getpid(void) { return 1; }

SYSCALL int _kill(pid_t process, int signal) {
  (void)process;
  (void)signal;
  errno = EINVAL;
  return -1;
}

SYSCALL int _gettimeofday(struct timeval *now, void *zone) {
  (void)zone;
  uint64_t us = mlbench_micros64();
  now->tv_sec = (time_t)(us / 1000000u);
  now->tv_usec = (suseconds_t)(us % 1000000u);
  return 0;
}

SYSCALL clock_t _times(struct tms *times) {
  clock_t ticks = (clock_t)(mlbench_micros64() * CLOCKS_PER_SEC / 1000000u);
  times->tms_utime = ticks;
  times->tms_stime = times->tms_cutime = times->tms_cstime = 0;
  return ticks;
}
