/* Pins of the Arduino Nano 33 BLE, numbered as its pinout diagram and schematic do. */
#ifndef MLBENCH_PINS_ARDUINO_H
#define MLBENCH_PINS_ARDUINO_H

#include <stdint.h>

#define PINS_COUNT (34u)
#define NUM_DIGITAL_PINS (22u)
#define NUM_ANALOG_INPUTS (8u)

#define LED_BUILTIN (13u)
#define PIN_LED (13u)
/* The parts of the RGB LED light when LOW. */
#define LEDR (22u)
#define LEDG (23u)
#define LEDB (24u)
#define LED_RED LEDR
#define LED_GREEN LEDG
#define LED_BLUE LEDB
#define LED_PWR (25u)
#define PIN_LED_PWR LED_PWR

#define PIN_SERIAL_TX (0u)
#define PIN_SERIAL_RX (1u)
#define PIN_SPI_SS (10u)
#define PIN_SPI_MOSI (11u)
#define PIN_SPI_MISO (12u)
#define PIN_SPI_SCK (13u)
#define PIN_WIRE_SDA (18u)
#define PIN_WIRE_SCL (19u)
#define PIN_WIRE_SDA1 (30u)
#define PIN_WIRE_SCL1 (31u)
#define PIN_PDM_PWR (27u)
#define PIN_PDM_CLK (28u)
#define PIN_PDM_DIN (29u)
#define PIN_ENABLE_I2C_PULLUP (32u)
#define PIN_ENABLE_SENSORS_3V3 (33u)
#define PIN_INT_APDS (26u)
#define INT_APDS PIN_INT_APDS

#define PIN_A0 (14u)
#define PIN_A1 (15u)
#define PIN_A2 (16u)
#define PIN_A3 (17u)
#define PIN_A4 (18u)
#define PIN_A5 (19u)
#define PIN_A6 (20u)
#define PIN_A7 (21u)

/*
 * Constants and not macros, so that code may use these short names for its own variables; each is
 * also a macro for itself, so that #ifdef sees it.
 */
#define MLBENCH_PIN(name, number) static const uint8_t name = (number)
MLBENCH_PIN(D0, 0);
MLBENCH_PIN(D1, 1);
MLBENCH_PIN(D2, 2);
MLBENCH_PIN(D3, 3);
MLBENCH_PIN(D4, 4);
MLBENCH_PIN(D5, 5);
MLBENCH_PIN(D6, 6);
MLBENCH_PIN(D7, 7);
MLBENCH_PIN(D8, 8);
MLBENCH_PIN(D9, 9);
MLBENCH_PIN(D10, 10);
MLBENCH_PIN(D11, 11);
MLBENCH_PIN(D12, 12);
MLBENCH_PIN(D13, 13);
MLBENCH_PIN(A0, PIN_A0);
MLBENCH_PIN(A1, PIN_A1);
MLBENCH_PIN(A2, PIN_A2);
MLBENCH_PIN(A3, PIN_A3);
MLBENCH_PIN(A4, PIN_A4);
MLBENCH_PIN(A5, PIN_A5);
MLBENCH_PIN(A6, PIN_A6);
MLBENCH_PIN(A7, PIN_A7);
/* Four LEDs under the names that other boards' sketches use. */
MLBENCH_PIN(LED0, LED_BUILTIN);
MLBENCH_PIN(LED1, LEDR);
MLBENCH_PIN(LED2, LEDG);
MLBENCH_PIN(LED3, LEDB);
MLBENCH_PIN(SS, PIN_SPI_SS);
MLBENCH_PIN(MOSI, PIN_SPI_MOSI);
MLBENCH_PIN(MISO, PIN_SPI_MISO);
MLBENCH_PIN(SCK, PIN_SPI_SCK);
MLBENCH_PIN(SDA, PIN_WIRE_SDA);
MLBENCH_PIN(SCL, PIN_WIRE_SCL);
#define D0 D0
#define D1 D1
#define D2 D2
#define D3 D3
#define D4 D4
#define D5 D5
#define D6 D6
#define D7 D7
#define D8 D8
#define D9 D9
#define D10 D10
#define D11 D11
#define D12 D12
#define D13 D13
#define A0 A0
#define A1 A1
#define A2 A2
#define A3 A3
#define A4 A4
#define A5 A5
#define A6 A6
#define A7 A7
#define LED0 LED0
#define LED1 LED1
#define LED2 LED2
#define LED3 LED3

#endif
