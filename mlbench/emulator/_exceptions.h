/* Exception entry and return in C: the same as exceptions.py, nvic.py and processor.py, for what is frequent.
 *
 * Part of _block_hook.c. Whatever is rare is left to the host (HOST), before anything has been changed: faults,
 * NMI, a handler or a frame outside of plain memory, a frame that the MPU forbids. ARMv7-M Architecture Reference
 * Manual (DDI 0403E), B1.5.4 to B1.5.8.
 */

enum { NMI = 2, HARD_FAULT = 3, SVCALL = 11, DEBUG_MONITOR = 12, FIRST_IRQ = 16, WORDS = 8 };
enum { MEM_MANAGE = 4, BUS_FAULT = 5 };
enum { NOTHING = 0, TAKEN = 1, HOST = 2 };
/* Bits of `attention`: the host must look, or the exceptions that are pending must be looked at. */
enum { LOOK_HOST = 1, LOOK_PENDING = 2 };
enum { NPRIV = 1, SPSEL = 2, FPCA = 4 };
enum { NONBASETHRDENA = 1, STKALIGN = 512, SLEEPONEXIT = 2, SEVONPEND = 16, LSPACT = 1 };
enum { FRAME_BYTES = 32, FLOAT_BYTES = 104 };
enum { TRAP_SVC = 2, TRAP_EXCEPTION_EXIT = 8 };
#define SP_ALIGNED (1u << 9)
#define THUMB (1u << 24)
#define ASPEN (1u << 31)
#define LSPEN (1u << 30)
#define MON_EN (1u << 16)
#define MEM_ENABLED (1u << 16)
#define BUS_ENABLED (1u << 17)

static uint32_t get(const hook_t *hook, int32_t reg)
{
    uint32_t value = 0;
    hook->reg_read(hook->uc, reg, &value);
    return value;
}

static void put(const hook_t *hook, int32_t reg, uint32_t value)
{
    hook->reg_write(hook->uc, reg, &value);
}

static uint32_t ipsr(const hook_t *hook)
{
    return get(hook, hook->core->xpsr) & 0x1FF;
}

static uint32_t control(const hook_t *hook)
{
    return get(hook, hook->core->control) & 7;
}

static int is_in(const uint32_t *set, uint32_t number)
{
    return set[number >> 5] >> (number & 31) & 1;
}

static int group_priority(const core_t *core, uint32_t number)
{
    if (number == NMI)
        return -2;
    if (number == HARD_FAULT)
        return -1;
    return core->priority[number] & ~((2u << core->group) - 1) & 0xFF;
}

/* The pending, enabled exception of the highest priority; 0: none. */
static uint32_t candidate(const core_t *core)
{
    uint32_t best = 0;
    int best_group = 0, best_sub = 0;
    for (uint32_t word = 0; word < WORDS; word++) {
        uint32_t left = core->pending[word] & (core->enabled[word] | (word ? 0 : 0xFFFF));
        for (uint32_t number = 32 * word; left; left >>= 1, number++) {
            if (!(left & 1))
                continue;
            int group = group_priority(core, number);
            int sub = number == NMI || number == HARD_FAULT ? 0 : core->priority[number];
            if (!best || group < best_group || (group == best_group && sub < best_sub)) {
                best = number;
                best_group = group;
                best_sub = sub;
            }
        }
    }
    return best;
}

/* What an exception must beat to be taken: ExecutionPriority(). */
static int execution_priority(hook_t *hook, int returns)
{
    const core_t *core = hook->core;
    int level = 256, hidden = control(hook) & NPRIV && !ipsr(hook);
    uint32_t primask, basepri, faultmask;
    if (hidden) /* Unicorn answers 0 to unprivileged code. */
        put(hook, core->ipsr, 2);
    primask = get(hook, core->primask) & 1;
    basepri = get(hook, core->basepri) & core->priority_mask;
    faultmask = returns ? 0 : get(hook, core->faultmask) & 1;
    if (hidden)
        put(hook, core->ipsr, 0);
    for (uint32_t word = 0; word < WORDS; word++) {
        uint32_t left = core->active[word];
        for (uint32_t number = 32 * word; left; left >>= 1, number++) {
            if (left & 1 && group_priority(core, number) < level)
                level = group_priority(core, number);
        }
    }
    basepri &= 0xFF;
    if (basepri && (int)(basepri & ~((2u << core->group) - 1) & 0xFF) < level)
        level = basepri & ~((2u << core->group) - 1) & 0xFF;
    if (primask && level > 0)
        level = 0;
    if (faultmask && level > -1)
        level = -1;
    return level;
}

/* Plain memory that code may be in; null where there is none of so many bytes. */
static const uint8_t *memory_at(const hook_t *hook, uint32_t address, uint32_t size)
{
    for (int n = 0; n < MEMORIES; n++) {
        const memory_t *memory = hook->memories + n;
        uint32_t offset = address - memory->start;
        if (offset < memory->size && memory->size - offset >= size)
            return memory->data + offset;
    }
    return NULL;
}

static uint8_t *ram_at(const core_t *core, uint32_t address, uint32_t size)
{
    uint32_t offset = address - core->ram_start;
    return offset < core->ram_size && core->ram_size - offset >= size ? core->ram + offset : NULL;
}

/* What the MPU lets code do at an address (B3.5.3): mpu.py has the same. */
static int allows_at(const core_t *core, uint32_t address, int privileged, int write)
{
    for (int n = 7; n >= 0; n--) {
        uint32_t attributes = core->mpu_attributes[n], bits = (attributes >> 1 & 31) + 1, access;
        if (!(attributes & 1) || bits < 5 || (bits < 32 && (address ^ core->mpu_bases[n]) >> bits))
            continue;
        if (bits >= 8 && attributes >> (8 + (address >> (bits - 3) & 7)) & 1)
            continue;
        access = attributes >> 24 & 7;
        if (privileged)
            return write ? access >= 1 && access <= 3 : access && access != 4;
        return write ? access == 3 : access == 2 || access == 3 || access >= 6;
    }
    return privileged && core->mpu_default;
}

/* Whether a frame may be written or read there. */
static int allows(const core_t *core, uint32_t address, uint32_t size, int privileged, int write)
{
    uint32_t last = address + size - 1;
    if (!core->mpu_on)
        return 1;
    for (; address <= last; address = (address | 31) + 1) {
        if (!allows_at(core, address, privileged, write))
            return 0;
    }
    return 1;
}

static uint32_t load_word(const uint8_t *at)
{
    return at[0] | (uint32_t)at[1] << 8 | (uint32_t)at[2] << 16 | (uint32_t)at[3] << 24;
}

static void store_word(uint8_t *at, uint32_t value)
{
    for (int n = 0; n < 4; n++)
        at[n] = value >> 8 * n;
}

static void pend(hook_t *hook, uint32_t number)
{
    core_t *core = hook->core;
    if (!is_in(core->pending, number) && core->scr & SEVONPEND)
        hook->event_register = 1;
    core->pending[number >> 5] |= 1u << (number & 31);
}

/* FPCCR's remarks on the state that was interrupted (B3.2.21). */
static uint32_t ready_bits(const hook_t *hook, int level)
{
    const core_t *core = hook->core;
    uint32_t number = ipsr(hook), value = number ? 0 : 8;
    if (control(hook) & NPRIV && !number)
        value |= 2;
    if (level > -1)
        value |= 16;
    if (core->shcsr & MEM_ENABLED && group_priority(core, MEM_MANAGE) < level)
        value |= 32;
    if (core->shcsr & BUS_ENABLED && group_priority(core, BUS_FAULT) < level)
        value |= 64;
    if (core->demcr & MON_EN && group_priority(core, DEBUG_MONITOR) < level)
        value |= 256;
    return value;
}

/* Unicorn keeps apart what follows from mode and privilege, and renews it when flags are written by this name. */
static void mode_changed(hook_t *hook)
{
    put(hook, hook->core->nzcv, get(hook, hook->core->xpsr));
}

/* Go on there. Within a trap Unicorn looks for the next block itself. */
static void go_to(hook_t *hook, uint32_t pc, int in_trap)
{
    if (in_trap)
        hook->registers[15] = pc & ~1u;
    else
        put(hook, hook->high_registers[2], pc | 1);
}

/* What entry and return have in common, behind the change of registers. */
static void changed(hook_t *hook, uint32_t frame, uint32_t pc)
{
    if (hook->switched)
        hook->switched(frame, ipsr(hook) ? MODE_HANDLER : control(hook) & SPSEL ? MODE_PROCESS : MODE_MAIN);
    hook->expected = pc & ~1u;
    hook->event_register = 1;
    hook->round = 0;
    /* More may be pending that preempts at once. */
    hook->attention |= LOOK_PENDING;
}

/* Exception entry. `chained`: the value to return by of a frame that is there already, at `frame`; 0: none is. */
static int enter(hook_t *hook, uint32_t number, uint32_t pc, int level, uint32_t chained, uint32_t frame, int in_trap)
{
    core_t *core = hook->core;
    uint32_t *r = hook->registers, state, handler, exc_return = chained, vector = core->vector_table + 4 * number;
    const uint8_t *at = memory_at(hook, vector, 4);
    if (number < SVCALL || number == DEBUG_MONITOR || hook->resumed || !at)
        return HOST;
    handler = load_word(at);
    if (!(handler & 1) || !memory_at(hook, handler & ~1u, 2))
        return HOST;
    state = control(hook);
    if (!chained) {
        uint32_t xpsr = get(hook, core->xpsr), thread = !(xpsr & 0x1FF), floating = state & FPCA, sp = r[13];
        uint32_t size = floating ? FLOAT_BYTES : FRAME_BYTES, align = core->ccr & STKALIGN || floating;
        uint32_t padding = align ? sp & 4 : 0;
        uint8_t *to;
        frame = (sp - size) & (align ? ~7u : ~3u);
        to = ram_at(core, frame, size);
        if (!to || !allows(core, frame, size, !(thread && state & NPRIV), 1))
            return HOST;
        for (int n = 0; n < 4; n++)
            store_word(to + 4 * n, r[n]);
        store_word(to + 16, r[12]);
        store_word(to + 20, r[14]);
        store_word(to + 24, pc);
        store_word(to + 28, (xpsr & ~SP_ALIGNED) | (padding ? SP_ALIGNED : 0));
        if (floating) {
            for (int n = 0; n < 16; n++)
                store_word(to + FRAME_BYTES + 4 * n, get(hook, core->s0 + n));
            store_word(to + FRAME_BYTES + 64, get(hook, core->fpscr));
            store_word(to + FRAME_BYTES + 68, 0);
            /* Where storing is deferred, the return pays for it if there was need. */
            hook->cycles += core->fpccr & LSPEN ? 0 : core->float_cycles;
        }
        exc_return = 0xFFFFFFE1u | (floating ? 0 : 0x10) | (thread ? 8 : 0) | (thread && state & SPSEL ? 4 : 0);
        r[13] = frame;
        if (floating && core->fpccr & LSPEN) {
            core->fpcar = (frame + FRAME_BYTES) & ~7u;
            core->fpccr = (core->fpccr & (ASPEN | LSPEN)) | LSPACT | ready_bits(hook, level);
        }
        if (frame < hook->low_sp) {
            hook->low_sp = frame;
            mlbench_note_depth(hook, frame);
        }
    }
    if (state & NPRIV && !ipsr(hook)) {
        /* Unicorn lets unprivileged code alone with CONTROL: gain privilege in handler mode first. */
        put(hook, core->ipsr, number);
        put(hook, core->control, state & ~NPRIV);
        put(hook, core->ipsr, 0);
    }
    put(hook, core->control, state & ~(SPSEL | FPCA | NPRIV));
    put(hook, core->iepsr, THUMB | number);
    if (state & NPRIV)
        put(hook, core->control, NPRIV);
    r[14] = exc_return;
    go_to(hook, handler, in_trap);
    mode_changed(hook);
    core->pending[number >> 5] &= ~(1u << (number & 31));
    core->active[number >> 5] |= 1u << (number & 31);
    core->taken++;
    hook->late_count = 0;
    mlbench_enter_paths(hook, frame, chained);
    changed(hook, frame, handler);
    hook->cycles += chained ? core->chain_cycles : core->entry_cycles;
    return TAKEN;
}

/* Take the exception that is ready, if there is one. */
static int take(hook_t *hook, uint32_t pc)
{
    core_t *core = hook->core;
    uint32_t any = 0, number;
    int level;
    for (int word = 0; word < WORDS; word++)
        any |= core->pending[word];
    if (!any) {
        hook->unmask_attention = 0;
        return NOTHING;
    }
    number = candidate(core);
    if (number) {
        level = execution_priority(hook, 0);
        if (group_priority(core, number) < level)
            return enter(hook, number, pc, level, 0, 0, 0);
    }
    /* Something may unmask it: look again after each block that can. The one behind us has been looked at. */
    hook->unmask_attention = number != 0;
    hook->last_flags &= ~(uint32_t)UNMASKS;
    return NOTHING;
}

/* Whether an SVC is for what belongs in front of the firmware and is missing, of which the host tells. */
static int is_host_call(const hook_t *hook, uint32_t pc)
{
    const uint8_t *code = hook->core->host_calls ? memory_at(hook, pc - 2, 2) : 0;
    return code && code[0] >= hook->core->host_calls;
}

static int call_supervisor(hook_t *hook, uint32_t pc)
{
    core_t *core = hook->core;
    uint32_t pending = core->pending[0], event = hook->event_register;
    int level = execution_priority(hook, 0);
    if (group_priority(core, SVCALL) >= level || is_host_call(hook, pc))
        return HOST;
    pend(hook, SVCALL);
    if (enter(hook, candidate(core), pc, level, 0, 0, 1) == TAKEN)
        return TAKEN;
    core->pending[0] = pending;
    hook->event_register = event;
    return HOST;
}

/* Take the frame off that `value` names, and go on as it says. */
static int unstack(hook_t *hook, uint32_t value, uint32_t frame, int last)
{
    core_t *core = hook->core;
    uint32_t *r = hook->registers, use_psp = value & 4, to_thread = value & 8, floating = !(value & 0x10);
    uint32_t size = floating ? FLOAT_BYTES : FRAME_BYTES, xpsr, private, padding, state = control(hook);
    const uint8_t *from = ram_at(core, frame, size);
    if (!from || !allows(core, frame, size, !(to_thread && state & NPRIV), 0))
        return HOST;
    xpsr = load_word(from + 28);
    if (!!to_thread == !!(xpsr & 0x1FF) || !(xpsr & THUMB) || !memory_at(hook, load_word(from + 24) & ~1u, 2))
        return HOST;
    if (to_thread && last && core->scr & SLEEPONEXIT)
        return HOST;
    if (get(hook, core->faultmask) & 1)
        put(hook, core->faultmask, 0);
    padding = xpsr & SP_ALIGNED && (core->ccr & STKALIGN || floating) ? 4 : 0;
    private = state & NPRIV;
    put(hook, use_psp ? core->psp : core->msp, (frame + size) | padding);
    /* Handler mode is privileged, and stays so in thread mode until the last write of CONTROL. */
    put(hook, core->control, 0);
    put(hook, core->nzcvqg, xpsr & ~SP_ALIGNED);
    put(hook, core->control, (use_psp ? SPSEL : 0) | (floating ? FPCA : 0) | private);
    if (floating && !(core->fpccr & LSPACT && !(state & FPCA))) {
        for (int n = 0; n < 16; n++)
            put(hook, core->s0 + n, load_word(from + FRAME_BYTES + 4 * n));
        put(hook, core->fpscr, load_word(from + FRAME_BYTES + 64));
        hook->cycles += core->fpccr & LSPACT ? 2 * core->float_cycles : core->float_cycles;
    }
    if (floating)
        core->fpccr &= ~(uint32_t)LSPACT;
    for (int n = 0; n < 4; n++)
        r[n] = load_word(from + 4 * n);
    r[12] = load_word(from + 16);
    r[14] = load_word(from + 20);
    go_to(hook, load_word(from + 24), 1);
    mode_changed(hook);
    hook->late_count = 0;
    hook->cycles += core->exit_cycles;
    mlbench_leave_paths(hook, frame);
    hook->expected = hook->registers[15];
    changed(hook, frame, load_word(from + 24));
    return TAKEN;
}

static int return_from_exception(hook_t *hook, uint32_t value)
{
    core_t *core = hook->core;
    uint32_t number = ipsr(hook), frame, following, word = number >> 5, active, pending, event = hook->event_register;
    int last = 1, level, done;
    if (number < SVCALL || number == DEBUG_MONITOR || number >= 32 * WORDS || !is_in(core->active, number))
        return HOST;
    if ((value | 0x1F) != 0xFFFFFFFFu || ((value & 15) != 1 && (value & 15) != 9 && (value & 15) != 13))
        return HOST;
    active = core->active[word];
    pending = core->pending[word];
    core->active[word] &= ~(1u << (number & 31));
    for (int n = 0; n < WORDS; n++)
        last &= !core->active[n];
    done = HOST;
    if (!(value & 8) || last || core->ccr & NONBASETHRDENA) {
        if (is_in(core->lines, number))
            pend(hook, number);
        frame = value & 4 ? get(hook, core->psp) : hook->registers[13];
        following = candidate(core);
        level = execution_priority(hook, 1);
        if (following && group_priority(core, following) < level) {
            /* Tail-chaining (B1.5.12): the frame stays for the next handler, and is not looked at. */
            if (!(get(hook, core->faultmask) & 1))
                done = enter(hook, following, 0, level, value, frame, 1);
        } else {
            done = unstack(hook, value, frame, last);
        }
    }
    if (done == HOST) {
        core->active[word] = active;
        core->pending[word] = pending;
        hook->event_register = event;
    }
    return done;
}

/* Whether exceptions may be dealt with here at all. */
static int is_ours(const hook_t *hook)
{
    return hook->core && !hook->core->host && hook->registers;
}

/* Called by the host while the CPU stands still: as `take`. */
EXPORT int mlbench_take(hook_t *hook)
{
    return is_ours(hook) ? take(hook, hook->registers[15] & ~1u) : HOST;
}

/* Called by Unicorn where an instruction traps. */
EXPORT void mlbench_trap(void *uc, uint32_t number, void *user)
{
    hook_t *hook = user;
    int done = HOST;
    (void)uc;
    if (is_ours(hook) && !hook->reason && !(hook->attention & LOOK_HOST)) {
        if (number == TRAP_SVC)
            done = call_supervisor(hook, hook->registers[15] & ~1u);
        else if (number == TRAP_EXCEPTION_EXIT)
            done = return_from_exception(hook, hook->registers[15] | 1);
    }
    if (done == HOST)
        hook->trapped(number);
}
