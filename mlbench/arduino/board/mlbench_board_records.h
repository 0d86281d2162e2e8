/*
 * Records in a page of flash, on the nRF52840: what is to be tried outlives the reset before it, and what
 * came of it the reset behind it. They are appended; the page is erased when it is full, or for another image.
 *
 * Sections of the nRF52840 Product Specification v1.7: NVMC 4.3, POWER 5.3 (RESETREAS), WDT 6.36.
 */
#define MLBENCH_WORD(address) (*(volatile uint32_t *)(address))

#ifndef MLBENCH_BAUD
#define MLBENCH_BAUD 115200
#endif

namespace {

enum Type { kHeader = 1, kOrder = 2, kBegun = 3, kSpan = 4, kEnd = 5, kArmed = 6 };

struct Record {
  uint32_t words[8]; /* type | kind << 8 | order << 16, six of its own, CRC-32 of the seven */

  MLBENCH_CODE uint32_t type() const { return words[0] & 0xFFu; }
  MLBENCH_CODE uint32_t kind() const { return words[0] >> 8 & 0xFFu; }
  MLBENCH_CODE uint32_t order() const { return words[0] >> 16; }
  MLBENCH_CODE bool blank() const { return words[0] == 0xFFFFFFFFu; }
  MLBENCH_CODE bool whole() const { return words[7] == crc32(0, words, 28); }
};

constexpr uint32_t kSlots = MLBENCH_RECORDS_SIZE / sizeof(Record);
constexpr uint32_t kReload = 0x6E524635u;
constexpr uint32_t kMagic = 0x314D4C42u;
constexpr uint32_t kPatienceUs = 5000000u; /* for which a talk goes on without a command, before the watchdog may bite */
constexpr uint32_t kLongestMs = 131071000u;

MLBENCH_CODE const Record &slot(uint32_t index) {
  return reinterpret_cast<const Record *>(MLBENCH_RECORDS)[index];
}

/* The watchdog goes on through a soft reset, with the time that it was started with. */
MLBENCH_CODE bool watched() { return MLBENCH_WORD(0x40010400u) & 1u; }

MLBENCH_CODE void feed() {
  for (uint32_t channel = 0; channel < 8; channel++) {
    MLBENCH_WORD(0x40010600u + 4 * channel) = kReload;
  }
}

MLBENCH_CODE void watch(uint32_t ms) {
  if (watched()) {
    feed();
  } else if (ms) {
    ms = ms < kLongestMs ? ms : kLongestMs;
    MLBENCH_WORD(0x4001050Cu) = 1; /* CONFIG: it runs while the CPU sleeps */
    MLBENCH_WORD(0x40010504u) = ms / 125u * 4096u + ms % 125u * 4096u / 125u; /* of 32,768 Hz */
    MLBENCH_WORD(0x40010508u) = 1;
    MLBENCH_WORD(0x40010000u) = 1;
  }
}

MLBENCH_CODE void nvmc(uint32_t mode) {
  while (!MLBENCH_WORD(0x4001E400u)) {
  }
  MLBENCH_WORD(0x4001E504u) = mode;
  while (!MLBENCH_WORD(0x4001E400u)) {
  }
}

MLBENCH_CODE uint32_t count() {
  uint32_t index = 0;
  while (index < kSlots && !slot(index).blank()) {
    index++;
  }
  return index;
}

MLBENCH_CODE bool append(uint32_t type, uint32_t kind, uint32_t order, uint32_t a, uint32_t b, uint32_t c, uint32_t d) {
  uint32_t index = count();
  if (index >= kSlots) {
    return false;
  }
  Record record;
  record.words[0] = type | kind << 8 | order << 16;
  record.words[1] = a;
  record.words[2] = b;
  record.words[3] = c;
  record.words[4] = d;
  record.words[5] = record.words[6] = 0;
  record.words[7] = crc32(0, record.words, 28);
  nvmc(1);
  for (uint32_t i = 0; i < 8; i++) {
    MLBENCH_WORD(&slot(index).words[i]) = record.words[i];
    while (!MLBENCH_WORD(0x4001E400u)) {
    }
  }
  nvmc(0);
  /* What was written is read through ordinary references. */
  __asm volatile("" : : : "memory");
  return true;
}

MLBENCH_CODE void erase() {
  feed();
  nvmc(2);
  for (uint32_t at = 0; at < MLBENCH_RECORDS_SIZE; at += MLBENCH_PAGE) {
    MLBENCH_WORD(0x4001E508u) = MLBENCH_RECORDS + at;
    while (!MLBENCH_WORD(0x4001E400u)) {
    }
  }
  nvmc(0);
  append(kHeader, 0, 0, kMagic, MLBENCH_SESSION, 0, 0);
}

MLBENCH_CODE bool ours() {
  const Record &header = slot(0);
  return header.type() == kHeader && header.whole() && header.words[1] == kMagic && header.words[2] == MLBENCH_SESSION;
}

/*
 * Fed before: a bite in the half second that the Nano's bootloader waits for a second press of the button would
 * be taken for one.
 */
[[noreturn]] MLBENCH_CODE void reset() {
  feed();
  __asm volatile("dsb" : : : "memory");
  MLBENCH_WORD(0xE000ED0Cu) = 0x05FA0004u; /* AIRCR.SYSRESETREQ: Armv7-M ARM, B3.2.6 */
  for (;;) {
  }
}

struct State {
  const Record *order;
  bool armed, begun, ended;
  uint32_t inferences;
  const Record *last; /* inference */

  MLBENCH_CODE void begin(const Record *with) {
    order = with;
    armed = false;
    begun = false;
    ended = false;
    inferences = 0;
    last = nullptr;
  }
};

MLBENCH_CODE State look() {
  State state; /* member by member: as a whole it would be memset()'s, which moves the sketch's code */
  state.begin(nullptr);
  for (uint32_t index = 0; index < kSlots && !slot(index).blank(); index++) {
    const Record &record = slot(index);
    if (!record.whole()) {
      continue;
    }
    if (record.type() == kOrder) {
      state.begin(&record);
    } else if (state.order && record.order() == state.order->order()) {
      state.armed |= record.type() == kArmed;
      state.begun |= record.type() == kBegun;
      state.ended |= record.type() == kEnd;
      if (record.type() == kSpan && record.kind() == kInference) {
        state.inferences++;
        state.last = &record;
      }
    }
  }
  return state;
}

[[noreturn]] MLBENCH_CODE void end(uint32_t kind) {
  State state = look();
  append(kEnd, kind, state.order ? state.order->order() : 0, 0, micros(), 0, 0);
  reset();
}

MLBENCH_CODE void span(uint32_t kind, uint32_t us, uint32_t ended, uint32_t crc) {
  /* Before setup() there is neither a watchdog nor, on some cores, a clock: constructors are not timed. */
  if (MLBENCH_WORD(MLBENCH_HERE) != kMagic) {
    return;
  }
  State state = look();
  if (!state.order || !state.begun || state.ended) {
    return;
  }
  append(kSpan, kind, state.order->order(), us, crc, ended, 0);
  /* A template is through when loop() has sent something. */
  bool enough = !MLBENCH_TEMPLATE && kind == kInference && state.inferences + 1 >= state.order->words[2];
  if (enough) {
    end(kPassed);
  }
  if (count() + 2 > kSlots) {
    end(kFull);
  }
}

[[noreturn]] MLBENCH_CODE void refused() { end(kNoMemory); }
[[noreturn]] MLBENCH_CODE void passed() { end(kPassed); }

MLBENCH_CODE bool last_inference(uint32_t *ended, uint32_t *us) {
  State state = look();
  if (!state.last) {
    return false;
  }
  *ended = state.last->words[3];
  *us = state.last->words[1];
  return true;
}

/* --- talking to the computer ------------------------------------------------------------- */

MLBENCH_CODE bool is(const char *text, const char *word) {
  while (*word) {
    if (*text++ != *word++) {
      return false;
    }
  }
  return *text == ' ';
}

/* The next number of a command, which begins behind a blank; in hexadecimal digits. */
MLBENCH_CODE uint32_t number(const char **text) {
  const char *at = *text;
  while (*at && *at != ' ') {
    at++;
  }
  uint32_t value = 0;
  for (at += *at == ' '; *at && *at != ' '; at++) {
    value = value << 4 | static_cast<uint32_t>(*at <= '9' ? *at - '0' : *at - 'a' + 10);
  }
  *text = at;
  return value;
}

class Talk {
 public:
  [[noreturn]] MLBENCH_CODE void run() {
    port_.begin();
    uint32_t before = micros();
    heard_ = before;
    feed();
    hello();
    for (uint32_t turn = 1;; turn++) {
      int byte = port_.read();
      if (byte >= 0) {
        take(static_cast<char>(byte));
      } else if (turn % 1024u == 0) { /* looking at registers takes longer than looking for a byte */
        uint32_t now = micros();
        if (now - before > 100000u) {
          before = now;
          /* A computer that has gone must not leave the watchdog awake: it would bite in the next upload. */
          if (now - heard_ < kPatienceUs) {
            feed();
          }
          hello();
        }
      }
    }
  }

 private:
  MLBENCH_CODE void say(Line &line) {
    line.finish(number_++);
    if (port_.listens()) {
      port_.write(line.text(), line.size());
    }
  }

  MLBENCH_CODE void hello() {
    Line line;
    line.word(MLBENCH_TEXT("hello"));
    line.hex(MLBENCH_SESSION);
    line.decimal(count());
    line.decimal(kSlots);
    line.decimal(watched());
    say(line);
  }

  MLBENCH_CODE void take(char c) {
    if (c != '\n') {
      if (size_ < sizeof command_ - 1) {
        command_[size_++] = c;
      }
      return;
    }
    command_[size_] = 0;
    unsigned size = size_;
    size_ = 0;
    unsigned begin = 0, star = 0;
    for (unsigned i = 0; i + 1 < size; i++) {
      if (is(command_ + i, MLBENCH_TEXT("mlbench"))) {
        begin = i;
      }
      if (command_[i] == ' ' && command_[i + 1] == '*') {
        star = i;
      }
    }
    if (star <= begin) {
      return;
    }
    const char *sum = command_ + star;
    if (size - star != 10 || hex(sum + 2) != crc32(0, command_ + begin, star - begin)) {
      return;
    }
    command_[star] = 0;
    heard_ = micros();
    obey(command_ + begin + 8);
    hello();
  }

  static MLBENCH_CODE uint32_t hex(const char *text) {
    uint32_t value = 0;
    for (unsigned i = 0; i < 8; i++) {
      value = value << 4 | static_cast<uint32_t>(text[i] <= '9' ? text[i] - '0' : text[i] - 'a' + 10);
    }
    return value;
  }

  MLBENCH_CODE void obey(const char *text) {
    if (is(text, MLBENCH_TEXT("read"))) {
      uint32_t from = number(&text), until = count();
      for (uint32_t index = from; index < until && index < from + 8; index++) {
        feed();
        Line line;
        line.word(MLBENCH_TEXT("record"));
        line.decimal(index);
        for (uint32_t i = 0; i < 8; i++) {
          line.hex(slot(index).words[i]);
        }
        say(line);
      }
    } else if (is(text, MLBENCH_TEXT("order"))) {
      uint32_t order = number(&text), size = number(&text), inferences = number(&text), ms = number(&text);
      State state = look();
      /* The same order again: what was said of the first one got lost. */
      if (!state.order || state.order->order() != order) {
        append(kOrder, 0, order, size, inferences, ms, 0);
      }
    } else if (is(text, MLBENCH_TEXT("run"))) {
      State state = look();
      if (state.order && state.order->order() == number(&text) && !state.begun) {
        /* An order alone is carried out by no later start: who gave it may have gone. */
        append(kArmed, 0, state.order->order(), 0, 0, 0, 0);
        reset();
      }
    } else if (is(text, MLBENCH_TEXT("erase"))) {
      erase();
    } else if (is(text, MLBENCH_TEXT("rest"))) {
      /* Until it bites; after that reset it does not run. */
      if (watched()) {
        for (;;) {
        }
      }
    }
  }

  SerialPort port_;
  uint32_t number_ = 0;
  uint32_t heard_ = 0; /* when the last command came */
  unsigned size_ = 0;
  char command_[120];
};

/* What this reset is for: the allocation to try, or a talk, which never comes back. */
MLBENCH_CODE uint32_t first() {
  uint32_t why = MLBENCH_WORD(0x40000400u);
  MLBENCH_WORD(0x40000400u) = why; /* RESETREAS adds up until its bits are written */
  if (!ours()) {
    erase();
  }
  State state = look();
  if (state.order && state.armed && !state.begun) {
    MLBENCH_WORD(MLBENCH_HERE) = kMagic;
    watch(state.order->words[3]);
    append(kBegun, 0, state.order->order(), why, 0, 0, 0);
    return state.order->words[1];
  }
  if (state.order && state.begun && !state.ended) {
    append(kEnd, kReset, state.order->order(), why, 0, 0, 0);
  }
  Talk talk;
  talk.run();
}

}  // namespace
