/*
 * From the first C instruction to the sketch. Order: clocks and micros(), static constructors,
 * initVariant(), setup(), loop() for ever.
 */
#include "ArduinoApi.h"
#include "mlbench_registers.h"

typedef void (*mlbench_initializer)(void);
extern const mlbench_initializer __preinit_array_start[], __preinit_array_end[];
extern const mlbench_initializer __init_array_start[], __init_array_end[];

/* Under its own name too, which a sketch may take for a function of its own. */
__attribute__((section(".text.init"))) void mlbench_init(void) {
  /* What a bootloader left enabled would find no handler here. */
  for (unsigned n = 0; n < 2; n++) {
    MLB_NVIC_ICER(n) = 0xFFFFFFFFu;
    MLB_NVIC_ICPR(n) = 0xFFFFFFFFu;
  }
  interrupts();
  /*
   * Both crystals of the board (section 5.4). Nobody waits for them: until the fast one runs, in
   * less than half a millisecond, the internal oscillator drives CPU and timers alike.
   */
  CLOCK_TASKS_HFCLKSTART = 1;
  CLOCK_LFCLKSRC = CLOCK_LFCLKSRC_XTAL;
  CLOCK_TASKS_LFCLKSTART = 1;
  /* micros(): 16 MHz / 2^4, 32 bits wide (section 6.30). */
  TIMER1_TASKS_STOP = 1;
  TIMER1_MODE = 0;
  TIMER1_BITMODE = TIMER_BITMODE_32;
  TIMER1_PRESCALER = 4;
  TIMER1_TASKS_CLEAR = 1;
  TIMER1_TASKS_START = 1;
}

__attribute__((weak, alias("mlbench_init"))) void init(void);

/* sketch_main.c has it, unless the sketch brings its own. */
int main(void);

__attribute__((noreturn, used)) void mlbench_start(void) {
  mlbench_init();
  for (const mlbench_initializer *f = __preinit_array_start; f < __preinit_array_end; f++) {
    (*f)();
  }
  for (const mlbench_initializer *f = __init_array_start; f < __init_array_end; f++) {
    (*f)();
  }
  main();
  for (;;) {
  }
}
