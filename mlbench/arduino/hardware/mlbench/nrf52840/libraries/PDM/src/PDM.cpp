/* nRF52840 Product Specification v1.7, section 6.15 "PDM". */
#include "PDM.h"

#include "mlbench_registers.h"

#define PDM_REG(offset) MLB_REG(0x4001D000u + (offset))
#define PDM_TASKS_START PDM_REG(0x000)
#define PDM_TASKS_STOP PDM_REG(0x004)
#define PDM_EVENTS_STARTED PDM_REG(0x100)
#define PDM_EVENTS_STOPPED PDM_REG(0x104)
#define PDM_EVENTS_END PDM_REG(0x108)
#define PDM_INTENSET PDM_REG(0x304)
#define PDM_INTENCLR PDM_REG(0x308)
#define PDM_ENABLE PDM_REG(0x500)
#define PDM_PDMCLKCTRL PDM_REG(0x504)
#define PDM_MODE PDM_REG(0x508)
#define PDM_GAINL PDM_REG(0x518)
#define PDM_GAINR PDM_REG(0x51C)
#define PDM_RATIO PDM_REG(0x520)
#define PDM_PSEL_CLK PDM_REG(0x540)
#define PDM_PSEL_DIN PDM_REG(0x544)
#define PDM_SAMPLE_PTR PDM_REG(0x560)
#define PDM_SAMPLE_MAXCNT PDM_REG(0x564)

namespace {

constexpr uint32_t kIrq = 29, kStarted = 1u << 0, kEnd = 1u << 2, kMono = 1u;
constexpr size_t kMostSamples = 0x7FFF;

}  // namespace

PDMClass PDM;

extern "C" void PDM_IRQHandler() { PDM.handle(); }

/* The pointer is taken when a buffer is begun, and may be set for the next from then on (6.15, "EasyDMA"). */
void PDMClass::handle() {
  bool full = PDM_EVENTS_END != 0;
  if (full) {
    mlbench_event_clear(&PDM_EVENTS_END);
    full_ = filling_;
    read_ = 0;
    length_ = room_;
  }
  if (PDM_EVENTS_STARTED) {
    mlbench_event_clear(&PDM_EVENTS_STARTED);
    filling_ = next_;
    next_ ^= 1;
    PDM_SAMPLE_PTR = MLB_PTR(buffers_ + next_ * room_);
  }
  if (full && callback_) {
    callback_();
  }
}

int PDMClass::begin(int channels, int rate) {
  end();
  /* 1.280 MHz / 80 and 2.667 MHz / 64: tables of PDMCLKCTRL and RATIO. */
  if ((channels != 1 && channels != 2) || (rate != 16000 && rate != 41667) || size_ / 2 > kMostSamples) {
    return 0;
  }
  buffers_ = (uint8_t *)calloc(2, size_);
  if (!buffers_) {
    return 0;
  }
  room_ = size_;
  filling_ = next_ = full_ = 0;
  read_ = length_ = 0;
  pinMode(PIN_PDM_PWR, OUTPUT);
  digitalWrite(PIN_PDM_PWR, HIGH);
  pinMode(PIN_PDM_CLK, OUTPUT);
  digitalWrite(PIN_PDM_CLK, LOW);
  pinMode(PIN_PDM_DIN, INPUT);
  PDM_PSEL_CLK = mlbench_gpio[PIN_PDM_CLK];
  PDM_PSEL_DIN = mlbench_gpio[PIN_PDM_DIN];
  PDM_PDMCLKCTRL = rate == 16000 ? 0x0A000000u : 0x15000000u;
  PDM_RATIO = rate == 16000 ? 1u : 0u;
  PDM_MODE = channels == 1 ? kMono : 0u;
  PDM_GAINL = gain_;
  PDM_GAINR = gain_;
  PDM_SAMPLE_PTR = MLB_PTR(buffers_);
  PDM_SAMPLE_MAXCNT = room_ / 2;
  PDM_EVENTS_STARTED = 0;
  PDM_EVENTS_END = 0;
  PDM_ENABLE = 1;
  PDM_INTENSET = kStarted | kEnd;
  mlbench_irq_enable(kIrq);
  PDM_TASKS_START = 1;
  return 1;
}

void PDMClass::end() {
  if (!buffers_) {
    return;
  }
  mlbench_irq_disable(kIrq);
  PDM_INTENCLR = kStarted | kEnd;
  PDM_EVENTS_STOPPED = 0;
  PDM_TASKS_STOP = 1;
  while (!PDM_EVENTS_STOPPED) {
  }
  PDM_ENABLE = 0;
  PDM_PSEL_CLK = 0xFFFFFFFFu;
  PDM_PSEL_DIN = 0xFFFFFFFFu;
  digitalWrite(PIN_PDM_PWR, LOW);
  free(buffers_);
  buffers_ = nullptr;
  read_ = length_ = 0;
}

int PDMClass::available() {
  uint32_t primask = mlbench_irq_save();
  int left = (int)(length_ - read_);
  mlbench_irq_restore(primask);
  return left;
}

int PDMClass::read(void *buffer, size_t size) {
  uint32_t primask = mlbench_irq_save();
  size_t left = length_ - read_;
  if (size > left) {
    size = left;
  }
  memcpy(buffer, buffers_ + full_ * room_ + read_, size);
  read_ = read_ + size;
  mlbench_irq_restore(primask);
  return (int)size;
}

void PDMClass::setGain(int gain) {
  gain_ = gain < 0 || gain > 80 ? 20 : (uint8_t)gain;
  PDM_GAINL = gain_;
  PDM_GAINR = gain_;
}
