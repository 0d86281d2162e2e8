#include "MLBench.h"

/*
 * A symbol of its own for each mark, under link-time optimization too: an emulator stops there.
 * noipa keeps a function whole and called; externally_visible keeps its name.
 */
#define MLBENCH_MARK extern "C" __attribute__((noinline, noipa, externally_visible))

/* Where constants lie in RAM unless told otherwise, texts stay in flash. */
#ifdef __AVR__
#include <avr/pgmspace.h>
#define MLBENCH_IN_FLASH PROGMEM
#define MLBENCH_FROM_FLASH(at) static_cast<char>(pgm_read_byte(at))
#else
#define MLBENCH_IN_FLASH
#define MLBENCH_FROM_FLASH(at) (*(at))
#endif

namespace {

struct Measure {
  unsigned long begin;
  unsigned long us;
};

/* Both in the four bytes that one of them takes anyway. */
struct Printing {
  uint16_t next;
  bool silent;
};

Measure init_measure;
Measure inference_measure;
Printing printing;
Print *port;

const char init_words[] MLBENCH_IN_FLASH = "mlbench init_time ";
const char inference_words[] MLBENCH_IN_FLASH = "mlbench inference_time ";
const char us_words[] MLBENCH_IN_FLASH = " us #";

/* One line, put together on the stack: it goes out by one write, which a port can keep in one piece. */
class Line {
 public:
  void put(char character) { text_[length_++] = character; }

  void put_flash(const char *words) {
    while (char character = MLBENCH_FROM_FLASH(words++)) {
      put(character);
    }
  }

  void put_decimal(uint32_t number) {
    char digits[10];
    uint8_t count = 0;
    do {
      digits[count++] = '0' + number % 10;
      number /= 10;
    } while (number);
    while (count) {
      put(digits[--count]);
    }
  }

  void put_hexadecimal(uint32_t number) {
    for (uint8_t shift = 32; shift;) {
      shift -= 4;
      const uint8_t digit = number >> shift & 15;
      put(digit < 10 ? '0' + digit : 'a' + digit - 10);
    }
  }

  /* CRC-32 as in IEEE 802.3, bit by bit: a table of it takes 1,024 bytes. */
  uint32_t checksum() const {
    uint32_t crc = 0xFFFFFFFF;
    for (uint8_t at = 0; at < length_; at++) {
      crc ^= static_cast<uint8_t>(text_[at]);
      for (uint8_t bit = 0; bit < 8; bit++) {
        crc = crc & 1 ? crc >> 1 ^ 0xEDB88320 : crc >> 1;
      }
    }
    return ~crc;
  }

  void send(Print &out) const { out.write(reinterpret_cast<const uint8_t *>(text_), length_); }

 private:
  /* The longest: "mlbench inference_time 4294967295 us #65535 *01234567" and the end of the line, 55. */
  char text_[56];
  uint8_t length_ = 0;
};

void print(const char *words, unsigned long us) {
  if (printing.silent) {
    return;
  }
  Line line;
  line.put_flash(words);
  line.put_decimal(us);
  line.put_flash(us_words);
  line.put_decimal(printing.next++);
  const uint32_t checksum = line.checksum();
  line.put(' ');
  line.put('*');
  line.put_hexadecimal(checksum);
  line.put('\r');
  line.put('\n');
  line.send(port ? *port : static_cast<Print &>(Serial));
}

}  // namespace

MLBenchClass MLBench;

/* The clock is read last in begin and first in end. */
MLBENCH_MARK void mlbench_init_begin(void) { init_measure.begin = micros(); }

MLBENCH_MARK void mlbench_init_end(void) {
  init_measure.us = micros() - init_measure.begin;
  print(init_words, init_measure.us);
}

MLBENCH_MARK void mlbench_inference_begin(void) { inference_measure.begin = micros(); }

MLBENCH_MARK void mlbench_inference_end(void) {
  inference_measure.us = micros() - inference_measure.begin;
  print(inference_words, inference_measure.us);
}

void MLBenchClass::report(Print &to) { port = &to; }
void MLBenchClass::quiet(bool quiet) { printing.silent = quiet; }
unsigned long MLBenchClass::initTime() const { return init_measure.us; }
unsigned long MLBenchClass::inferenceTime() const { return inference_measure.us; }
