/* What a test's sketch needs of an Arduino core. */
#pragma once
#include <stddef.h>
#include <stdint.h>

extern "C" {
void *malloc(size_t);
void *calloc(size_t, size_t);
void *realloc(void *, size_t);
void free(void *);
void *memcpy(void *, const void *, size_t);
void *memset(void *, int, size_t);
size_t strlen(const char *);
void printk(const char *, ...);
void uart_write(const char *, size_t);
uint32_t loader_micros(void);
}
inline uint32_t micros() { return loader_micros(); }

struct SerialPort {
	void begin(unsigned long) {}
	void print(const char *text) { uart_write(text, strlen(text)); }
	void print(long value) { printk("%d", (int)value); }
	void println(const char *text) { print(text); print("\n"); }
	void println(long value) { print(value); print("\n"); }
};
extern SerialPort Serial;

extern "C" void setup(void);
extern "C" void loop(void);
void *operator new(size_t size);
void *operator new[](size_t size);
void operator delete(void *memory) noexcept;
void operator delete[](void *memory) noexcept;
void operator delete(void *memory, size_t) noexcept;
void operator delete[](void *memory, size_t) noexcept;
