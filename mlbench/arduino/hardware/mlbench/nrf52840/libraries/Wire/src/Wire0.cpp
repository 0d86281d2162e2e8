/* A member of its own: linked where a sketch names it. */
#include "Wire.h"

static uint8_t buffers[2 * TwoWire::kBufferSize];

TwoWire Wire(0x40003000u, 3, PIN_WIRE_SDA, PIN_WIRE_SCL, buffers);

extern "C" void SPIM0_SPIS0_TWIM0_TWIS0_SPI0_TWI0_IRQHandler() { Wire.handle(); }
