/*
 * Boards that keep no records: the order is in the image, and each span is printed when it ends, which is
 * after the model has run.
 */
#ifndef MLBENCH_BAUD
#define MLBENCH_BAUD 115200
#endif

extern "C" {
/* Read by templates in the place of $alloc_size; volatile, so that no compiler knows it. */
extern const volatile uint32_t mlbench_board_alloc;
__attribute__((used)) const volatile uint32_t mlbench_board_alloc = MLBENCH_ALLOC;
}

namespace {

/* What such a board cannot keep elsewhere. */
struct Live {
  uint32_t number, ended, us, crc, init, inferences;
  bool open, initialized, started;
} live;

MLBENCH_CODE void tell(Line &line) {
  SerialPort port;
  if (!live.open) {
    port.begin();
    live.open = true;
  }
  line.finish(live.number++);
  port.write(line.text(), line.size());
}

/*
 * How many inferences there were, the time of the last, what the first one wrote, and the initialization: what
 * was said before may not have been heard.
 */
MLBENCH_CODE void state(Line &line) {
  line.decimal(live.inferences);
  line.decimal(live.us);
  line.hex(live.crc);
  if (live.initialized) {
    line.decimal(live.init);
  }
}

MLBENCH_CODE void span(uint32_t kind, uint32_t us, uint32_t ended, uint32_t crc) {
  /* Before setup() some cores have no clock: constructors are not timed. */
  if (!live.started) {
    return;
  }
  if (kind == kInit) {
    /* The last one before the first inference counts. */
    if (!live.inferences) {
      live.init = us;
      live.initialized = true;
    }
    return;
  }
  if (!live.inferences) {
    live.crc = crc; /* of the first one: which one is the last to be heard is chance */
  }
  live.us = us;
  live.inferences++;
  Line line;
  line.word(MLBENCH_TEXT("span"));
  state(line);
  tell(line);
  /* Not before: what is printed is no part of the time in which no further inference came. */
  live.ended = micros();
  (void)ended;
}

MLBENCH_CODE uint32_t first() {
  live.started = true;
  return mlbench_board_alloc;
}

MLBENCH_CODE void refused() {
  Line line;
  line.word(MLBENCH_TEXT("end"));
  line.decimal(kNoMemory);
  tell(line);
  for (;;) {
  }
}

MLBENCH_CODE void passed() {
  /* Again and again, for a port that is opened late; the sketch goes on meanwhile. */
  Line line;
  line.word(MLBENCH_TEXT("end"));
  line.decimal(kPassed);
  state(line);
  tell(line);
  delay(200);
}

MLBENCH_CODE bool last_inference(uint32_t *ended, uint32_t *us) {
  *ended = live.ended;
  *us = live.us;
  return live.inferences != 0;
}

}  // namespace
