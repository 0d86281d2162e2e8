/* The emulator's hot path: called by Unicorn at the start of every block.
 *
 * Written against Unicorn's stable C interface only (uc_emu_stop and uc_reg_read, handed in as
 * pointers), so that neither Unicorn's nor Python's headers are needed to build it. The structures
 * mirror the ctypes ones in hook_records.py; hook_python.py holds the same function in Python, and the
 * tests hold the two together.
 */
#include <stddef.h>
#include <stdint.h>

/* Raise with any change of the structures or of the meaning of what is in them; hook_records.py has it too. */
#define ABI 10

enum { BREAK = 1, SELF = 2, STRADDLES = 4, UNMASKS = 8, MOVES_SP = 16, SENDS_EVENT = 64 };
enum { NONE = 0, EVENT = 1, UNKNOWN = 2, BREAKPOINT = 3, SELF_LOOP = 4, ATTENTION = 5 };

/* What to do with the sum of an access. The last two are reads of one word by the CPU's registers alone,
 * which nearly all are: the first has one register, the second two. */
enum { READ = 0, FETCH = 1, DIVIDEND = 2, SIGNED_DIVIDEND = 3, OPERAND = 4, SUBTRACT = 5, MULTIPLY = 6,
       AND = 7, RIGHT = 8, RIGHT_SIGNED = 9, EXTEND = 10, BY_ONE = 16, BY_TWO = 17 };

#define SLOTS 16 /* numbers of registers from here on are slots */
#define MEMORIES 4
#define MAX_LINES 512 /* of the instruction cache */
#define PLACES 0x20000

typedef struct {
    uint32_t address, size, instructions, cycles, flags, depth, taken;
    uint32_t accesses, early, late, unseen, quick;
} block_t;

/* base + (scaled << shift) + offset; registers and slots by number, -1 for none. */
typedef struct {
    int8_t base, scaled;
    uint8_t shift, words;
    uint32_t offset;
    uint8_t kind, width, is_signed;
    int8_t slot;
} access_t;

/* Plain memory of the firmware, as the host sees it. */
typedef struct {
    const uint8_t *data;
    uint32_t start, size;
} memory_t;

typedef struct {
    uint64_t cycles, instructions, placement, event_at, flash_reads, unseen_loads;
    uint64_t round; /* address and size of a plain loop's block, to go round again at once; 0: none */
    block_t *table, *last_block;
    access_t *accesses;
    const uint32_t *registers; /* the CPU's own; null where they could not be found */
    uint64_t mask;
    void *uc;
    int (*emu_stop)(void *uc);
    int (*reg_read)(void *uc, int reg, void *value);
    memory_t memories[MEMORIES];
    int32_t first_register, high_registers[3];
    uint32_t straddle, miss, uncached, cache_on, line_bits, set_mask;
    uint32_t flash_start, flash_size, read_new, read_same, unaligned, data_line, fetch_line, halves;
    uint32_t late_access, late_count;
    uint32_t expected, current, last_flags, last_taken, looping, loop_placement;
    uint32_t resumed, attention, unmask_attention, event_register, low_sp;
    uint32_t reason, where, where_size;
    uint32_t slots[16];
    uint8_t divide[36]; /* cycles by the bits of the quotient */
    uint32_t tags[MAX_LINES];
    uint8_t newest[MAX_LINES / 2];
    /* A fully associative cache of as many lines, least recently used out first: what misses above and would not
     * here is a conflict of places. A ring of its lines from the newest to the oldest; the entry after the last
     * line is where it begins and ends. */
    uint16_t *ring_at; /* by `place`, where in the ring a line may be; the host's, PLACES of them */
    uint32_t ring_lines[MAX_LINES];
    uint16_t older[MAX_LINES + 1], newer[MAX_LINES + 1];
} hot_t;

#if defined(__GNUC__)
#define NOINLINE __attribute__((noinline))
#else
#define NOINLINE
#endif

#if defined(_WIN32)
#define EXPORT __declspec(dllexport)
#else
#define EXPORT __attribute__((visibility("default")))
#endif

/* Held against hook_records.py's ideas before the library is used. */
EXPORT const uint32_t mlbench_hot_abi[3] = {ABI, sizeof(hot_t), offsetof(hot_t, tags)};

static void stop(hot_t *hot, uint32_t reason, uint32_t address, uint32_t size)
{
    hot->round = 0;
    hot->reason = reason;
    hot->where = address;
    hot->where_size = size;
    hot->emu_stop(hot->uc);
}

/* A number for a line: each line of a chip's memories has its own, or the host takes the hot path in Python. */
static inline uint32_t place(uint32_t line)
{
    return (line ^ line >> 9) & (PLACES - 1);
}

/* Make a line the newest of the fully associative cache; whether it was there. */
static inline uint32_t recall(hot_t *hot, uint32_t line)
{
    uint16_t *older = hot->older, *newer = hot->newer, *at = hot->ring_at + place(line);
    uint32_t ends = 2 * (hot->set_mask + 1), n = older[ends], was = hot->ring_lines[n] == line;
    if (was)
        return 1;
    n = *at;
    was = n < ends && hot->ring_lines[n] == line;
    if (!was) {
        n = newer[ends];
        uint16_t *last = hot->ring_at + place(hot->ring_lines[n]);
        if (*last == n)
            *last = MAX_LINES;
        hot->ring_lines[n] = line;
        *at = n;
    }
    older[newer[n]] = older[n];
    newer[older[n]] = newer[n];
    older[n] = older[ends];
    newer[n] = ends;
    newer[older[ends]] = n;
    older[ends] = n;
    return was;
}

/* Fetch the lines of a block; how many were not in the cache. `conflicts`: of these, for their place alone. */
static uint32_t fetch(hot_t *hot, uint32_t address, uint32_t size, uint32_t *conflicts)
{
    uint32_t misses = 0;
    uint32_t last = (address + size - 1) >> hot->line_bits;
    for (uint32_t line = address >> hot->line_bits; line <= last; line++) {
        uint32_t set = line & hot->set_mask, known = recall(hot, line);
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
            *conflicts += known;
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

/* The lowest bytes of a value, with or without sign. */
static uint32_t extended(uint32_t value, const access_t *access)
{
    if (access->width == 1)
        return access->is_signed ? (uint32_t)(int8_t)value : (uint8_t)value;
    if (access->width == 2)
        return access->is_signed ? (uint32_t)(int16_t)value : (uint16_t)value;
    return value;
}

static uint32_t computed(uint32_t kind, uint32_t a, uint32_t b)
{
    switch (kind) {
    case SUBTRACT:
        return a - b;
    case MULTIPLY:
        return a * b;
    case AND:
        return a & b;
    case RIGHT:
        return a >> b;
    default:
        return a & 0x80000000u ? ~(~a >> b) : a >> b;
    }
}

/* What memory holds; all ones outside of it, where nothing is that would be priced. */
static uint32_t peek(const hot_t *hot, uint32_t address, const access_t *access)
{
    for (int n = 0; n < MEMORIES; n++) {
        const memory_t *memory = hot->memories + n;
        uint32_t offset = address - memory->start;
        if (offset < memory->size && memory->size - offset >= access->width) {
            const uint8_t *at = memory->data + offset;
            uint32_t value = at[0];
            if (access->width > 1)
                value |= (uint32_t)at[1] << 8;
            if (access->width > 2)
                value |= (uint32_t)at[2] << 16 | (uint32_t)at[3] << 24;
            return extended(value, access);
        }
    }
    return 0xffffffffu;
}

/* The registers, and the slots that are numbered after them. */
typedef struct {
    const uint32_t *of[2];
} values_t;

static inline uint32_t sum(const values_t *values, const access_t *access)
{
    uint32_t value = access->offset;
    if (access->base >= 0)
        value += values->of[access->base / SLOTS][access->base % SLOTS];
    if (access->scaled >= 0)
        value += values->of[access->scaled / SLOTS][access->scaled % SLOTS] << access->shift;
    return value;
}

static int bits(uint32_t value)
{
    int count = 0;
    for (; value; value >>= 1)
        count++;
    return count;
}

/* Bits of a quotient, from the leading zeros of both operands; 0 where it is 0. */
static int quotient_bits(uint32_t dividend, uint32_t divisor, int is_signed)
{
    if (is_signed && dividend & 0x80000000u)
        dividend = 0u - dividend;
    if (is_signed && divisor & 0x80000000u)
        divisor = 0u - divisor;
    if (!divisor || dividend < divisor)
        return 0;
    return bits(dividend) - bits(divisor) + 1;
}

/* Price what depends on registers. Costs of reads are in half cycles. */
static void price(hot_t *hot, uint32_t first, uint32_t count)
{
    const access_t *access = hot->accesses + first, *end = access + count;
    /* Kept out of memory: a store to `hot` might otherwise change what was read from it. */
    uint64_t cycles = hot->cycles;
    uint32_t halves = hot->halves, data_line = hot->data_line, reads = 0;
    const uint32_t flash_start = hot->flash_start, flash_size = hot->flash_size, line_bits = hot->line_bits;
    uint32_t copies[16];
    values_t values = {{hot->registers, hot->slots}};
    if (!hot->registers) {
        for (int number = 0; number < 16; number++)
            copies[number] = reg(hot, number);
        values.of[0] = copies;
    }
    for (; access != end; access++) {
        uint32_t value = sum(&values, access), kind = access->kind;
        if (kind == READ || kind >= BY_ONE) {
            uint32_t address = value, words = access->words;
            if (value & (uint32_t)(access->width - 1))
                cycles += access->width == 4 && value & 1 ? 2 * hot->unaligned : hot->unaligned;
            for (; address - flash_start < flash_size && words; words--, address += 4) {
                uint32_t line = address >> line_bits;
                halves += line == data_line ? hot->read_same : hot->read_new;
                data_line = line;
                reads++;
            }
        } else if (kind == FETCH) {
            hot->slots[access->slot] = peek(hot, value, access);
        } else if (kind == EXTEND) {
            hot->slots[access->slot] = extended(value, access);
        } else {
            const access_t *result = access++;
            uint32_t operand = sum(&values, access);
            if (kind == DIVIDEND || kind == SIGNED_DIVIDEND)
                cycles += hot->divide[quotient_bits(value, operand, kind == SIGNED_DIVIDEND)];
            else
                hot->slots[result->slot] = computed(kind, value, operand);
        }
    }
    hot->cycles = cycles + (halves >> 1);
    if (reads) {
        hot->halves = halves & 1;
        hot->data_line = data_line;
        hot->flash_reads += reads;
    }
}

/* The same for reads of one word by the CPU's registers alone: what loops are made of. */
static inline void price_quickly(hot_t *hot, const access_t *access, uint32_t count)
{
    const uint32_t *registers = hot->registers;
    for (; count; count--, access++) {
        uint32_t address = registers[access->base] + access->offset;
        if (access->kind == BY_TWO)
            address += registers[access->scaled] << access->shift;
        if (address & (uint32_t)(access->width - 1))
            hot->cycles += access->width == 4 && address & 1 ? 2 * hot->unaligned : hot->unaligned;
        if (address - hot->flash_start < hot->flash_size) {
            uint32_t line = address >> hot->line_bits;
            uint32_t halves = hot->halves + (line == hot->data_line ? hot->read_same : hot->read_new);
            hot->data_line = line;
            hot->flash_reads++;
            hot->cycles += halves >> 1;
            hot->halves = halves & 1;
        }
    }
}

/* What seldom has to be done before a block; whether it must not run. */
static int before(hot_t *hot, uint32_t address, uint32_t size)
{
    if (hot->reason)
        return 1; /* stopped already: this call is the stop's own echo */
    if (hot->late_count) {
        price(hot, hot->late_access, hot->late_count);
        hot->late_count = 0;
    }
    if (hot->cycles >= hot->event_at) {
        stop(hot, EVENT, address, size);
        return 1;
    }
    if (hot->attention || (hot->unmask_attention && (hot->last_flags & UNMASKS))) {
        stop(hot, ATTENTION, address, size);
        return 1;
    }
    return 0;
}

static NOINLINE void whole_block(hot_t *hot, uint32_t address, uint32_t size)
{
    block_t *block = hot->last_block;
    uint32_t low;
    int again = block && block->address == address && block->size == size;

    if ((hot->reason | hot->late_count | hot->attention | hot->unmask_attention) && before(hot, address, size))
        return;
    if (hot->cycles >= hot->event_at) {
        stop(hot, EVENT, address, size);
        return;
    }
    if (!again) {
        block = hot->table + (((address >> 1) * 2654435769u >> 7) & hot->mask);
        while (block->address != address || block->size != size) {
            if (!block->size) {
                stop(hot, UNKNOWN, address, size);
                return;
            }
            if (++block == hot->table + hot->mask + 1)
                block = hot->table;
        }
    }
    if (block->flags & (BREAK | SELF | SENDS_EVENT)) {
        if ((block->flags & BREAK) && !hot->resumed) {
            stop(hot, BREAKPOINT, address, size);
            return;
        }
        if (block->flags & SELF) {
            stop(hot, SELF_LOOP, address, size);
            return;
        }
        if (block->flags & SENDS_EVENT)
            hot->event_register = 1;
    }
    hot->resumed = 0;

    if (block->depth || (hot->last_flags & MOVES_SP)) {
        low = reg(hot, 13) - block->depth;
        if (low < hot->low_sp)
            hot->low_sp = low;
    }
    if (address != hot->expected) {
        hot->cycles += hot->last_taken;
        if (block->flags & STRADDLES) {
            hot->cycles += hot->straddle;
            hot->placement += hot->straddle;
        }
    }
    if (hot->cache_on) {
        /* A loop's lines are held: nothing else has been fetched since they were. Longer blocks than a way
         * of the cache may throw out their own. */
        if (!again || size > (hot->set_mask + 1) << hot->line_bits) {
            uint32_t conflicts = 0;
            hot->cycles += fetch(hot, address, size, &conflicts) * hot->miss;
            hot->placement += conflicts * hot->miss;
        }
    } else {
        uint32_t line = address >> hot->line_bits, last = (address + size - 1) >> hot->line_bits;
        hot->cycles += (last - line + (line != hot->fetch_line)) * hot->uncached;
        hot->fetch_line = last;
    }
    hot->cycles += block->cycles;
    hot->instructions += block->instructions;
    hot->unseen_loads += block->unseen;
    if (block->early) {
        if (block->quick && hot->registers)
            price_quickly(hot, hot->accesses + block->accesses, block->early);
        else
            price(hot, block->accesses, block->early);
    }
    hot->late_access = block->accesses + block->early;
    hot->late_count = block->late;
    hot->last_block = block;
    hot->current = address;
    hot->expected = address + size;
    hot->last_flags = block->flags;
    hot->last_taken = block->taken;
    /* What another round costs, where it is plain; 0: it is not. A block that follows itself was branched to. */
    hot->loop_placement = block->flags & STRADDLES ? hot->straddle : 0;
    hot->looping = 0;
    hot->round = 0;
    if (!(block->depth | block->late | block->unseen) && (!block->early || (block->quick && hot->registers))
        && size <= (hot->set_mask + 1) << hot->line_bits)
        hot->looping = block->cycles + block->taken + hot->loop_placement;
    /* The host sets it to 0 with whatever it changes, so that one look tells that nothing came between. */
    if (hot->looping && hot->cache_on && !(block->flags & ~(uint32_t)STRADDLES)
        && !(hot->reason | hot->late_count | hot->attention | hot->unmask_attention))
        hot->round = (uint64_t)address << 32 | size;
}

EXPORT void mlbench_block(void *uc, uint64_t address64, uint32_t size, void *user)
{
    hot_t *hot = user;
    uint32_t address = (uint32_t)address64;
    (void)uc;

    /* Another round of a plain loop, that nothing came between: most blocks are. Apart from the rest, which
     * needs more of the host's registers. */
    if (((uint64_t)address << 32 | size) == hot->round && hot->cycles < hot->event_at) {
        const block_t *block = hot->last_block;
        hot->cycles += hot->looping;
        hot->placement += hot->loop_placement;
        hot->instructions += block->instructions;
        if (block->early)
            price_quickly(hot, hot->accesses + block->accesses, block->early);
        return;
    }
    whole_block(hot, address, size);
}
