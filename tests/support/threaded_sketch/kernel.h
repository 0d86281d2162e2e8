/* A small kernel for tests: threads on PSP, a tick, one lock, and what a C library wants. */
#ifndef KERNEL_H
#define KERNEL_H
#include <stdint.h>
#ifdef __cplusplus
extern "C" {
#endif

/* A thread's block. Its fields lie where RTX 5 has them (rtx_os.h): a debugger may know them. */
typedef struct thread {
  uint8_t id, state, flags, attr;
  const char *name;
  void *links[5];
  uint32_t delay;
  int8_t priority, base;
  uint8_t stack_frame, options;
  uint32_t wait_flags, thread_flags;
  void *mutexes;
  void *stack_mem;
  uint32_t stack_size, sp, entry, tz;
} thread_t;

void thread_start(thread_t *thread, const char *name, void (*entry)(void), void *stack, uint32_t size, int priority);
void thread_sleep(uint32_t ms);
char *stack_bottom(void); /* of the running thread */
uint32_t stack_bytes(void);

unsigned long millis(void), micros(void);
void delay(unsigned long ms);
void print(const char *text), print_number(long number);

/* Never return. */
void mbed_error(uint32_t status, const char *message, unsigned value, const char *file, int line)
    __attribute__((noreturn));

/* To be called, once, by the interrupt SWI0 when `handler_job` is set and the interrupt is pended. */
extern void (*volatile handler_job)(void);

void setup(void), loop(void);

#ifdef __cplusplus
}
#endif
#endif
