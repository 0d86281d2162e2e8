/* Accesses of the core's registers that operating systems make with each switch of threads: ICSR, STIR, the
 * enabling, pending and clearing of interrupts, and the MPU. The same as peripherals/core.py; all others are the
 * host's.
 *
 * Part of _block_hook.c. ARMv7-M Architecture Reference Manual (DDI 0403E), B3.2.4 (ICSR), B3.4 (NVIC), B3.5 (MPU).
 */

enum { ICSR = 0xED04, ISER = 0xE100, ICER = 0xE180, ISPR = 0xE200, ICPR = 0xE280, STIR = 0xEF00, BANK = 0x20 };
enum { PENDSV = 14, SYSTICK = 15 };
#define CORE_START 0xE0000000u

/* Keep what the host must know of an access to find the next one's place in the block; 0: it must look now. */
static int remember(hook_t *hook, uint32_t address, int stores)
{
    core_t *core = hook->core;
    if (core->kept_at != hook->instructions) {
        core->kept_at = hook->instructions;
        core->kept = 0;
    }
    if (core->kept == KEPT)
        return 0;
    kept_t *kept = core->accesses + core->kept++;
    kept->address = address;
    kept->stores = stores;
    for (int n = 0; n < 16; n++)
        kept->registers[n] = hook->registers[n];
    return 1;
}

/* Whether an access may be dealt with here: no event is due that had to happen before it, and code may do it. */
static int may_access(const hook_t *hook, uint32_t size)
{
    return size == 4 && is_ours(hook) && hook->cycles < hook->event_at && !(control(hook) & NPRIV && !ipsr(hook));
}

/* A line that is still high makes it pending again (B3.4.1). */
static void unpend(core_t *core, uint32_t number)
{
    uint32_t bit = 1u << (number & 31), *pending = core->pending + (number >> 5);
    *pending = is_in(core->lines, number) ? *pending | bit : *pending & ~bit;
}

static void set_icsr(hook_t *hook, uint32_t value)
{
    for (uint32_t bit = 28, number = PENDSV; bit >= 26; bit -= 2, number++) {
        if (value >> bit & 1)
            pend(hook, number);
        else if (value >> (bit - 1) & 1)
            unpend(hook->core, number);
    }
}

static uint32_t icsr(const hook_t *hook)
{
    const core_t *core = hook->core;
    uint32_t running = ipsr(hook), others = 0, outside = core->pending[0] >> FIRST_IRQ, value;
    for (uint32_t word = 0; word < WORDS; word++) {
        others |= core->active[word] & ~(running >> 5 == word ? 1u << (running & 31) : 0);
        outside |= word ? core->pending[word] : 0;
    }
    value = running | candidate(core) << 12 | (outside ? 1u << 22 : 0) | (others ? 0 : 1u << 11);
    value |= is_in(core->pending, NMI) ? 1u << 31 : 0;
    value |= is_in(core->pending, PENDSV) ? 1u << 28 : 0;
    return value | (is_in(core->pending, SYSTICK) ? 1u << 26 : 0);
}

/* One interrupt's bit in one of the registers that have a bit for each. */
static void set_bit(hook_t *hook, uint32_t bank, uint32_t number)
{
    core_t *core = hook->core;
    uint32_t bit = 1u << (number & 31);
    if (bank == ISER)
        core->enabled[number >> 5] |= bit;
    else if (bank == ICER)
        core->enabled[number >> 5] &= ~bit;
    else if (bank == ISPR)
        pend(hook, number);
    else
        unpend(core, number);
}

enum { MPU_CTRL = 0xED94, MPU_RNR = 0xED98, MPU_RBAR = 0xED9C, MPU_LAST = 0xEDB8 };
enum { ENABLE = 1, PRIVDEFENA = 4, VALID = 1 << 4, REGIONS = 8 };

/* Have the CPU emulation take what a region's registers say; mpu.py and cpu_fields.py have the same. */
static void put_region(const core_t *core, uint32_t region)
{
    core->live_regions[0][region] = core->mpu_bases[region];
    core->live_regions[1][region] = core->mpu_attributes[region] & 0xFF3F;
    core->live_regions[2][region] = core->mpu_attributes[region] >> 16 & 0x173F;
}

/* Write a register of the MPU; whether it is one, and dealt with here. Within a HardFault and an NMI it may be off
 * (HFNMIENA, B3.5.3): that is the host's. */
static int write_mpu(hook_t *hook, uint32_t offset, uint32_t value)
{
    core_t *core = hook->core;
    if (!core->ctl || offset < MPU_CTRL || offset > MPU_LAST || offset & 3)
        return 0;
    if (is_in(core->active, HARD_FAULT) || is_in(core->active, NMI) || !remember(hook, CORE_START + offset, 1))
        return 0;
    if (offset == MPU_RNR) {
        core->mpu_region = value & 0xFF;
        return 1;
    }
    if (offset == MPU_CTRL) {
        core->mpu_control = core->live_control[0] = core->live_control[1] = value & 7;
        core->mpu_on = value & ENABLE;
        core->mpu_default = value & PRIVDEFENA;
        for (uint32_t region = 0; region < REGIONS; region++)
            put_region(core, region);
    } else if ((offset - MPU_RBAR) & 4) {
        if (core->mpu_region >= REGIONS)
            return 1;
        core->mpu_attributes[core->mpu_region] = value & 0x173FFF3F;
        put_region(core, core->mpu_region);
    } else {
        if (value & VALID)
            core->mpu_region = value & 0xF;
        if (core->mpu_region >= REGIONS)
            return 1;
        core->mpu_bases[core->mpu_region] = value & ~0x1Fu;
        put_region(core, core->mpu_region);
    }
    if (core->mpu_on || offset == MPU_CTRL)
        core->ctl(hook->uc, core->flush);
    return 1;
}

/* Write a register; whether it is one that is dealt with here. */
static int write_register(hook_t *hook, uint32_t offset, uint32_t value)
{
    core_t *core = hook->core;
    uint32_t bank = offset & ~0x7Fu, first = FIRST_IRQ + 8 * (offset & 0x7F);
    int is_bank = bank >= ISER && bank <= ICPR && (offset & 0x7F) < BANK && !(offset & 3) && first < core->end;
    if (write_mpu(hook, offset, value)) {
        hook->round = 0;
        return 1;
    }
    if (!is_bank && offset != STIR && (offset != ICSR || value >> 31))
        return 0;
    if (!remember(hook, CORE_START + offset, 1))
        return 0;
    if (offset == ICSR) {
        set_icsr(hook, value);
    } else if (offset == STIR) {
        if (FIRST_IRQ + (value & 0x1FF) >= core->end)
            return 1;
        pend(hook, FIRST_IRQ + (value & 0x1FF));
    } else {
        for (uint32_t number = first; value && number < core->end; value >>= 1, number++) {
            if (value & 1)
                set_bit(hook, bank, number);
        }
    }
    hook->attention |= LOOK_PENDING;
    hook->round = 0;
    return 1;
}

/* Called by Unicorn for the core's registers. */
EXPORT void mlbench_core_write(void *uc, uint64_t offset, uint32_t size, uint64_t value, void *user)
{
    hook_t *hook = user;
    (void)uc;
    if (may_access(hook, size) && write_register(hook, (uint32_t)offset, (uint32_t)value)) {
        hook->core->touched = 1;
        hook->core->count++;
    } else {
        hook->write(offset, size, value);
    }
}

EXPORT uint64_t mlbench_core_read(void *uc, uint64_t offset, uint32_t size, void *user)
{
    hook_t *hook = user;
    (void)uc;
    if (offset == ICSR && may_access(hook, size) && !hook->core->reads_told) {
        last_read_t *last = hook->core->last_read;
        uint32_t value = icsr(hook), address = CORE_START + ICSR;
        uint64_t distance = hook->cycles - last->cycles;
        if (remember(hook, address, 0)) {
            /* The same value at the same distance in time counts as waiting. */
            if (last->address == address && last->value == value && last->distance == distance)
                last->waited += distance;
            last->cycles = hook->cycles;
            last->distance = distance;
            last->address = address;
            last->value = value;
            hook->core->touched = 1;
            hook->core->count++;
            return value;
        }
    }
    return hook->read(offset, size);
}
