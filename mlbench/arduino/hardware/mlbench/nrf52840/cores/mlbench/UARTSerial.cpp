#include "UARTSerial.h"

#include "ArduinoApi.h"
#include "mlbench_registers.h"

namespace {

constexpr unsigned kTxSize = 64;
constexpr unsigned kRxSize = 128; /* a power of two */

bool started;

/* EasyDMA reads RAM only, so text in flash is copied first (section 4.6 "EasyDMA"). */
uint8_t tx_buffer[kTxSize];
volatile bool tx_busy;

volatile uint8_t rx_byte;
uint8_t rx_ring[kRxSize];
volatile unsigned rx_head, rx_tail; /* written by the handler, by the reader */

/* Call with interrupts masked. */
bool transmitting() {
  if (tx_busy && UARTE0_EVENTS_ENDTX) {
    UARTE0_EVENTS_ENDTX = 0;
    tx_busy = false;
  }
  return tx_busy;
}

/*
 * Returns with interrupts masked and the transmitter idle. Sleeps until ENDTX, or any interrupt.
 * Between looks they are open, so that a handler can run, and print; it then waits in here itself,
 * busily, and needs nothing of what it interrupted.
 */
uint32_t acquire() {
  for (;;) {
    uint32_t primask = mlbench_irq_save();
    if (!transmitting()) {
      return primask;
    }
    if (mlbench_wakeable()) {
      UARTE0_INTENSET = UARTE_INT_ENDTX;
      mlbench_wfi();
    }
    mlbench_irq_restore(primask);
  }
}

/* BAUDRATE: section 6.34, table of the register. */
struct Rate {
  uint32_t baud, setting;
};
const Rate kRates[] = {
    {1200, 0x0004F000},   {2400, 0x0009D000},   {4800, 0x0013B000},   {9600, 0x00275000},
    {14400, 0x003AF000},  {19200, 0x004EA000},  {28800, 0x0075C000},  {31250, 0x00800000},
    {38400, 0x009D0000},  {56000, 0x00E50000},  {57600, 0x00EB0000},  {76800, 0x013A9000},
    {115200, 0x01D60000}, {230400, 0x03B00000}, {250000, 0x04000000}, {460800, 0x07400000},
    {921600, 0x0F000000}, {1000000, 0x10000000},
};

/* The fastest rate that is not above the one asked for; at least 1200 baud. */
uint32_t baud_setting(unsigned long baud) {
  uint32_t setting = kRates[0].setting;
  for (const Rate &rate : kRates) {
    if (rate.baud <= baud) {
      setting = rate.setting;
    }
  }
  return setting;
}

void receive_next() {
  UARTE0_RXD_PTR = MLB_PTR(&rx_byte);
  UARTE0_RXD_MAXCNT = 1;
  UARTE0_TASKS_STARTRX = 1;
}

}  // namespace

/* While a byte is being fetched the next ones wait in the receiver's own buffer (section 6.34, Reception). */
extern "C" void UARTE0_UART0_IRQHandler() {
  /* ENDTX has woken who waits for it, and stays up for him to see. */
  UARTE0_INTENCLR = UARTE_INT_ENDTX;
  if (UARTE0_EVENTS_ERROR) {
    UARTE0_ERRORSRC = UARTE0_ERRORSRC;
    mlbench_event_clear(&UARTE0_EVENTS_ERROR);
  }
  if (UARTE0_EVENTS_ENDRX) {
    mlbench_event_clear(&UARTE0_EVENTS_ENDRX);
    uint8_t byte = rx_byte;
    receive_next();
    unsigned next = (rx_head + 1) % kRxSize;
    if (next != rx_tail) {
      rx_ring[rx_head] = byte;
      rx_head = next;
    }
  }
}

void UARTSerial::begin(unsigned long baud, uint16_t format) {
  if (started) {
    end();
  }
  /* TX idles high before the peripheral takes the pin (section 6.34, Pin configuration). */
  digitalWrite(PIN_SERIAL_TX, HIGH);
  pinMode(PIN_SERIAL_TX, OUTPUT);
  pinMode(PIN_SERIAL_RX, INPUT_PULLUP);
  UARTE0_PSEL_TXD = mlbench_gpio[PIN_SERIAL_TX];
  UARTE0_PSEL_RXD = mlbench_gpio[PIN_SERIAL_RX];
  UARTE0_BAUDRATE = baud_setting(baud);
  UARTE0_CONFIG = format;
  UARTE0_EVENTS_ENDTX = 0;
  UARTE0_EVENTS_ENDRX = 0;
  UARTE0_EVENTS_ERROR = 0;
  UARTE0_ENABLE = UARTE_ENABLED;
  rx_head = rx_tail = 0;
  tx_busy = false;
  started = true;
  receive_next();
  UARTE0_INTENSET = UARTE_INT_ENDRX | UARTE_INT_ERROR;
  mlbench_irq_enable(UARTE0_IRQ);
}

void UARTSerial::end() {
  if (!started) {
    return;
  }
  flush();
  mlbench_irq_disable(UARTE0_IRQ);
  UARTE0_INTENCLR = UARTE_INT_ENDRX | UARTE_INT_ERROR;
  UARTE0_EVENTS_RXTO = 0;
  UARTE0_TASKS_STOPRX = 1;
  /* The peripheral must be stopped in both directions before it is disabled (section 6.34). */
  while (!UARTE0_EVENTS_RXTO) {
  }
  UARTE0_EVENTS_TXSTOPPED = 0;
  UARTE0_TASKS_STOPTX = 1;
  while (!UARTE0_EVENTS_TXSTOPPED) {
  }
  UARTE0_ENABLE = 0;
  started = false;
}

int UARTSerial::available() { return (int)((rx_head - rx_tail) % kRxSize); }

int UARTSerial::peek() { return rx_head == rx_tail ? -1 : rx_ring[rx_tail]; }

int UARTSerial::read() {
  int byte = peek();
  if (byte >= 0) {
    rx_tail = (rx_tail + 1) % kRxSize;
  }
  return byte;
}

size_t UARTSerial::write(const uint8_t *data, size_t size) {
  if (!started) {
    begin(115200);
  }
  for (size_t done = 0; done < size;) {
    size_t chunk = size - done < kTxSize ? size - done : kTxSize;
    uint32_t primask = acquire();
    memcpy(tx_buffer, data + done, chunk);
    tx_busy = true;
    UARTE0_TXD_PTR = MLB_PTR(tx_buffer);
    UARTE0_TXD_MAXCNT = chunk;
    /* The buffer must hold the text before the task reads it. */
    __asm volatile("dmb" : : : "memory");
    UARTE0_TASKS_STARTTX = 1;
    mlbench_irq_restore(primask);
    done += chunk;
  }
  return size;
}

int UARTSerial::availableForWrite() {
  uint32_t primask = mlbench_irq_save();
  bool busy = transmitting();
  mlbench_irq_restore(primask);
  return busy ? 0 : (int)kTxSize;
}

void UARTSerial::flush() { mlbench_irq_restore(acquire()); }

UARTSerial Serial;
extern UARTSerial Serial1 __attribute__((alias("Serial")));
