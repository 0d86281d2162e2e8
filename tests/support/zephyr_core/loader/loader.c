/* A small loader of sketches, made for tests: it starts what the platform beside it builds, by the rules of
 * Arduino's Zephyr core, so that these can be tested without that core. It has no threads, no USB and no log.
 *
 * What it follows, each where it is used:
 *   core    arduino/ArduinoCore-zephyr loader/main.c, commits 00ec495 (January 2025) and 0709037 (2025)
 *   llext   zephyrproject-rtos/zephyr subsys/llext: llext_load.c commit 0526fa1, llext_mem.c commit 0202bd8,
 *           llext_link.c commit 01b8849
 *   heap    the same repository, lib/heap/heap.c, commit 0202bd8
 */
#include <stddef.h>
#include <stdint.h>
#include <stdarg.h>

#ifndef SKETCH_BASE
#define SKETCH_BASE 0x70000
#define SKETCH_SIZE 0x88000
#endif
#ifndef LLEXT_HEAP_KB
#define LLEXT_HEAP_KB 64
#endif

#define ENOENT 2
#define ENOEXEC 8
#define ENOMEM 12
#define EINVAL 22
#define ENODATA 61
#define ENOTSUP 134

/* core: constants that its ELF file keeps (0709037) */
__attribute__((used)) const uintptr_t sketch_base_addr = SKETCH_BASE;
__attribute__((used)) const uintptr_t sketch_max_size = SKETCH_SIZE;
__attribute__((used)) const uintptr_t loader_max_size = SKETCH_BASE - 0x10000;

/* ---- text: UARTE0 of the nRF52840 (Product Specification v1.7, section 6.34) ---- */

#define UARTE(offset) (*(volatile uint32_t *)(0x40002000 + (offset)))
static char out[128];

void uart_write(const char *text, size_t size)
{
	while (size) {
		size_t part = size < sizeof out ? size : sizeof out;
		for (size_t i = 0; i < part; i++)
			out[i] = text[i];
		UARTE(0x120) = 0; /* ENDTX */
		UARTE(0x544) = (uintptr_t)out;
		UARTE(0x548) = part;
		UARTE(0x008) = 1; /* STARTTX */
		while (!UARTE(0x120))
			;
		text += part;
		size -= part;
	}
}

size_t strlen(const char *text)
{
	size_t size = 0;
	while (text[size])
		size++;
	return size;
}

int strcmp(const char *a, const char *b)
{
	while (*a && *a == *b)
		a++, b++;
	return *(const unsigned char *)a - *(const unsigned char *)b;
}

void *memset(void *to, int value, size_t size)
{
	for (unsigned char *at = to; size; size--)
		*at++ = (unsigned char)value;
	return to;
}

void *memcpy(void *to, const void *from, size_t size)
{
	const unsigned char *source = from;
	for (unsigned char *at = to; size; size--)
		*at++ = *source++;
	return to;
}

static void put_number(uint32_t value, unsigned base)
{
	char digits[12];
	unsigned at = sizeof digits;
	do {
		digits[--at] = "0123456789abcdef"[value % base];
		value /= base;
	} while (value);
	uart_write(digits + at, sizeof digits - at);
}

static void vprintk(const char *format, va_list arguments)
{
	for (; *format; format++) {
		if (*format != '%') {
			uart_write(format, 1);
			continue;
		}
		format++;
		if (*format == 's') {
			const char *text = va_arg(arguments, const char *);
			uart_write(text, strlen(text));
		} else if (*format == 'd') {
			int value = va_arg(arguments, int);
			if (value < 0)
				uart_write("-", 1);
			put_number(value < 0 ? -(uint32_t)value : (uint32_t)value, 10);
		} else {
			put_number(va_arg(arguments, uint32_t), *format == 'x' ? 16 : 10);
		}
	}
}

void printk(const char *format, ...)
{
	va_list arguments;
	va_start(arguments, format);
	vprintk(format, arguments);
	va_end(arguments);
}

static void log_error(const char *format, ...)
{
	va_list arguments;
	va_start(arguments, format);
	printk("<err> llext: ");
	vprintk(format, arguments);
	printk("\n");
	va_end(arguments);
}

/* ---- heaps: a memory that does not grow, in units of 8 bytes, first fit (heap: CHUNK_UNIT) ---- */

struct block {
	uint32_t size; /* bytes of it, header included */
	uint32_t used;
};

struct heap {
	struct block *first; /* set up at the first use; 0 in the image (struct sys_heap) */
	void *memory;
	size_t bytes;
};

/* struct k_heap: a sys_heap, the list of threads that wait for it, a lock that takes no memory */
struct k_heap {
	struct heap heap;
	uint32_t waiting[2];
};

static char system_memory[1024] __attribute__((aligned(8)));
static char llext_memory[LLEXT_HEAP_KB * 1024] __attribute__((aligned(8)));
/* K_HEAP_DEFINE puts them side by side, sorted by name */
__attribute__((section(".k_heap.1"), used)) struct k_heap _system_heap = {
	{0, system_memory, sizeof system_memory}, {0, 0}};
__attribute__((section(".k_heap.2"), used)) struct k_heap llext_heap = {
	{0, llext_memory, sizeof llext_memory}, {0, 0}};

static struct block *after(struct block *block)
{
	return (struct block *)((char *)block + block->size);
}

static struct block *end_of(struct heap *heap)
{
	return (struct block *)((char *)heap->memory + heap->bytes);
}

static void *heap_alloc(struct heap *heap, size_t alignment, size_t bytes)
{
	if (!heap->first) {
		heap->first = heap->memory;
		*heap->first = (struct block){heap->bytes, 0};
	}
	if (!bytes || bytes > heap->bytes)
		return 0; /* heap: nothing is given for 0 bytes */
	uint32_t need = (bytes + sizeof(struct block) + 7) & ~7u;
	for (struct block *block = heap->first; block < end_of(heap); block = after(block)) {
		if (block->used)
			continue;
		while (after(block) < end_of(heap) && !after(block)->used)
			block->size += after(block)->size;
		uintptr_t at = (uintptr_t)block + sizeof(struct block);
		uint32_t skip = -at & (alignment - 1);
		if (block->size < skip + need)
			continue;
		if (skip) {
			struct block *rest = (struct block *)((char *)block + skip);
			*rest = (struct block){block->size - skip, 0};
			block->size = skip;
			block = rest;
		}
		if (block->size - need >= 2 * sizeof(struct block)) {
			struct block *rest = (struct block *)((char *)block + need);
			*rest = (struct block){block->size - need, 0};
			block->size = need;
		}
		block->used = 1;
		return block + 1;
	}
	return 0;
}

static void heap_free(void *memory)
{
	if (memory)
		((struct block *)memory - 1)->used = 0;
}

extern char heap_start, heap_end;
static struct heap c_heap;

void *malloc(size_t bytes)
{
	if (!c_heap.memory) {
		c_heap.memory = &heap_start;
		c_heap.bytes = (size_t)(&heap_end - &heap_start) & ~7u;
	}
	return heap_alloc(&c_heap, 8, bytes);
}

void free(void *memory)
{
	heap_free(memory);
}

void *calloc(size_t count, size_t size)
{
	void *memory = malloc(count * size);
	return memory ? memset(memory, 0, count * size) : 0;
}

void *realloc(void *memory, size_t bytes)
{
	if (!memory)
		return malloc(bytes);
	size_t before = ((struct block *)memory - 1)->size - sizeof(struct block);
	if (bytes <= before)
		return memory;
	void *moved = malloc(bytes);
	if (moved) {
		memcpy(moved, memory, before);
		free(memory);
	}
	return moved;
}

/* ---- time: TIMER1 counts microseconds (Product Specification v1.7, section 6.30) ---- */

#define TIMER(offset) (*(volatile uint32_t *)(0x40009000 + (offset)))

uint32_t loader_micros(void)
{
	TIMER(0x040) = 1; /* CAPTURE[0] */
	return TIMER(0x540);
}

/* ---- what sketches may use: pairs of name and address, sorted by name (llext: struct llext_const_symbol) ---- */

void not_built_in(void) __attribute__((weak)); /* as a driver that the configuration left out */

struct symbol {
	const char *name;
	const void *address;
};
#define EXPORT(name) {#name, (const void *)name}
__attribute__((used)) static const struct symbol exports[] = {
	EXPORT(calloc), EXPORT(free),         EXPORT(loader_micros), EXPORT(malloc),     EXPORT(memcpy), EXPORT(memset),
	EXPORT(not_built_in), EXPORT(printk), EXPORT(realloc),       EXPORT(strcmp),     EXPORT(strlen), EXPORT(uart_write),
};

static uintptr_t exported(const char *name)
{
	for (size_t i = 0; i < sizeof exports / sizeof *exports; i++)
		if (!strcmp(exports[i].name, name))
			return (uintptr_t)exports[i].address;
	return 0;
}

/* ---- llext: the sketch's regions are copied into a heap, then relocated ---- */

struct elf_header {
	uint8_t ident[16];
	uint16_t type, machine;
	uint32_t version, entry, phoff, shoff, flags;
	uint16_t ehsize, phentsize, phnum, shentsize, shnum, shstrndx;
};
struct elf_section {
	uint32_t name, type, flags, addr, offset, size, link, info, addralign, entsize;
};
struct elf_symbol {
	uint32_t name, value, size;
	uint8_t info, other;
	uint16_t shndx;
};
struct elf_rel {
	uint32_t offset, info;
};
enum { PROGBITS = 1, SYMTAB = 2, STRTAB = 3, NOBITS = 8, REL = 9, INIT_ARRAY = 14, FINI_ARRAY = 15, PREINIT_ARRAY = 16 };

/* llext: enum llext_mem */
enum region { TEXT, DATA, RODATA, BSS, EXPORTS, SYMBOLS, STRINGS, NAMES, PREINIT, INIT, FINI, REGIONS };

/* llext: include/zephyr/llext/llext.h, commit 0123260; what follows the regions is this loader's own */
struct llext {
	struct llext *llext_list;
	char name[16];
	uint8_t *mem[REGIONS];
	const uint8_t *file;
	const struct elf_header *header;
	const struct elf_section *sections;
	struct elf_section regions[REGIONS];
	struct {
		uint32_t region, offset;
	} *map;
};
static struct llext sketch;
struct {
	struct llext *head, *tail;
} llext_list;

static const char *section_name(const struct elf_section *section)
{
	return (const char *)sketch.file + sketch.regions[NAMES].offset + section->name;
}

static enum region region_of(const struct elf_section *section)
{
	/* llext_map_sections */
	if (!strcmp(section_name(section), ".exported_sym"))
		return EXPORTS;
	switch (section->type) {
	case NOBITS:
		return BSS;
	case PROGBITS:
		return section->flags & 4 ? TEXT : section->flags & 1 ? DATA : RODATA;
	case PREINIT_ARRAY:
		return PREINIT;
	case INIT_ARRAY:
		return INIT;
	case FINI_ARRAY:
		return FINI;
	default:
		return REGIONS;
	}
}

static int copy_region(int region)
{
	const struct elf_section *from = &sketch.regions[region];
	if (!from->size || sketch.mem[region])
		return 0;
	/* llext_copy_section, without CONFIG_ARM_MPU: LLEXT_PAGE_SIZE is 32 */
	uint32_t bytes = (from->size + 31) & ~31u;
	uint8_t *memory = heap_alloc(&llext_heap.heap, 32, bytes);
	if (!memory) {
		log_error("Failed allocating %d bytes %d-aligned for region %d", bytes, 32, region);
		return -ENOMEM;
	}
	if (from->type == NOBITS)
		memset(memory, 0, from->size);
	else
		memcpy(memory, sketch.file + from->offset, from->size);
	sketch.mem[region] = memory;
	return 0;
}

static int map_sections(void)
{
	for (int i = 0; i < sketch.header->shnum; i++) {
		const struct elf_section *section = &sketch.sections[i];
		enum region region = region_of(section);
		if (region == REGIONS || !(section->flags & 2) || !section->size)
			continue;
		struct elf_section *whole = &sketch.regions[region];
		sketch.map[i].region = region;
		if (!whole->type) {
			*whole = *section;
			continue;
		}
		if (region == BSS) {
			log_error("Multiple SHT_NOBITS sections are not supported");
			return -ENOTSUP;
		}
		uint32_t top = whole->offset + whole->size, end = section->offset + section->size;
		uint32_t low = whole->offset < section->offset ? whole->offset : section->offset;
		whole->offset = low;
		whole->size = (top > end ? top : end) - low;
	}
	for (int i = 0; i < sketch.header->shnum; i++)
		if (sketch.map[i].region < REGIONS)
			sketch.map[i].offset = sketch.sections[i].offset - sketch.regions[sketch.map[i].region].offset;
	return 0;
}

static int relocate(const struct elf_section *table)
{
	const struct elf_section *target = &sketch.sections[table->info];
	uint32_t region = sketch.map[table->info].region;
	if (!(target->flags & 2))
		return 0; /* llext_link: debug information is not loaded */
	if (region >= REGIONS) {
		log_error("Section %d not loaded in any memory region", table->info);
		return -ENOEXEC;
	}
	uint8_t *base = sketch.mem[region] + sketch.map[table->info].offset;
	const struct elf_symbol *symbols = (const void *)(sketch.file + sketch.regions[SYMBOLS].offset);
	const struct elf_rel *entries = (const void *)(sketch.file + table->offset);
	for (uint32_t i = 0; i < table->size / sizeof *entries; i++) {
		const struct elf_symbol *symbol = &symbols[entries[i].info >> 8];
		const char *name = (const char *)sketch.mem[STRINGS] + symbol->name;
		uint32_t type = entries[i].info & 255, address;
		if (type == 0)
			continue;
		if (symbol->shndx == 0) {
			address = exported(name);
			if (!address) {
				log_error("Undefined symbol with no entry in symbol table %s, offset %d, link section %d",
					  name, entries[i].offset, table->link);
				return -ENODATA;
			}
		} else if (symbol->shndx == 0xfff1) {
			address = symbol->value;
		} else if (symbol->shndx < sketch.header->shnum && sketch.map[symbol->shndx].region < REGIONS) {
			address = (uintptr_t)sketch.mem[sketch.map[symbol->shndx].region] +
				  sketch.map[symbol->shndx].offset + symbol->value;
		} else {
			log_error("cannot apply relocation: target symbol has unexpected section index %d (%x)",
				  symbol->shndx, symbol->shndx);
			return -ENOEXEC;
		}
		if (type != 2 && type != 38) { /* R_ARM_ABS32, R_ARM_TARGET1: all that -mlong-calls leaves */
			log_error("unknown relocation: %d", type);
			return -ENOEXEC;
		}
		*(uint32_t *)(base + entries[i].offset) += address;
	}
	return 0;
}

static int llext_load(const uint8_t *file, size_t size, void (**entry)(void))
{
	int rc;
	sketch.file = file;
	sketch.header = (const void *)file;
	if (size < sizeof *sketch.header || file[0] != 0x7f || file[1] != 'E' || file[2] != 'L' || file[3] != 'F') {
		log_error("Failed to load basic ELF data, ret %d", -ENOEXEC);
		return -ENOEXEC;
	}
	if (sketch.header->type != 1) {
		log_error("Unsupported ELF file type %x", sketch.header->type);
		return -ENOEXEC;
	}
	sketch.sections = (const void *)(file + sketch.header->shoff);
	sketch.map = heap_alloc(&llext_heap.heap, 8, sketch.header->shnum * sizeof *sketch.map);
	if (!sketch.map) {
		log_error("Failed to allocate section map, size %d", sketch.header->shnum * sizeof *sketch.map);
		return -ENOMEM;
	}
	for (int i = 0; i < sketch.header->shnum; i++)
		sketch.map[i].region = REGIONS;
	for (int i = 0; i < sketch.header->shnum; i++) {
		if (sketch.sections[i].type == SYMTAB) {
			sketch.regions[SYMBOLS] = sketch.sections[i];
			sketch.regions[STRINGS] = sketch.sections[sketch.sections[i].link];
		}
	}
	sketch.regions[NAMES] = sketch.sections[sketch.header->shstrndx];
	/* llext_copy_strings, llext_map_sections, llext_copy_regions, in this order */
	if ((rc = copy_region(NAMES)) || (rc = copy_region(STRINGS)) || (rc = map_sections()))
		return rc;
	for (int region = 0; region < REGIONS; region++) {
		if ((rc = copy_region(region))) {
			log_error("Failed to copy regions, ret %d", rc);
			return rc;
		}
	}
	for (int i = 0; i < sketch.header->shnum; i++)
		if (sketch.sections[i].type == REL && (rc = relocate(&sketch.sections[i])))
			return rc;
	const struct symbol *own = (const void *)sketch.mem[EXPORTS];
	*entry = 0;
	for (uint32_t i = 0; i < sketch.regions[EXPORTS].size / sizeof *own; i++)
		if (!strcmp(own[i].name, "main"))
			*entry = (void (*)(void))own[i].address;
	/* llext_load frees what only loading needed, and lists what it has loaded */
	heap_free(sketch.map);
	llext_list.head = llext_list.tail = &sketch;
	return 0;
}

/* ---- core: loader() ---- */

static int start_sketch(void)
{
	const uint8_t *base = (const uint8_t *)SKETCH_BASE, *file = base;
	uint32_t size;
	int linked = 0, rc;
#ifdef HEADER_V0
	/* core 00ec495: decimal size, NUL, debug flag */
	if (!base[0] || base[0] == 0xff) {
		printk("No sketch found\n");
		return -ENOENT;
	}
	for (size = 0; *file >= '0' && *file <= '9'; file++)
		size = 10 * size + (*file - '0');
	if (file == base) {
		printk("Failed to parse sketch size\n");
		return -EINVAL;
	}
	file = base + 16;
#else
	/* core 0709037: struct sketch_header_v1 */
	if (base[7] != 1 || (base[12] | base[13] << 8) != 0x2341) {
		printk("Invalid sketch header\n");
		return -EINVAL;
	}
	size = base[8] | base[9] << 8 | base[10] << 16 | (uint32_t)base[11] << 24;
	linked = base[14] & 2;
#endif
	if (linked) {
		void (*entry)(struct k_heap *, size_t) = (void (*)(struct k_heap *, size_t))(SKETCH_BASE + 16 + 1);
		entry(&llext_heap, llext_heap.heap.bytes);
		return 0;
	}
	void (*main_fn)(void);
	rc = llext_load(file, size, &main_fn);
	if (rc) {
		printk("Failed to load sketch, rc %d\n", rc);
		return rc;
	}
	if (!main_fn) {
		printk("Failed to find main function\n");
		return -ENOENT;
	}
	/* llext_bootstrap: constructors, main, destructors */
	void (**functions)(void) = (void (**)(void))sketch.mem[INIT];
	for (uint32_t i = 0; i < sketch.regions[INIT].size / 4; i++)
		functions[i]();
	main_fn();
	return 0;
}

/* ---- start-up: the sketch runs in thread mode, on the main thread's stack ---- */

char z_main_stack[4096] __attribute__((aligned(8)));

/* include/zephyr/kernel_structs.h and include/zephyr/kernel/thread.h, zephyr commit 0202bd8: the members that
 * are read, in a form of this loader's own; there is one thread */
struct _thread_stack_info {
	uintptr_t start;
	size_t size;
};
struct k_thread {
	uint32_t state;
	struct _thread_stack_info stack_info;
	char name[32];
};
struct _cpu {
	uint32_t nested;
	struct k_thread *current;
};
struct z_kernel {
	struct _cpu cpus[1];
};
static struct k_thread main_record = {1, {(uintptr_t)z_main_stack, sizeof z_main_stack}, "main"};
struct z_kernel _kernel;

static char interrupt_stack[1024] __attribute__((aligned(8)));
extern char data_start, data_end, data_load, bss_start, bss_end;

__attribute__((used)) static void main_thread(void)
{
	UARTE(0x50c) = 1 << 5 | 3; /* PSEL.TXD: P1.03 */
	UARTE(0x524) = 0x01d60000;  /* 115,200 baud */
	UARTE(0x500) = 8;
	TIMER(0x508) = 3; /* BITMODE: 32 bits */
	TIMER(0x510) = 4; /* PRESCALER: 1 MHz */
	TIMER(0x000) = 1;
	start_sketch();
	for (;;)
		__asm volatile("wfi");
}

void reset_handler(void)
{
	*(volatile uint32_t *)0xE000ED88 |= 0xF00000; /* CPACR: the FPU is on */
	__asm volatile("dsb; isb");
	memcpy(&data_start, &data_load, &data_end - &data_start);
	memset(&bss_start, 0, &bss_end - &bss_start);
	_kernel.cpus[0].current = &main_record;
	__asm volatile("msr psp, %0; mrs r1, control; orr r1, #2; msr control, r1; isb; b main_thread" ::"r"(
			       z_main_stack + sizeof z_main_stack)
		       : "r1");
}

static void halt(void)
{
	for (;;)
		;
}

__attribute__((section(".vectors"), used)) static const void *const vectors[16] = {
	interrupt_stack + sizeof interrupt_stack, reset_handler, halt, halt, halt, halt, halt, 0, 0, 0, 0, halt, halt, 0, halt, halt,
};
