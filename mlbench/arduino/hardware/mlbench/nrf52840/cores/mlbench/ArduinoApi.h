/*
 * The Arduino API of the MLBench nRF52840 core, for C and C++; what Arduino.h includes. The core's own
 * files include this: reading C++17's math.h would be most of the time that they take to compile.
 */
#ifndef MLBENCH_ARDUINO_API_H
#define MLBENCH_ARDUINO_API_H

#include <ctype.h>
#include <inttypes.h>
#include <limits.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "PinNames.h"
#include "avr/pgmspace.h"
#include "pins_arduino.h"

/* gcc's limits.h has these in C only. */
#ifndef LLONG_MAX
#define LLONG_MAX __LONG_LONG_MAX__
#define LLONG_MIN (-LLONG_MAX - 1LL)
#define ULLONG_MAX (LLONG_MAX * 2ULL + 1ULL)
#endif

#ifdef __cplusplus
extern "C" {
#endif

typedef uint8_t byte;
typedef uint16_t word;
typedef bool boolean;
typedef uint8_t pin_size_t;
typedef void (*voidFuncPtr)(void);
typedef void (*voidFuncPtrParam)(void *);

typedef enum { LOW = 0, HIGH = 1, CHANGE = 2, FALLING = 3, RISING = 4 } PinStatus;
typedef enum { INPUT = 0, OUTPUT = 1, INPUT_PULLUP = 2, INPUT_PULLDOWN = 3 } PinMode;
typedef enum { LSBFIRST = 0, MSBFIRST = 1 } BitOrder;

#define PI 3.1415926535897932384626433832795
#define HALF_PI 1.5707963267948966192313216916398
#define TWO_PI 6.283185307179586476925286766559
#define DEG_TO_RAD 0.017453292519943295769236907684886
#define RAD_TO_DEG 57.295779513082320876798154814105
#define EULER 2.718281828459045235360287471352

/*
 * The sketch. With C linkage, as ArduinoCore-API declares them: the symbols are `setup` and `loop`,
 * whether the sketch is C or C++. The attributes keep both, and the calls, under link-time
 * optimization, for who wants to know when they are entered.
 */
void setup(void) __attribute__((noipa, externally_visible));
void loop(void) __attribute__((noipa, externally_visible));

/* Called once before setup(). Does nothing unless a sketch defines it. */
void initVariant(void);
/* Clocks and timer. Called by the core, before static constructors. */
void init(void);
/* Called while delay() waits. Does nothing unless a sketch defines it. */
void yield(void);

/* Time since reset. micros() wraps after 71 minutes, millis() after 49 days. */
unsigned long micros(void);
unsigned long millis(void);
/* The time that millis() is made from: microseconds since reset, 64 bits wide. */
uint64_t mlbench_micros64(void);
/* Sleeps. In an interrupt handler, or with interrupts off, waits busily. */
void delay(unsigned long ms);
/* Sleeps until any interrupt, at most so many microseconds (below 2^31); returns at once where it cannot sleep. */
void mlbench_nap(uint32_t us);
void delayMicroseconds(unsigned int us);

void pinMode(pin_size_t pin, uint8_t mode);
void digitalWrite(pin_size_t pin, uint8_t value);
PinStatus digitalRead(pin_size_t pin);
void shiftOut(pin_size_t data, pin_size_t clock, uint8_t order, uint8_t value);
uint8_t shiftIn(pin_size_t data, pin_size_t clock, uint8_t order);
/* Length of the next pulse in microseconds, 0 when none ended within the timeout. */
unsigned long mlbench_pulse_in(pin_size_t pin, uint8_t state, unsigned long timeout_us);

/*
 * analogRead: A0 to A7, or 0 to 7 for the same; full scale is the supply, 10 bits unless told (8, 10,
 * 12 or 14 are the converter's own, others are scaled).
 */
int analogRead(pin_size_t pin);
void analogReadResolution(int bits);
/* analogWrite: a 500 Hz pulse width modulation, on up to 16 pins; 8 bits unless told (at most 15). */
void analogWrite(pin_size_t pin, int value);
void analogWriteResolution(int bits);

/* Up to 8 pins for CHANGE, FALLING and RISING; up to 8 more for LOW and HIGH, which repeat while the
 * level lasts. A callback runs in the interrupt's handler. */
void attachInterrupt(pin_size_t interrupt, voidFuncPtr callback, uint8_t mode);
void attachInterruptParam(pin_size_t interrupt, voidFuncPtrParam callback, uint8_t mode, void *param);
void detachInterrupt(pin_size_t interrupt);
#define digitalPinToInterrupt(pin) (pin)
#define NOT_AN_INTERRUPT 255
#define NOT_A_PIN 255
#define NOT_A_PORT 255

/* A square wave on one pin at a time, for ever unless a duration is given. */
#ifdef __cplusplus
void tone(pin_size_t pin, unsigned int frequency, unsigned long duration_ms = 0);
#else
void tone(pin_size_t pin, unsigned int frequency, unsigned long duration_ms);
#endif
void noTone(pin_size_t pin);

static inline __attribute__((always_inline)) void interrupts(void) { __asm volatile("cpsie i" : : : "memory"); }
static inline __attribute__((always_inline)) void noInterrupts(void) { __asm volatile("cpsid i" : : : "memory"); }
#define sei() interrupts()
#define cli() noInterrupts()

/* newlib has itoa() and utoa(). */
char *itoa(int value, char *text, int base);
char *utoa(unsigned value, char *text, int base);
char *ltoa(long value, char *text, int base);
char *ultoa(unsigned long value, char *text, int base);
char *dtostrf(double value, signed char width, unsigned char decimals, char *text);

#define constrain(amt, low, high) ((amt) < (low) ? (low) : ((amt) > (high) ? (high) : (amt)))
#define radians(deg) ((deg) * DEG_TO_RAD)
#define degrees(rad) ((rad) * RAD_TO_DEG)
#define sq(x) ((x) * (x))

#define lowByte(w) ((uint8_t)((w) & 0xff))
#define highByte(w) ((uint8_t)((w) >> 8))
#define bit(b) (1UL << (b))
#define _BV(b) bit(b)
#define bitRead(value, b) (((value) >> (b)) & 0x01)
#define bitSet(value, b) ((value) |= (1UL << (b)))
#define bitClear(value, b) ((value) &= ~(1UL << (b)))
#define bitToggle(value, b) ((value) ^= (1UL << (b)))
#define bitWrite(value, b, bitvalue) ((bitvalue) ? bitSet(value, b) : bitClear(value, b))

#define clockCyclesPerMicrosecond() (F_CPU / 1000000L)
#define clockCyclesToMicroseconds(a) ((a) / clockCyclesPerMicrosecond())
#define microsecondsToClockCycles(a) ((a) * clockCyclesPerMicrosecond())

#define _NOP() __asm volatile("nop")

#define digitalPinToPort(pin) (mlbench_gpio[pin] >> 5)
#define digitalPinToBitMask(pin) (1u << (mlbench_gpio[pin] & 31u))

/* GPIO number (32 * port + pin) behind each Arduino pin, and analog input behind A0 to A7. */
extern const uint8_t mlbench_gpio[PINS_COUNT];
extern const uint8_t mlbench_ain[NUM_ANALOG_INPUTS];

/* The chip's own pin behind an Arduino pin. */
static inline PinName digitalPinToPinName(pin_size_t pin) {
  return pin < PINS_COUNT ? (PinName)mlbench_gpio[pin] : NC;
}
/* The same for A0 to A7, or 0 to 7. */
static inline PinName analogPinToPinName(pin_size_t pin) {
  return digitalPinToPinName(pin < NUM_ANALOG_INPUTS ? (pin_size_t)(pin + PIN_A0) : pin);
}

#ifdef __cplusplus
}

#include "ArduinoMath.h"
#include "HardwareSerial.h"
#include "IPAddress.h"
#include "Print.h"
#include "Printable.h"
#include "RingBuffer.h"
#include "Stream.h"
#include "UARTSerial.h"
#include "WCharacter.h"
#include "WString.h"

inline unsigned long pulseIn(pin_size_t pin, uint8_t state, unsigned long timeout_us = 1000000ul) {
  return mlbench_pulse_in(pin, state, timeout_us);
}
inline unsigned long pulseInLong(pin_size_t pin, uint8_t state, unsigned long timeout_us = 1000000ul) {
  return mlbench_pulse_in(pin, state, timeout_us);
}

/* The same functions for pins by the chip's own names. */
void pinMode(PinName pin, uint8_t mode);
void digitalWrite(PinName pin, uint8_t value);
PinStatus digitalRead(PinName pin);
int analogRead(PinName pin);
void analogWrite(PinName pin, int value);
void attachInterrupt(PinName pin, voidFuncPtr callback, uint8_t mode);
void detachInterrupt(PinName pin);

/* What is printed by stdio goes to Serial anyway. */
#define REDIRECT_STDOUT_TO(stream)

#else

#define min(a, b) ((a) < (b) ? (a) : (b))
#define max(a, b) ((a) > (b) ? (a) : (b))

#endif

#endif
