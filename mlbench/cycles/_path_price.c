/* What a path through code costs: the same as ``path_price.py``, which says what it does and why. Needs no C
   library; the tables are the caller's. */

#include <stdint.h>

enum { SETS_MOST = 512, DEPTH_MOST = 64, HANDLERS_MOST = 512, UNKNOWN = 1, NO_LINE = -2 };

typedef struct {
    uint32_t pc, through, literal;
    uint8_t words, width, has_literal, divides; /* divides: 1 unsigned, 2 signed */
    uint8_t dividend, divisor, shows, spare;
    int32_t more;
} Insn;

typedef struct {
    uint32_t address, end, count, cycles, first, taken, straddles, links, fetched;
} PathBlock;

typedef struct {
    int64_t cycles, instructions;
    int64_t mark_count, next_mark;
    const int64_t *marks;
    int64_t *at_marks;
    const uint32_t *table; /* by address: index of a block and 1, 0 for none; open addressing */
    const PathBlock *blocks;
    const Insn *insns;
    uint32_t table_mask;
    uint32_t flash_start, flash_end, where;
    int32_t block, left, position, data_word, from_flash;
    uint32_t next;
    int32_t line_bits, sets, new_line, next_line, controller, straddle, entry, exit;
    int32_t word_bits, new_word, same_word, unaligned, divide_unknown;
    int32_t divide[33];
    int32_t depth, handler_count;
    int64_t filled_at, filled_line;
    uint32_t interrupted[DEPTH_MOST];
    uint32_t handlers[HANDLERS_MOST];
    uint32_t tags[2 * SETS_MOST];
    uint8_t newest[SETS_MOST];
} PathState;

int64_t mlbench_path_state_size(void) { return (int64_t)sizeof(PathState); }

static int32_t find(const PathState *s, uint32_t address)
{
    for (uint32_t at = (address >> 1) * 2654435761u >> 8;; at++) {
        uint32_t index = s->table[at & s->table_mask];
        if (!index)
            return -1;
        if (s->blocks[index - 1].address == address)
            return (int32_t)index - 1;
    }
}

static int is_handler(const PathState *s, uint32_t pc)
{
    for (int32_t n = 0; n < s->handler_count; n++)
        if (s->handlers[n] == pc)
            return 1;
    return 0;
}

static int64_t fetch(PathState *s, const PathBlock *block)
{
    int64_t missed = 0;
    for (uint32_t line = block->address >> s->line_bits; line <= (block->end - 1) >> s->line_bits; line++) {
        uint32_t index = line & (uint32_t)(s->sets - 1), first = line << s->line_bits;
        if (s->tags[2 * index] == line) {
            s->newest[index] = 0;
        } else if (s->tags[2 * index + 1] == line) {
            s->newest[index] = 1;
        } else {
            s->newest[index] ^= 1;
            s->tags[2 * index + s->newest[index]] = line;
            int64_t before = first > block->address ? first - block->address : 0;
            int64_t now = s->cycles + missed + (int64_t)block->cycles * before / (block->end - block->address);
            int64_t miss = s->new_line;
            if ((int64_t)line == s->filled_line + 1) {
                /* It is read while the line before is executed. */
                miss = s->next_line - (now > s->filled_at ? now - s->filled_at : 0);
                if (miss < s->controller)
                    miss = s->controller;
            }
            s->filled_at = now + miss;
            s->filled_line = line;
            missed += miss;
        }
    }
    return missed;
}

static int length_of(uint32_t value)
{
    int bits = 0;
    while (value) {
        value >>= 1;
        bits++;
    }
    return bits;
}

static int quotient_bits(uint32_t dividend, uint32_t divisor, int is_signed)
{
    if (is_signed) {
        dividend = dividend >> 31 ? 0u - dividend : dividend;
        divisor = divisor >> 31 ? 0u - divisor : divisor;
    }
    if (!divisor || dividend < divisor)
        return 0;
    return length_of(dividend) - length_of(divisor) + 1;
}

static int enter(PathState *s, uint32_t pc)
{
    int32_t number = find(s, pc);
    if (number < 0) {
        s->where = pc;
        return UNKNOWN;
    }
    for (; s->next_mark < s->mark_count && s->marks[s->next_mark] <= s->instructions; s->next_mark++)
        if (s->marks[s->next_mark] == s->instructions)
            s->at_marks[s->next_mark] = s->cycles;
    const PathBlock *block = s->blocks + number;
    int64_t cycles = block->cycles;
    if (s->block >= 0) {
        const PathBlock *before = s->blocks + s->block;
        if (s->left)
            s->cycles -= (int64_t)before->cycles - s->insns[before->first + (uint32_t)s->position].through;
        if (pc != s->next) {
            if (!before->links && is_handler(s, pc)) {
                if (s->depth < DEPTH_MOST)
                    s->interrupted[s->depth++] = s->next;
                cycles += s->entry;
            } else if (s->depth && pc == s->interrupted[s->depth - 1]) {
                s->depth--;
                cycles += s->exit;
            } else {
                cycles += before->taken + (block->straddles ? (uint32_t)s->straddle : 0);
            }
        }
    }
    if (block->fetched)
        cycles += fetch(s, block);
    else
        s->filled_line = NO_LINE;
    s->cycles += cycles;
    s->block = number;
    s->left = (int32_t)block->count;
    s->position = 0;
    return 0;
}

static void load(PathState *s, const Insn *insn, const uint32_t *reads, uint32_t count)
{
    uint32_t literal = insn->literal;
    if (!count && insn->has_literal) {
        reads = &literal;
        count = 1;
    }
    if (!count) {
        if (s->from_flash) {
            s->cycles += s->new_word + (insn->words - 1) * s->same_word;
            s->data_word = NO_LINE;
        }
        return;
    }
    if (reads[0] & (uint32_t)(insn->width - 1))
        s->cycles += s->unaligned * (insn->width == 4 && (reads[0] & 1) ? 2 : 1);
    s->from_flash = reads[0] >= s->flash_start && reads[0] < s->flash_end;
    uint32_t words = count == 1 && insn->words > 1 ? insn->words : count;
    for (uint32_t n = 0; n < words; n++) {
        uint32_t address = count == 1 ? reads[0] + 4 * n : reads[n];
        if (address < s->flash_start || address >= s->flash_end)
            continue;
        int32_t word = (int32_t)(address >> s->word_bits);
        s->cycles += word == s->data_word ? s->same_word : s->new_word;
        s->data_word = word;
    }
}

/* Goes on along a path of so many words, as ``mlbench_retrace_words`` writes them; gives how many were used.
   *reason is UNKNOWN where the block at ``where`` has to be put into the tables first. */
int64_t mlbench_path_price(PathState *s, const uint32_t *words, int64_t count, int32_t *reason)
{
    int64_t at = 0;
    *reason = 0;
    while (at < count) {
        uint32_t pc = words[at], reads = words[at + 1] & 0xFF;
        uint32_t registers = words[at + 1] >> 8 & 0xFF, touched = words[at + 1] >> 16;
        if ((!s->left || pc != s->next) && (*reason = enter(s, pc)))
            return at;
        const PathBlock *block = s->blocks + s->block;
        const Insn *insn = s->insns + block->first + (uint32_t)s->position;
        s->instructions++;
        s->left--;
        s->position++;
        s->next = s->left ? insn[1].pc : block->end;
        at += 2 + reads + registers;
        if (insn->shows && !touched && !registers)
            continue; /* an IT block left it out */
        s->cycles += insn->more;
        const uint32_t *read = words + at - reads - registers;
        if (insn->words)
            load(s, insn, read, reads);
        if (insn->divides) {
            const uint32_t *values = read + reads;
            if (insn->dividend >= registers || insn->divisor >= registers)
                s->cycles += s->divide_unknown;
            else
                s->cycles +=
                    s->divide[quotient_bits(values[insn->dividend], values[insn->divisor], insn->divides == 2)];
        }
    }
    return at;
}
