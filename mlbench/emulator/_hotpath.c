/* The emulator's hot path: called by Unicorn at the start of every block.
 *
 * Written against Unicorn's stable C interface only (uc_emu_stop and uc_reg_read, handed in as
 * pointers), so that neither Unicorn's nor Python's headers are needed to build it. The structures
 * mirror the ctypes ones in hot_native.py; hot_python.py holds the same function in Python, and the
 * tests hold the two together.
 */
#include <stddef.h>
#include <stdint.h>

/* Raise with any change of the structures or of the meaning of what is in them; hot_native.py has it too. */
#define ABI 3

enum { BREAK = 1, SELF = 2, STRADDLES = 4, UNMASKS = 8, MOVES_SP = 16, FROM_REGISTER = 32,
       SENDS_EVENT = 64 };
enum { NONE = 0, EVENT = 1, UNKNOWN = 2, BREAKPOINT = 3, SELF_LOOP = 4, ATTENTION = 5 };

typedef struct {
    uint32_t address, size, instructions, cycles, flags, depth;
    uint32_t accesses, early, late, unseen;
} block_t;

/* A read at base + (scaled << shift) + offset; registers by number, -1 for none. */
typedef struct {
    int8_t base, scaled;
    uint8_t shift, words;
    uint32_t offset;
} access_t;

typedef struct {
    uint64_t cycles, instructions, placement, event_at, flash_reads, unseen_loads;
    block_t *table;
    access_t *accesses;
    const uint32_t *registers; /* the CPU's own; null where they could not be found */
    uint64_t mask;
    void *uc;
    int (*emu_stop)(void *uc);
    int (*reg_read)(void *uc, int reg, void *value);
    int32_t first_register, high_registers[3];
    uint32_t taken, taken_register, straddle, miss, cache_on, line_bits, set_mask;
    uint32_t flash_end, read_new, read_same, data_line, halves, late_access, late_count;
    uint32_t expected, last_flags;
    uint32_t resumed, attention, unmask_attention, event_register, low_sp;
    uint32_t reason, where, where_size;
    uint32_t tags[2 * 256];
    uint8_t newest[256];
} hot_t;

#if defined(_WIN32)
#define EXPORT __declspec(dllexport)
#else
#define EXPORT __attribute__((visibility("default")))
#endif

/* Held against hot_native.py's ideas before the library is used. */
EXPORT const uint32_t mlbench_hot_abi[3] = {ABI, sizeof(hot_t), offsetof(hot_t, tags)};

static void stop(hot_t *hot, uint32_t reason, uint32_t address, uint32_t size)
{
    hot->reason = reason;
    hot->where = address;
    hot->where_size = size;
    hot->emu_stop(hot->uc);
}

static uint32_t fetch(hot_t *hot, uint32_t address, uint32_t size)
{
    uint32_t misses = 0;
    uint32_t last = (address + size - 1) >> hot->line_bits;
    for (uint32_t line = address >> hot->line_bits; line <= last; line++) {
        uint32_t set = line & hot->set_mask;
        uint32_t *ways = hot->tags + 2 * set;
        if (ways[0] == line) {
            hot->newest[set] = 0;
        } else if (ways[1] == line) {
            hot->newest[set] = 1;
        } else {
            uint8_t way = hot->newest[set] ^ 1;
            ways[way] = line;
            hot->newest[set] = way;
            misses++;
        }
    }
    return misses;
}

static uint32_t reg(const hot_t *hot, int number)
{
    uint32_t value = 0;
    if (hot->registers)
        return hot->registers[number];
    hot->reg_read(hot->uc, number < 13 ? hot->first_register + number : hot->high_registers[number - 13], &value);
    return value;
}

/* Price reads of flash. Costs are in half cycles. */
static void read_flash(hot_t *hot, uint32_t first, uint32_t count)
{
    const access_t *access = hot->accesses + first;
    for (; count; count--, access++) {
        uint32_t address = access->offset, words = access->words;
        if (access->base >= 0)
            address += reg(hot, access->base);
        if (access->scaled >= 0)
            address += reg(hot, access->scaled) << access->shift;
        for (; words && address < hot->flash_end; words--, address += 4) {
            uint32_t line = address >> hot->line_bits;
            hot->halves += line == hot->data_line ? hot->read_same : hot->read_new;
            hot->data_line = line;
            hot->flash_reads++;
        }
    }
    hot->cycles += hot->halves >> 1;
    hot->halves &= 1;
}

EXPORT void mlbench_block(void *uc, uint64_t address64, uint32_t size, void *user)
{
    hot_t *hot = user;
    uint32_t address = (uint32_t)address64;
    block_t *block = hot->table + (((address >> 1) * 2654435769u >> 7) & hot->mask);
    uint32_t low;
    (void)uc;

    if (hot->reason)
        return; /* stopped already: this call is the stop's own echo */
    if (hot->late_count) {
        read_flash(hot, hot->late_access, hot->late_count);
        hot->late_count = 0;
    }
    if (hot->cycles >= hot->event_at) {
        stop(hot, EVENT, address, size);
        return;
    }
    if (hot->attention || (hot->unmask_attention && (hot->last_flags & UNMASKS))) {
        stop(hot, ATTENTION, address, size);
        return;
    }
    while (block->address != address || block->size != size) {
        if (!block->size) {
            stop(hot, UNKNOWN, address, size);
            return;
        }
        if (++block == hot->table + hot->mask + 1)
            block = hot->table;
    }
    if ((block->flags & BREAK) && !hot->resumed) {
        stop(hot, BREAKPOINT, address, size);
        return;
    }
    if (block->flags & SELF) {
        stop(hot, SELF_LOOP, address, size);
        return;
    }
    hot->resumed = 0;
    if (block->flags & SENDS_EVENT)
        hot->event_register = 1;

    if (block->depth || (hot->last_flags & MOVES_SP)) {
        low = reg(hot, 13) - block->depth;
        if (low < hot->low_sp)
            hot->low_sp = low;
    }
    if (address != hot->expected) {
        hot->cycles += hot->taken;
        if (hot->last_flags & FROM_REGISTER)
            hot->cycles += hot->taken_register;
        if (block->flags & STRADDLES) {
            hot->cycles += hot->straddle;
            hot->placement += hot->straddle;
        }
    }
    if (hot->cache_on) {
        uint32_t lost = fetch(hot, address, size) * hot->miss;
        hot->cycles += lost;
        hot->placement += lost;
    }
    hot->cycles += block->cycles;
    hot->instructions += block->instructions;
    hot->unseen_loads += block->unseen;
    if (block->early)
        read_flash(hot, block->accesses, block->early);
    hot->late_access = block->accesses + block->early;
    hot->late_count = block->late;
    hot->expected = address + size;
    hot->last_flags = block->flags;
}
