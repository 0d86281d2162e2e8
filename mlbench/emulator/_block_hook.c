/* The emulator's block hook: called by Unicorn at the start of every block.
 *
 * Written against Unicorn's stable C interface only (uc_emu_stop, uc_reg_read and uc_reg_write, passed in as
 * pointers), so that neither Unicorn's nor Python's headers are needed to build it. The structures
 * mirror the ctypes ones in hook_records.py; hook_python.py holds the same function in Python, and the
 * tests hold the two together.
 */
#include <stddef.h>
#include <stdint.h>

/* Raise with any change of the structures or of the meaning of what is in them; hook_records.py has it too. */
#define ABI 27

enum { BREAK = 1, SELF = 2, STRADDLES = 4, UNMASKS = 8, MOVES_SP = 16, IN_RAM = 32,
       SENDS_EVENT = 64, SWITCHES = 128 };
enum { NONE = 0, EVENT = 1, UNKNOWN = 2, BREAKPOINT = 3, SELF_LOOP = 4, ATTENTION = 5, MISALIGNED = 6 };
enum { CHECKED = 2, COUNTED = 3 }; /* of `resumed`: the bases have been looked at, too; the rest of a block */

/* What to do with the sum of an access. The last two are reads of one word by the CPU's registers alone,
 * which nearly all are: the first has one register, the second two. */
enum { READ = 0, FETCH = 1, DIVIDEND = 2, SIGNED_DIVIDEND = 3, OPERAND = 4, SUBTRACT = 5, MULTIPLY = 6,
       AND = 7, RIGHT = 8, RIGHT_SIGNED = 9, EXTEND = 10, BY_ONE = 16, BY_TWO = 17 };

#define SLOTS 16 /* numbers of registers from here on are slots */
#define MEMORIES 4
#define MAX_LINES 512 /* of the instruction cache */
#define PLACES 0x20000
#define NO_LINE 0x7fffffffu /* no line, nor the one before one */
#define STEADY 64 /* most blocks at a time that need not be looked for in the cache */

typedef struct block {
    uint32_t address, size, instructions, cycles, flags, depth, taken;
    uint32_t accesses, early, late, quick;
    uint32_t checks, rechecks; /* behind the accesses; rechecks: in each round of a loop */
    uint32_t assumed;
    uint32_t function, number; /* for _call_paths.h */
    uint32_t joined;           /* a signed number of cycles */
    uint32_t through;          /* where in `through` its further lines are: cycles up to each */
    uint32_t place;            /* number of its first line, wherever its function lies: see `by_place` */
    /* This file's own, see `look_up`. */
    uint64_t epoch, stamp;
    struct block *next; /* the block that came after it the last time */
} block_t;

/* base + (scaled << shift) + offset; registers and slots by number, -1 for none. */
typedef struct {
    int8_t base, scaled;
    uint8_t shift, words;
    uint32_t offset;
    uint8_t kind, width, is_signed;
    int8_t slot;
} access_t;

/* An instruction whose base register must be aligned, looked at where it is. A mask of 0: always to be told. */
typedef struct {
    const uint32_t *registers;
    void (*found)(void);
    uint32_t base, mask;
} base_t;

/* What an instruction costs on top, where it is executed in the block that begins at `block`. */
typedef struct located {
    struct located *next;
    uint32_t block;
    int32_t cycles, conditional;
    uint32_t accesses, count;
} located_t;

enum { MODE_MAIN = 0, MODE_HANDLER = 1, MODE_PROCESS = 2, MODE_UNKNOWN = 3 };

struct hook;

/* The costs at one instruction, by the blocks that it is part of. */
typedef struct {
    struct hook *hook;
    located_t *first;
} place_t;

/* Plain memory of the firmware, as the host sees it. */
typedef struct {
    const uint8_t *data;
    uint32_t start, size;
} memory_t;

/* The last read of a register. */
typedef struct {
    uint64_t cycles, distance; /* when, and how long after the one before */
    uint64_t waited;           /* cycles by which ICSR was read with the same value at the same distance */
    uint32_t address, value;
} last_read_t;

#define KEPT 4

/* An access of a register that the host has not been told of, and the registers at it. */
typedef struct {
    uint32_t address, stores, registers[16];
} kept_t;

/* What decides on exceptions, and Unicorn's numbers of the registers that they change. */
typedef struct {
    uint32_t enabled[8], pending[8], active[8], lines[8]; /* a bit for each exception */
    uint8_t priority[256];
    uint32_t group, priority_mask;
    uint32_t vector_table, scr, ccr, shcsr, demcr, fpccr, fpcar;
    uint32_t mpu_on, mpu_default; /* the MPU is in force; privileged code may reach what no region holds */
    uint32_t mpu_control, mpu_region;
    uint32_t mpu_bases[8], mpu_attributes[8];
    uint32_t host;         /* all exceptions are the host's now */
    uint32_t taken;        /* exceptions entered here */
    uint32_t entry_cycles, exit_cycles, chain_cycles, float_cycles;
    uint32_t ram_start, ram_size;
    uint32_t host_calls; /* SVC of this number and above are the host's; 0: none is */
    int32_t xpsr, ipsr, iepsr, control, primask, basepri, faultmask, psp, msp, nzcv, nzcvqg, fpscr, s0;
    uint8_t *ram;
    last_read_t *last_read;
    uint64_t kept_at; /* instructions counted at the accesses below */
    uint32_t end, reads_told, touched, count, kept;
    kept_t accesses[KEPT];
    /* Where the CPU emulation has what the MPU's registers say: MPU_CTRL twice, then RBAR, and the two halves of
     * RASR; and what makes it forget what it knows of addresses. Null: changes of the MPU are the host's. */
    uint32_t flush;
    int (*ctl)(void *uc, uint32_t control, ...);
    uint32_t *live_control, *live_regions[3];
} core_t;

typedef struct paths paths_t; /* see _call_paths.h */

typedef struct hook {
    uint64_t cycles, instructions, placement, event_at, flash_reads, filled_at;
    /* Of the cycles: those that rest on the product specification, on a fit, and on nothing but an assumption. */
    uint64_t specified, fitted, assumed;
    uint64_t misplaced; /* of the cycles, those of operands that are not aligned */
    uint64_t conditional;   /* and those of conditional instructions that are executed, beyond a skipped one */
    uint64_t round; /* address and size of a plain loop's block, to go round again at once; 0: none */
    block_t *table, *last_block;
    access_t *accesses;
    uint32_t *registers; /* the CPU's own; null where they could not be found */
    uint64_t mask;
    void *uc;
    int (*emu_stop)(void *uc);
    int (*reg_read)(void *uc, int reg, void *value);
    int (*reg_write)(void *uc, int reg, const void *value);
    core_t *core; /* null: the host deals with exceptions */
    void (*trapped)(uint32_t number);
    /* Told where stacks may change, with the frame of an exception, or null; and whether that stack is a thread's
     * own (PSP in thread mode) where that is known, else MODE_UNKNOWN. */
    void (*switched)(uint32_t frame, uint32_t mode);
    uint64_t (*read)(uint64_t offset, uint32_t size); /* of the core's registers, by the host */
    void (*write)(uint64_t offset, uint32_t size, uint64_t value);
    memory_t memories[MEMORIES];
    int32_t first_register, high_registers[3];
    uint32_t straddle, line_new, line_next, uncached_new, uncached_next, controller;
    uint32_t cache_on, line_bits, set_mask;
    uint32_t flash_start, flash_size, read_new, read_same, unaligned, data_word, fetch_line, filled_line, word_bits;
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
    /* See `look_up`. */
    uint64_t epoch, clock, settled;
    uint32_t dirty, steady_count;
    block_t *steady[STEADY];
    paths_t *paths; /* null: where cycles go is not asked */
    uint32_t function, back; /* of the open call: its function, and where it returns to */
    /* Another cache of the same kind, whose lines are numbered by their place in their function: what misses in it
     * does not depend on where functions lie. With it `placement` is all that the layout costs. */
    uint32_t by_place, place_filled;
    uint64_t place_filled_at;
    const uint16_t *through;
    uint32_t place_tags[MAX_LINES];
    uint8_t place_newest[MAX_LINES / 2];
} hook_t;

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
EXPORT const uint32_t mlbench_hot_abi[4] = {ABI, sizeof(hook_t), offsetof(hook_t, tags), sizeof(core_t)};

static void stop(hook_t *hook, uint32_t reason, uint32_t address, uint32_t size)
{
    hook->round = 0;
    hook->reason = reason;
    hook->where = address;
    hook->where_size = size;
    hook->emu_stop(hook->uc);
}

/* A number for a line: each line of a chip's memories has its own, or the host takes the block hook in Python. */
static inline uint32_t place(uint32_t line)
{
    return (line ^ line >> 9) & (PLACES - 1);
}

/* Make a line the newest of the fully associative cache; whether it was there. */
static inline uint32_t recall(hook_t *hook, uint32_t line)
{
    uint16_t *older = hook->older, *newer = hook->newer, *at = hook->ring_at + place(line);
    uint32_t ends = 2 * (hook->set_mask + 1), n = older[ends], was = hook->ring_lines[n] == line;
    if (was)
        return 1;
    n = *at;
    was = n < ends && hook->ring_lines[n] == line;
    if (!was) {
        n = newer[ends];
        uint16_t *last = hook->ring_at + place(hook->ring_lines[n]);
        if (*last == n)
            *last = MAX_LINES;
        hook->ring_lines[n] = line;
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

/* The cycles for the line behind the one that was read last: it is read while that one is executed. */
static uint32_t read_ahead(const hook_t *hook, uint64_t filled_at, uint64_t now)
{
    /* A divide may turn out shorter than its block was priced for. */
    uint64_t elapsed = now > filled_at ? now - filled_at : 0;
    return elapsed + hook->controller < hook->line_next ? hook->line_next - (uint32_t)elapsed : hook->controller;
}

/* Fetch a line that is numbered by its place in its function; the cycles where it is not in that cache, and would
 * not be in a fully associative one (`known`). What is executed meanwhile is told by the instructions alone:
 * `done` are the cycles of the block before the line. Blocks may end anywhere then. */
static uint32_t fetch_place(hook_t *hook, uint32_t line, uint32_t known, int32_t done, uint32_t *changed)
{
    uint32_t set = line & hook->set_mask, cycles = 0;
    uint32_t *ways = hook->place_tags + 2 * set;
    if (ways[0] == line) {
        hook->place_newest[set] = 0;
    } else if (ways[1] == line) {
        hook->place_newest[set] = 1;
    } else {
        uint8_t way = hook->place_newest[set] ^ 1;
        ways[way] = line;
        hook->place_newest[set] = way;
        *changed = 1;
        if (!known) {
            uint64_t priced = hook->specified + hook->fitted + hook->misplaced + hook->conditional;
            uint64_t now = hook->cycles - priced + (uint64_t)(int64_t)done;
            cycles = line == hook->place_filled + 1 ? read_ahead(hook, hook->place_filled_at, now) : hook->line_new;
            hook->place_filled_at = now;
            hook->place_filled = line;
        }
    }
    return cycles;
}

/* Fetch the lines of a block; the cycles for those that were not in the cache. `arrival`: what it took to get to
 * the block. `conflicts`: of these cycles, for their place alone. `changed`: a line has come into either cache. */
static uint32_t fetch(hook_t *hook, const block_t *block, uint32_t arrival, uint32_t *conflicts, uint32_t *changed)
{
    uint32_t cycles = 0, steady = 0, address = block->address, first = address >> hook->line_bits;
    uint32_t last = (address + block->size - 1) >> hook->line_bits;
    for (uint32_t line = first; line <= last; line++) {
        uint32_t begin = line << hook->line_bits, before = begin > address ? begin - address : 0;
        uint32_t done = (uint32_t)((uint64_t)block->cycles * before / block->size);
        uint32_t set = line & hook->set_mask, known = recall(hook, line);
        uint32_t *ways = hook->tags + 2 * set;
        *changed |= !known;
        if (ways[0] == line) {
            hook->newest[set] = 0;
        } else if (ways[1] == line) {
            hook->newest[set] = 1;
        } else {
            uint8_t way = hook->newest[set] ^ 1;
            uint64_t now = hook->cycles + cycles + done;
            uint32_t ahead = line == hook->filled_line + 1;
            uint32_t miss = ahead ? read_ahead(hook, hook->filled_at, now) : hook->line_new;
            ways[way] = line;
            hook->newest[set] = way;
            hook->filled_at = now + miss;
            hook->filled_line = line;
            cycles += miss;
            *conflicts += known ? miss : 0;
            *changed = 1;
        }
        if (hook->by_place) {
            /* Fewer cycles than none to get to the block: it overlaps the one before. */
            int32_t through = line > first ? (int32_t)arrival + hook->through[block->through + line - first - 1] : 0;
            steady += fetch_place(hook, block->place + line - first, known, through, changed);
        }
    }
    if (hook->by_place)
        *conflicts = cycles - steady;
    return cycles;
}

/* While no line comes into the cache, none leaves it: what was found in it stays there, and only the order in
 * which lines were used last changes. Blocks that were found since the last change (of the same `epoch`) get a
 * stamp each time, and the order is put right when it next matters, by their stamps. */
EXPORT void mlbench_settle(hook_t *hook)
{
    block_t *late[STEADY];
    uint32_t count = 0, unused = 0;
    if (!hook->dirty)
        return;
    for (uint32_t n = 0; n < hook->steady_count; n++) {
        block_t *block = hook->steady[n];
        uint32_t at = count;
        if (block->stamp <= hook->settled)
            continue;
        for (count++; at && late[at - 1]->stamp > block->stamp; at--)
            late[at] = late[at - 1];
        late[at] = block;
    }
    for (uint32_t n = 0; n < count; n++)
        fetch(hook, late[n], 0, &unused, &unused);
    hook->settled = hook->clock;
    hook->dirty = 0;
}

/* Bytes of code that all have a place in the cache at once, whatever their address. */
static inline uint32_t way_bytes(const hook_t *hook)
{
    return (hook->set_mask + 1) << hook->line_bits;
}

/* Fetch a block that is not known to be in the cache. */
static NOINLINE void look_up(hook_t *hook, block_t *block, uint32_t arrival)
{
    uint32_t conflicts = 0, changed = 0, waited;
    mlbench_settle(hook);
    waited = fetch(hook, block, arrival, &conflicts, &changed);
    hook->cycles += waited;
    hook->fitted += waited;
    hook->placement += (int32_t)conflicts; /* fewer cycles than by place are less than none */
    if (changed || hook->steady_count == STEADY) {
        hook->epoch++;
        hook->steady_count = 0;
    }
    if (block->size <= way_bytes(hook)) {
        block->epoch = hook->epoch;
        block->stamp = hook->settled = ++hook->clock;
        hook->steady[hook->steady_count++] = block;
    }
}

static uint32_t reg(const hook_t *hook, int number)
{
    uint32_t value = 0;
    if (hook->registers)
        return hook->registers[number];
    hook->reg_read(hook->uc, number < 13 ? hook->first_register + number : hook->high_registers[number - 13], &value);
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
static uint32_t peek(const hook_t *hook, uint32_t address, const access_t *access)
{
    for (int n = 0; n < MEMORIES; n++) {
        const memory_t *memory = hook->memories + n;
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

/* An operand that is not aligned; the cycles more that it takes. */
static NOINLINE uint32_t unaligned(hook_t *hook, const access_t *access, uint32_t address)
{
    uint32_t cycles = access->width == 4 && address & 1 ? 2 * hook->unaligned : hook->unaligned;
    hook->misplaced += cycles;
    return cycles;
}

/* Price what depends on registers. */
static void price(hook_t *hook, uint32_t first, uint32_t count)
{
    const access_t *access = hook->accesses + first, *end = access + count;
    /* Kept out of memory: a store to `hook` might otherwise change what was read from it. */
    uint64_t cycles = hook->cycles;
    uint32_t data_word = hook->data_word, reads = 0, waited = 0, divided = 0;
    const uint32_t flash_start = hook->flash_start, flash_size = hook->flash_size, word_bits = hook->word_bits;
    uint32_t copies[16];
    values_t values = {{hook->registers, hook->slots}};
    if (!hook->registers) {
        for (int number = 0; number < 16; number++)
            copies[number] = reg(hook, number);
        values.of[0] = copies;
    }
    for (; access != end; access++) {
        uint32_t value = sum(&values, access), kind = access->kind;
        if (kind == READ || kind >= BY_ONE) {
            uint32_t address = value, words = access->words;
            if (value & (uint32_t)(access->width - 1))
                cycles += unaligned(hook, access, value);
            for (; address - flash_start < flash_size && words; words--, address += 4) {
                uint32_t word = address >> word_bits;
                waited += word == data_word ? hook->read_same : hook->read_new;
                data_word = word;
                reads++;
            }
        } else if (kind == FETCH) {
            hook->slots[access->slot] = peek(hook, value, access);
        } else if (kind == EXTEND) {
            hook->slots[access->slot] = extended(value, access);
        } else {
            const access_t *result = access++;
            uint32_t operand = sum(&values, access);
            if (kind == DIVIDEND || kind == SIGNED_DIVIDEND)
                divided += hook->divide[quotient_bits(value, operand, kind == SIGNED_DIVIDEND)];
            else
                hook->slots[result->slot] = computed(kind, value, operand);
        }
    }
    hook->cycles = cycles + waited + divided;
    hook->fitted += divided;
    if (reads) {
        hook->specified += waited;
        hook->data_word = data_word;
        hook->flash_reads += reads;
    }
}

/* Price a read of one word of flash. */
static inline void read_flash(hook_t *hook, uint32_t address)
{
    uint32_t word = address >> hook->word_bits;
    uint32_t waited = word == hook->data_word ? hook->read_same : hook->read_new;
    hook->cycles += waited;
    hook->specified += waited;
    hook->data_word = word;
    hook->flash_reads++;
}

/* The same for reads of one word by the CPU's registers alone: what loops are made of. */
static inline void price_quickly(hook_t *hook, const access_t *access, uint32_t count)
{
    const uint32_t *registers = hook->registers;
    const uint32_t flash_start = hook->flash_start, flash_size = hook->flash_size;
    for (const access_t *end = access + count; access != end; access++) {
        uint32_t address = registers[access->base] + access->offset;
        if (access->kind == BY_TWO)
            address += registers[access->scaled] << access->shift;
        if (address & (uint32_t)(access->width - 1))
            hook->cycles += unaligned(hook, access, address);
        if (address - flash_start < flash_size)
            read_flash(hook, address);
    }
}

/* Whether a sum that must be aligned is not. */
static inline int misaligned(const hook_t *hook, const block_t *block)
{
    const access_t *check = hook->accesses + block->accesses + block->early + block->late;
    for (uint32_t count = block->checks; count; count--, check++) {
        uint32_t value = check->offset;
        if (check->base >= 0)
            value += reg(hook, check->base);
        if (check->scaled >= 0)
            value += reg(hook, check->scaled) << check->shift;
        if (value & (uint32_t)(check->width - 1))
            return 1;
    }
    return 0;
}

#include "_call_paths.h"
#include "_exceptions.h"

/* What seldom has to be done before a block; whether it must not run. */
static int before(hook_t *hook, uint32_t address, uint32_t size)
{
    if (hook->reason)
        return 1; /* stopped already: this call is the stop's own echo */
    if (hook->resumed == COUNTED && address + size == hook->expected) {
        hook->resumed = 0;
        return 1; /* counted with its whole block */
    }
    if (hook->late_count) {
        price(hook, hook->late_access, hook->late_count);
        hook->late_count = 0;
    }
    if (hook->cycles >= hook->event_at) {
        stop(hook, EVENT, address, size);
        return 1;
    }
    if (hook->attention || (hook->unmask_attention && (hook->last_flags & UNMASKS))) {
        uint32_t attention = hook->attention;
        int done = HOST;
        if (!(attention & LOOK_HOST) && is_ours(hook)) {
            hook->attention = 0;
            done = take(hook, address);
        }
        if (done == HOST) {
            hook->attention = attention;
            stop(hook, ATTENTION, address, size);
        }
        return done != NOTHING;
    }
    return 0;
}

/* A block has followed itself. What another round costs, where it is plain; a block that follows itself was
 * branched to. The host sets `round` to 0 with whatever it changes, so that one look tells that nothing came
 * between. */
static void expect_round(hook_t *hook, const block_t *block)
{
    hook->loop_placement = block->flags & STRADDLES ? hook->straddle : 0;
    hook->looping = block->cycles + block->taken + hook->loop_placement;
    if (!(block->depth | block->late) && (!block->early || (block->quick && hook->registers))
        && block->size <= way_bytes(hook) && hook->cache_on && !(block->flags & ~(uint32_t)STRADDLES)
        && !(hook->attention | hook->unmask_attention))
        hook->round = (uint64_t)block->address << 32 | block->size;
}

/* What is known of a block; null: nothing. */
static NOINLINE block_t *find(const hook_t *hook, uint32_t address, uint32_t size)
{
    block_t *block = hook->table + (((address >> 1) * 2654435769u >> 7) & hook->mask);
    while (block->address != address || block->size != size) {
        if (!block->size)
            return NULL;
        if (++block == hook->table + hook->mask + 1)
            block = hook->table;
    }
    return block;
}

static NOINLINE void whole_block(hook_t *hook, uint32_t address, uint32_t size)
{
    block_t *block = hook->last_block;
    uint32_t low, jumped, straddle, cost;
    int again = block && block->address == address && block->size == size;

    if ((hook->reason | hook->late_count | hook->resumed | hook->attention | hook->unmask_attention)
        && before(hook, address, size))
        return;
    if (hook->cycles >= hook->event_at) {
        stop(hook, EVENT, address, size);
        return;
    }
    if (!again) {
        block_t *next = block ? block->next : NULL;
        if (!next || next->address != address || next->size != size) {
            next = find(hook, address, size);
            if (!next) {
                stop(hook, UNKNOWN, address, size);
                return;
            }
            if (block)
                block->next = next;
        }
        block = next;
    }
    if (block->flags & (BREAK | SELF | IN_RAM | SENDS_EVENT | SWITCHES)) {
        if ((block->flags & SWITCHES) && hook->switched && !hook->resumed)
            hook->switched(0, MODE_UNKNOWN);
        if ((block->flags & BREAK) && !hook->resumed) {
            stop(hook, BREAKPOINT, address, size);
            return;
        }
        if (block->flags & SELF) {
            stop(hook, SELF_LOOP, address, size);
            return;
        }
        if (block->flags & SENDS_EVENT)
            hook->event_register = 1;
    }
    /* Behind itself, what was aligned still is, unless it has to be looked at in each round. */
    if ((again ? block->rechecks : block->checks) && hook->resumed != CHECKED && misaligned(hook, block)) {
        stop(hook, MISALIGNED, address, size);
        return;
    }
    hook->resumed = 0;
    if (block->function != hook->function || address == hook->back)
        follow(hook, block);

    if (block->depth || (hook->last_flags & MOVES_SP)) {
        low = reg(hook, 13) - block->depth;
        if (low < hook->low_sp) {
            hook->low_sp = low;
            mlbench_note_depth(hook, low);
        }
    }
    /* Without branches: whether a block was jumped to is what a host's CPU guesses worst. */
    jumped = 0u - (address != hook->expected);
    straddle = hook->straddle & jumped & (0u - (block->flags / STRADDLES & 1));
    hook->placement += straddle;
    cost = block->cycles + (hook->last_taken & jumped) + (block->joined & ~jumped) + straddle;
    if (block->flags & IN_RAM) {
        /* Flash has no part in it. What another block comes after is not read ahead. */
        hook->assumed += block->assumed;
        hook->fetch_line = hook->filled_line = hook->place_filled = NO_LINE;
    } else if (hook->cache_on) {
        /* A loop's lines are held: nothing else has been fetched since they were. Longer blocks than a way
         * of the cache may throw out their own. */
        if (block->epoch == hook->epoch) {
            block->stamp = ++hook->clock;
            hook->dirty = 1;
        } else if (!again || size > way_bytes(hook)) {
            look_up(hook, block, cost - block->cycles);
        }
    } else {
        uint32_t line = address >> hook->line_bits, last = (address + size - 1) >> hook->line_bits;
        uint32_t far = line - hook->fetch_line, waited = (last - line) * hook->uncached_next;
        /* Of the line being executed, the one before and the one behind are at hand. */
        if (far)
            waited += far + 1 > 2 ? hook->uncached_new : hook->uncached_next;
        hook->cycles += waited;
        hook->fitted += waited;
        hook->fetch_line = last;
    }
    hook->cycles += cost;
    hook->instructions += block->instructions;
    if (block->early) {
        if (block->quick && hook->registers)
            price_quickly(hook, hook->accesses + block->accesses, block->early);
        else
            price(hook, block->accesses, block->early);
    }
    hook->late_access = block->accesses + block->early;
    hook->late_count = block->late;
    hook->last_block = block;
    hook->current = address;
    hook->expected = address + size;
    hook->last_flags = block->flags;
    hook->last_taken = block->taken;
    hook->round = 0;
    if (again)
        expect_round(hook, block);
}

EXPORT void mlbench_block(void *uc, uint64_t address64, uint32_t size, void *user)
{
    hook_t *hook = user;
    uint32_t address = (uint32_t)address64;
    (void)uc;

    /* Another round of a plain loop, that nothing came between: most blocks are. Apart from the rest, which
     * needs more of the host's registers. */
    if (((uint64_t)address << 32 | size) == hook->round && hook->cycles < hook->event_at) {
        const block_t *block = hook->last_block;
        if (block->rechecks && misaligned(hook, block)) {
            stop(hook, MISALIGNED, address, size);
            return;
        }
        hook->cycles += hook->looping;
        hook->placement += hook->loop_placement;
        hook->instructions += block->instructions;
        if (block->early)
            price_quickly(hook, hook->accesses + block->accesses, block->early);
        return;
    }
    whole_block(hook, address, size);
}

/* Called by Unicorn before one instruction that is executed: its condition holds. */
EXPORT void mlbench_located(void *uc, uint64_t address, uint32_t size, void *user)
{
    const place_t *place = user;
    hook_t *hook = place->hook;
    (void)uc;
    (void)address;
    (void)size;
    for (const located_t *cost = place->first; cost; cost = cost->next) {
        if (cost->block == hook->current) {
            hook->cycles += (uint64_t)(int64_t)cost->cycles;
            hook->conditional += (uint64_t)(int64_t)cost->conditional;
            if (cost->count)
                price(hook, cost->accesses, cost->count);
            return;
        }
    }
}

#include "_core_registers.h"

/* Read registers by Unicorn's numbers. */
EXPORT void mlbench_registers(hook_t *hook, const int32_t *numbers, uint32_t *values, uint32_t count)
{
    while (count--)
        *values++ = get(hook, *numbers++);
}

/* Called by Unicorn before one instruction: the host looks closer only where its base is unaligned. */
EXPORT void mlbench_base(void *uc, uint64_t address, uint32_t size, void *user)
{
    const base_t *use = user;
    (void)uc;
    (void)address;
    (void)size;
    if (!use->mask || use->registers[use->base] & use->mask)
        use->found();
}
