/* Renode's binary trace to words, as ``retrace.py`` reads it: for each instruction its address, how many reads
   and registers follow (by bytes) and whether it accessed memory, the reads' addresses, the registers.
   Needs no C library. */

#include <stdint.h>

enum {
    RECORD_END = 0,
    RECORD_ACCESS = 1,
    RECORD_REGISTERS = 4,
    ACCESS_BYTES = 25,
    MOST_READS = 64,
    MOST_REGISTERS = 32
};

static uint32_t word_at(const uint8_t *data)
{
    return (uint32_t)data[0] | (uint32_t)data[1] << 8 | (uint32_t)data[2] << 16 | (uint32_t)data[3] << 24;
}

/* Gives how many words were written, and in *consumed how many bytes were read: whole instructions.
   Below 0: -1 - the kind of what is wrong, of the instruction at *consumed. */
int64_t mlbench_retrace_words(const uint8_t *data, int64_t length, uint32_t *words, int64_t room, int64_t *consumed)
{
    int64_t at = 0, written = 0;
    *consumed = 0;
    while (length - at >= 5 && room - written >= 2 + MOST_READS + MOST_REGISTERS) {
        uint32_t *entry = words + written;
        uint32_t reads = 0, registers = 0, touched = 0, values[MOST_REGISTERS];
        entry[0] = word_at(data + at);
        at += 4;
        for (;;) {
            if (at >= length)
                return written;
            uint8_t record = data[at++];
            if (record == RECORD_END)
                break;
            if (record == RECORD_ACCESS) {
                if (length - at < ACCESS_BYTES)
                    return written;
                uint8_t kind = data[at];
                if (kind > 3 || word_at(data + at + 5))
                    return -2;
                if (!(kind & 1) && reads < MOST_READS)
                    entry[2 + reads++] = word_at(data + at + 1);
                touched = 1;
                at += ACCESS_BYTES;
            } else if (record == RECORD_REGISTERS) {
                if (length - at < 2)
                    return written;
                uint8_t before = data[at], count = data[at + 1];
                at += 2;
                for (uint32_t number = 0; number < count; number++) {
                    if (length - at < 1 || length - at < data[at] + 2)
                        return written;
                    at += 1 + data[at];
                    uint8_t size = data[at];
                    if (size > 8)
                        return -3;
                    if (length - at < 1 + size)
                        return written;
                    if (before && number < MOST_REGISTERS)
                        values[number] = size >= 4 ? word_at(data + at + 1) : size ? data[at + 1] : 0;
                    at += 1 + size;
                }
                if (before)
                    registers = count < MOST_REGISTERS ? count : MOST_REGISTERS;
            } else {
                return -1;
            }
        }
        for (uint32_t number = 0; number < registers; number++)
            entry[2 + reads + number] = values[number];
        entry[1] = reads | registers << 8 | touched << 16;
        written += 2 + reads + registers;
        *consumed = at;
    }
    return written;
}
