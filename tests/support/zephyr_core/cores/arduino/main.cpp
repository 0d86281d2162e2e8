#include "Arduino.h"

SerialPort Serial;

void *operator new(size_t size) { return malloc(size); }
void *operator new[](size_t size) { return malloc(size); }
void operator delete(void *memory) noexcept { free(memory); }
void operator delete[](void *memory) noexcept { free(memory); }
void operator delete(void *memory, size_t) noexcept { free(memory); }
void operator delete[](void *memory, size_t) noexcept { free(memory); }

extern "C" int main(void)
{
	setup();
	for (;;)
		loop();
}

#ifdef LINKED
/* entry_point of cores/arduino/main.cpp, arduino/ArduinoCore-zephyr commit 1ede673 */
extern "C" uint32_t _sidata[], _sdata[], _edata[], _sbss[], _ebss[];
extern "C" void (*__init_array_start[])(void);
extern "C" void (*__init_array_end[])(void);

extern "C" __attribute__((section(".entry_point"), used)) void entry_point(void *, size_t)
{
	memcpy(_sdata, _sidata, (char *)_edata - (char *)_sdata);
	memset(_sbss, 0, (char *)_ebss - (char *)_sbss);
	for (void (**function)(void) = __init_array_start; function < __init_array_end; function++)
		(*function)();
	main();
}
#else
/* LL_EXTENSION_SYMBOL of include/zephyr/llext/symbol.h, zephyr commit 0202bd8 */
struct ExportedSymbol { const char *name; const void *address; };
extern "C" __attribute__((section(".exported_sym"), used)) const ExportedSymbol exported_main = {
	"main", (const void *)main};
#endif
