/* nRF52840 Product Specification v1.7, section 6.25 "SPIM". */
#include "SPI.h"

#include "mlbench_registers.h"

#define SPIM_REG(offset) MLB_REG(0x40023000u + (offset))
#define SPIM_TASKS_START SPIM_REG(0x010)
#define SPIM_EVENTS_END SPIM_REG(0x118)
#define SPIM_ENABLE SPIM_REG(0x500)
#define SPIM_PSEL_SCK SPIM_REG(0x508)
#define SPIM_PSEL_MOSI SPIM_REG(0x50C)
#define SPIM_PSEL_MISO SPIM_REG(0x510)
#define SPIM_FREQUENCY SPIM_REG(0x524)
#define SPIM_RXD_PTR SPIM_REG(0x534)
#define SPIM_RXD_MAXCNT SPIM_REG(0x538)
#define SPIM_TXD_PTR SPIM_REG(0x544)
#define SPIM_TXD_MAXCNT SPIM_REG(0x548)
#define SPIM_CONFIG SPIM_REG(0x554)

SPIClass SPI;

void SPIClass::begin() {
  pinMode(PIN_SPI_SCK, OUTPUT);
  pinMode(PIN_SPI_MOSI, OUTPUT);
  pinMode(PIN_SPI_MISO, INPUT);
  SPIM_PSEL_SCK = mlbench_gpio[PIN_SPI_SCK];
  SPIM_PSEL_MOSI = mlbench_gpio[PIN_SPI_MOSI];
  SPIM_PSEL_MISO = mlbench_gpio[PIN_SPI_MISO];
  on_ = true;
  apply();
  SPIM_ENABLE = 7;
}

void SPIClass::end() {
  SPIM_ENABLE = 0;
  SPIM_PSEL_SCK = 0xFFFFFFFFu;
  SPIM_PSEL_MOSI = 0xFFFFFFFFu;
  SPIM_PSEL_MISO = 0xFFFFFFFFu;
  on_ = false;
}

/* Values of FREQUENCY: section 6.25, table of the register; 125 kHz is the slowest. */
void SPIClass::apply() {
  if (!on_) {
    return;
  }
  uint32_t setting = 0x02000000u;
  for (uint32_t rate = 250000; rate <= 8000000 && rate <= settings_.clock; rate *= 2) {
    setting <<= 1;
  }
  SPIM_FREQUENCY = setting;
  uint32_t pha = settings_.mode & 1u, pol = settings_.mode >> 1 & 1u;
  SPIM_CONFIG = (settings_.order == LSBFIRST ? 1u : 0u) | pha << 1 | pol << 2;
}

void SPIClass::beginTransaction(const SPISettings &settings) {
  settings_ = settings;
  apply();
}

/* EasyDMA reaches RAM alone, at most 65,535 bytes at a time. */
void SPIClass::transfer(void *buffer, size_t size) {
  uint8_t *next = (uint8_t *)buffer;
  while (on_ && size) {
    size_t part = size < 0xFFFF ? size : 0xFFFF;
    SPIM_TXD_PTR = MLB_PTR(next);
    SPIM_RXD_PTR = MLB_PTR(next);
    SPIM_TXD_MAXCNT = part;
    SPIM_RXD_MAXCNT = part;
    SPIM_EVENTS_END = 0;
    SPIM_TASKS_START = 1;
    while (!SPIM_EVENTS_END) {
    }
    next += part;
    size -= part;
  }
}

uint8_t SPIClass::transfer(uint8_t byte) {
  volatile uint8_t both = byte;
  transfer((void *)&both, 1);
  return both;
}

uint16_t SPIClass::transfer16(uint16_t word) {
  uint8_t high = (uint8_t)(word >> 8), low = (uint8_t)word;
  if (settings_.order == LSBFIRST) {
    low = transfer(low);
    high = transfer(high);
  } else {
    high = transfer(high);
    low = transfer(low);
  }
  return (uint16_t)(high << 8 | low);
}

void SPIClass::setBitOrder(BitOrder order) {
  settings_.order = order;
  apply();
}

void SPIClass::setDataMode(uint8_t mode) {
  settings_.mode = mode;
  apply();
}

void SPIClass::setClockDivider(uint32_t divisor) {
  settings_.clock = 16000000u / (divisor ? divisor : 1u);
  apply();
}
