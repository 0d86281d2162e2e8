/* The bus of the board's own sensors; a member of its own: linked where a sketch names it. */
#include "Wire.h"

static uint8_t buffers[2 * TwoWire::kBufferSize];

TwoWire Wire1(0x40004000u, 4, PIN_WIRE_SDA1, PIN_WIRE_SCL1, buffers);

extern "C" void SPIM1_SPIS1_TWIM1_TWIS1_SPI1_TWI1_IRQHandler() { Wire1.handle(); }
