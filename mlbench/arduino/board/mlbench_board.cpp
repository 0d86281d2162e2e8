/*
 * What a sketch is linked with to be measured on a board: it takes the place of setup(), loop() and the
 * functions that are timed by the linker's --wrap, and goes on to the sketch's own.
 *
 * It has no static RAM of its own, so that the heap of the sketch begins where it begins without it.
 *
 * Where the chip keeps records (mlbench_board_records.h) each reset either carries out an order, with the
 * sketch and without a word on the port, or talks to the computer about the orders before; so no serial port
 * is used before the model has run. Elsewhere (mlbench_board_live.h) the order is in the image, and each
 * span is printed when it ends.
 *
 * mlbench_board_config.h is made for each sketch and says what there is to wrap.
 */
#include <Arduino.h>
#include <stdlib.h>

#include "mlbench_board_config.h"

#define MLBENCH_NOTHING 0xFFFFFFFFu /* no allocation is tried */

enum MLBenchKind { kInit = 0, kInference = 1 };
enum MLBenchEnd { kPassed = 1, kNoMemory = 2, kReset = 3, kFull = 4 };

extern "C" {
void mlbench_real_setup(void) __asm__("__real_" MLBENCH_SETUP);
void mlbench_real_loop(void) __asm__("__real_" MLBENCH_LOOP);
void mlbench_wrap_setup(void) __asm__("__wrap_" MLBENCH_SETUP);
void mlbench_wrap_loop(void) __asm__("__wrap_" MLBENCH_LOOP);
uint32_t mlbench_board_begin(void);
void mlbench_board_end(uint32_t kind, uint32_t begun, const uint32_t *frame, const uint32_t *floats);
}

/* Sorted behind a sketch's own code by linker scripts that sort, so that this moves nothing of it. */
#define MLBENCH_CODE __attribute__((section(".text.zz_mlbench_board")))
#define MLBENCH_LAST(name) __attribute__((section(".text.zz_mlbench_board." name), noinline, used))

#define MLBENCH_TEXT(text)                                                            \
  ([]() -> const char * {                                                             \
    static const char kept[] __attribute__((section(".rodata.zz_mlbench_board"))) = text; \
    return kept;                                                                      \
  }())

namespace {

/* CRC-32 of IEEE 802.3, bit by bit: a table would be flash, and time does not count here. */
MLBENCH_CODE uint32_t crc32(uint32_t crc, const void *data, size_t size) {
  const unsigned char *bytes = static_cast<const unsigned char *>(data);
  crc = ~crc;
  for (size_t i = 0; i < size; i++) {
    crc ^= bytes[i];
    for (unsigned bit = 0; bit < 8; bit++) {
      crc = crc >> 1 ^ (crc & 1u ? 0xEDB88320u : 0u);
    }
  }
  return ~crc;
}

/* A line of the protocol: mlbench WORDS #NUMBER *CHECKSUM. */
class Line {
 public:
  MLBENCH_CODE Line() { put(MLBENCH_TEXT("mlbench")); }

  MLBENCH_CODE void put(const char *text) {
    while (*text) {
      add(*text++);
    }
  }

  MLBENCH_CODE void word(const char *text) {
    add(' ');
    put(text);
  }

  MLBENCH_CODE void decimal(uint32_t value) {
    add(' ');
    number(value);
  }

  MLBENCH_CODE void hex(uint32_t value) {
    add(' ');
    digits(value);
  }

  /* Ends the line; it may be sent then. */
  MLBENCH_CODE void finish(uint32_t index) {
    add(' ');
    add('#');
    number(index);
    uint32_t sum = crc32(0, text_, size_);
    put(MLBENCH_TEXT(" *"));
    digits(sum);
    add('\n');
  }

  const char *text() const { return text_; }
  MLBENCH_CODE size_t size() const { return size_; }

 private:
  MLBENCH_CODE void add(char c) {
    if (size_ < sizeof text_) {
      text_[size_++] = c;
    }
  }

  MLBENCH_CODE void number(uint32_t value) {
    char text[10];
    unsigned count = 0;
    do {
      text[count++] = static_cast<char>('0' + value % 10);
      value /= 10;
    } while (value);
    while (count) {
      add(text[--count]);
    }
  }

  MLBENCH_CODE void digits(uint32_t value) {
    for (int shift = 28; shift >= 0; shift -= 4) {
      unsigned digit = value >> shift & 15u;
      add(static_cast<char>(digit < 10 ? '0' + digit : 'a' + digit - 10));
    }
  }

  char text_[160];
  size_t size_ = 0;
};

/* What inference wrote, and a number that it returned, as one checksum: no text has to be compared. */
MLBENCH_CODE uint32_t outputs(const uint32_t *frame, const uint32_t *floats) {
  uint32_t crc = 0;
  (void)floats;
#if MLBENCH_RETURN_BYTES
  crc = crc32(crc, MLBENCH_RETURN_IN_FPU ? floats : frame + 4, MLBENCH_RETURN_BYTES);
#endif
#define MLBENCH_OUTPUT(arg, bytes) \
  crc = crc32(crc, reinterpret_cast<const void *>((arg) < 4 ? frame[arg] : frame[MLBENCH_STACK_ARGS + (arg)]), bytes);
#define MLBENCH_OBJECT(number, bytes) crc = crc32(crc, mlbench_object_##number, bytes);
  MLBENCH_OUTPUTS
#undef MLBENCH_OBJECT
#undef MLBENCH_OUTPUT
  (void)frame;
  return crc;
}

}  // namespace

#include "mlbench_board_port.h"

#ifdef MLBENCH_RECORDS
#include "mlbench_board_records.h"
#else
#include "mlbench_board_live.h"
#endif

#if MLBENCH_LIBRARY
/*
 * The marks of the MLBench library: it has taken the times itself. Its object has no members and is
 * not named here: a sketch without use for it does not have its byte in RAM, which may move the heap.
 */
extern "C" {
unsigned long mlbench_init_us(const void *) __asm__("_ZNK12MLBenchClass8initTimeEv");
unsigned long mlbench_inference_us(const void *) __asm__("_ZNK12MLBenchClass13inferenceTimeEv");
void __real_mlbench_init_end(void);
void __real_mlbench_inference_end(void);

MLBENCH_LAST("init_end") void __wrap_mlbench_init_end(void) {
  __real_mlbench_init_end();
  span(kInit, mlbench_init_us(reinterpret_cast<const void *>(micros)), micros(), 0);
}

MLBENCH_LAST("inference_end") void __wrap_mlbench_inference_end(void) {
  __real_mlbench_inference_end();
  span(kInference, mlbench_inference_us(reinterpret_cast<const void *>(micros)), micros(), 0);
}
}
#endif

extern "C" {

/* The clock is read last here, and first where a span ends. */
MLBENCH_LAST("begin") uint32_t mlbench_board_begin(void) { return micros(); }

MLBENCH_LAST("end")
void mlbench_board_end(uint32_t kind, uint32_t begun, const uint32_t *frame, const uint32_t *floats) {
  uint32_t now = micros();
  span(kind, now - begun, now, kind == kInference ? outputs(frame, floats) : 0);
}

MLBENCH_LAST("setup") void mlbench_wrap_setup(void) {
  uint32_t size = first();
#ifdef MLBENCH_SCRATCH
  *reinterpret_cast<volatile uint32_t *>(MLBENCH_SCRATCH) = size == MLBENCH_NOTHING ? 0 : size;
#elif !MLBENCH_TEMPLATE
  if (size != MLBENCH_NOTHING) {
    void *volatile got = malloc(size);
    if (!got) {
      refused();
    }
  }
#else
  (void)size;
#endif
  mlbench_real_setup();
}

MLBENCH_LAST("loop") void mlbench_wrap_loop(void) {
#if MLBENCH_TEMPLATE
  /* setup() is through, and loop() has sent something. */
  mlbench_real_loop();
  passed();
#elif !MLBENCH_HAS_INFERENCE
  passed();
#else
  /* No further inference comes: four times its length, and at least a second. */
  uint32_t ended, us;
  if (last_inference(&ended, &us)) {
    uint32_t patience = us < 250000u ? 1000000u : us > 0x3FFFFFFFu ? 0xFFFFFFFFu : 4u * us;
    if (static_cast<uint32_t>(micros() - ended) > patience) {
      passed();
    }
  }
  mlbench_real_loop();
#endif
}
}

/* Floating-point arguments and results are in s0 to s15 where the procedure call standard has an FPU. */
#ifdef __ARM_PCS_VFP
#define MLBENCH_SAVE_FLOATS "vpush {s0-s15}\n"
#define MLBENCH_LOAD_FLOATS "vpop {s0-s15}\n"
#else
#define MLBENCH_SAVE_FLOATS ""
#define MLBENCH_LOAD_FLOATS ""
#endif

#include "mlbench_board_spans.h"
