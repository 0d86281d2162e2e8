#include "ArduinoApi.h"

#define P0(n) (n)
#define P1(n) (32 + (n))

/* GPIO behind each Arduino pin: schematic of the Nano 33 BLE (NANO 33 BLE, V2.0). */
const uint8_t mlbench_gpio[PINS_COUNT] = {
    P1(3),  P1(10), P1(11), P1(12), P1(15), P1(13), P1(14), P0(23), /* D0 TX, D1 RX .. D7 */
    P0(21), P0(27), P1(2),  P1(1),  P1(8),  P0(13),                 /* D8 .. D13 */
    P0(4),  P0(5),  P0(30), P0(29), P0(31), P0(2),  P0(28), P0(3),  /* A0 .. A7 */
    P0(24), P0(16), P0(6),  P1(9),                                  /* LED R, G, B, power */
    P0(19), P0(17), P0(26), P0(25), P0(14), P0(15), P1(0),  P0(22), /* sensors */
};

/* Analog input AINn behind A0 .. A7: Product Specification, section 7.1 "Pin assignments". */
const uint8_t mlbench_ain[NUM_ANALOG_INPUTS] = {2, 3, 6, 5, 7, 0, 4, 1};
