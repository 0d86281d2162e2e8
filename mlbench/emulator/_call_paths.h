/* Where cycles go: which function called which, and what was spent in each. Included by _block_hook.c;
 * call_paths.py has the same in Python, and the tests hold the two together.
 *
 * A call is open from the first block of a function until code goes on behind the call with SP as at its entry,
 * or SP is above that: by a return, by longjmp, or by an exception of C++. A tail call leaves its caller open: both
 * return at once. Exceptions and threads have open calls of their own, which the address of the exception's frame
 * finds again.
 */

#define ENTERS 0x80000000u /* of a block's function: the block begins it */
#define ORDERED 0x40000000u /* of a function: each of its calls is a path of its own */
#define NO_FUNCTION 0x3fffffffu
#define SUSPENDED 64
#define MOST_DEEP 64
#define NEAR_CALLS 32 /* calls looked through for a tail call that comes back */

/* A function as called by its parent's; the first of all is the root. */
typedef struct path {
    uint64_t self, calls;
    struct path *child, *sibling;
    uint32_t parent, function;
} path_t;

/* A call that is open; the first of all is none, with no function and no place that it returns to. */
typedef struct call {
    path_t *path;
    struct call *below;
    uint32_t function, sp, back;
} call_t;

struct paths {
    uint64_t mark, block_mark; /* cycles up to here have been charged to a path, to a block */
    path_t *paths;
    call_t *calls;
    uint64_t *spent; /* by a block's number; null: blocks are not charged */
    call_t *top, *unused;
    uint32_t path_count, path_limit, call_count, call_limit;
    uint32_t block, lost, suspended;
    uint32_t frames[SUSPENDED];
    call_t *tops[SUSPENDED];
    /* Where the stack in use was deepest: SP there, the open calls, innermost first, and their SP at entry. */
    uint32_t deep_low, deep_count, deep_functions[MOST_DEEP], deep_sps[MOST_DEEP];
};

/* SP is lower than it was since the host last asked. */
EXPORT void mlbench_note_depth(hook_t *hook, uint32_t low)
{
    paths_t *paths = hook->paths;
    uint32_t n = 0;
    if (!paths)
        return;
    for (const call_t *call = paths->top; call != paths->calls && n < MOST_DEEP; call = call->below, n++) {
        paths->deep_functions[n] = call->function;
        paths->deep_sps[n] = call->sp;
    }
    paths->deep_count = n;
    paths->deep_low = low;
}

/* What is charged: with `by_place` set, all but what the layout of code costs. */
static inline uint64_t charged(const hook_t *hook)
{
    return hook->by_place ? hook->cycles - hook->placement : hook->cycles;
}

/* Charge the time up to now to the open call. Where there is none yet, the first one that opens pays. */
static inline void charge(paths_t *paths, call_t *top, uint64_t cycles)
{
    if (top != paths->calls) {
        top->path->self += cycles - paths->mark;
        paths->mark = cycles;
    }
}

/* The same for the block that was last begun. */
static void charge_block(paths_t *paths, uint64_t cycles)
{
    if (paths->block) {
        paths->spent[paths->block] += cycles - paths->block_mark;
        paths->block_mark = cycles;
    }
}

/* Of the open call: what the block hook holds each block against. */
static inline void set_top(hook_t *hook, paths_t *paths, call_t *top)
{
    paths->top = top;
    hook->function = paths->spent ? NO_FUNCTION : top->function;
    hook->back = top->back;
}

static inline call_t *close_call(paths_t *paths, call_t *call)
{
    call_t *below = call->below;
    call->below = paths->unused;
    paths->unused = call;
    return below;
}

static NOINLINE path_t *new_path(paths_t *paths, path_t *parent, uint32_t function);

static inline path_t *path_of(paths_t *paths, path_t *parent, uint32_t function)
{
    path_t *path = parent->child;
    if (parent->function == function)
        return parent; /* recursion */
    if (parent->function & ORDERED && paths->path_count < paths->path_limit / 4)
        return new_path(paths, parent, function);
    for (; path; path = path->sibling) {
        if (path->function == function)
            return path;
    }
    return new_path(paths, parent, function);
}

static NOINLINE path_t *new_path(paths_t *paths, path_t *parent, uint32_t function)
{
    path_t *path = paths->paths + paths->path_count;
    if (paths->path_count == paths->path_limit) {
        paths->lost = 1;
        return parent;
    }
    /* The last part of the room is for paths of one function alone. */
    if (parent != paths->paths && paths->path_count >= paths->path_limit / 2) {
        paths->lost = 1;
        return path_of(paths, paths->paths, function);
    }
    paths->path_count++;
    path->parent = (uint32_t)(parent - paths->paths);
    path->function = function;
    path->sibling = parent->child;
    parent->child = path;
    return path;
}

/* A tail call that comes back to a function left by tail calls; whether it is one. */
static NOINLINE int call_again(hook_t *hook, paths_t *paths, uint32_t function)
{
    const call_t *top = paths->top;
    call_t *call = paths->top;
    for (uint32_t near = NEAR_CALLS; near && call != paths->calls; near--, call = call->below) {
        if (call->sp != top->sp || call->back != top->back)
            return 0;
        if (call->function == function) {
            while (paths->top != call)
                paths->top = close_call(paths, paths->top);
            call->path->calls++;
            set_top(hook, paths, call);
            return 1;
        }
    }
    return 0;
}

static inline void open_call(
    hook_t *hook, paths_t *paths, call_t *top, uint32_t function, uint32_t sp, uint32_t back)
{
    call_t *call = paths->unused;
    path_t *path;
    if (back == top->back && sp == top->sp && call_again(hook, paths, function))
        return;
    path = path_of(paths, top->path, function);
    path->calls++;
    if (call) {
        paths->unused = call->below;
    } else if (paths->call_count < paths->call_limit) {
        call = paths->calls + paths->call_count++;
    } else {
        paths->lost = 1;
        return;
    }
    call->path = path;
    call->function = function;
    call->below = top;
    call->sp = sp;
    call->back = back;
    set_top(hook, paths, call);
}

/* What is not a plain call and not a plain return. */
static NOINLINE void look_around(hook_t *hook, paths_t *paths, const block_t *block, uint32_t sp)
{
    uint32_t function = block->function & ~ENTERS;
    call_t *top = paths->top;
    while (top != paths->calls && (sp > top->sp || (sp == top->sp && block->address == top->back)))
        top = close_call(paths, top);
    set_top(hook, paths, top);
    if (block->function & ENTERS) {
        /* Back to its own beginning, with nothing on the stack: a loop. */
        if (top->function != function || sp != top->sp)
            open_call(hook, paths, top, function, sp, reg(hook, 14) & ~1u);
    } else if (top->function != function) {
        /* Some return elsewhere than behind their call. */
        if (top != paths->calls && sp == top->sp && top->below->function == function)
            set_top(hook, paths, close_call(paths, top));
        else
            open_call(hook, paths, top, function, top != paths->calls ? top->sp : sp, top->back);
    }
}

static NOINLINE void count_block(hook_t *hook, paths_t *paths, const block_t *block)
{
    charge_block(paths, charged(hook));
    paths->block_mark = charged(hook);
    paths->block = block->number;
}

/* A block of another function, the first block of any, or one behind an open call. */
static NOINLINE void follow(hook_t *hook, const block_t *block)
{
    paths_t *paths = hook->paths;
    call_t *top;
    uint32_t sp;
    if (!paths)
        return;
    top = paths->top;
    if (paths->spent) {
        count_block(hook, paths, block);
        if (block->function == top->function && block->address != top->back)
            return;
    }
    sp = hook->registers ? hook->registers[13] : reg(hook, 13);
    charge(paths, top, charged(hook));
    if (block->address == top->back) {
        call_t *below = top->below;
        if (sp == top->sp && block->function == below->function && (sp != below->sp || top->back != below->back)) {
            set_top(hook, paths, close_call(paths, top));
            return;
        }
    } else if (block->function & ENTERS && sp < top->sp) {
        uint32_t back = (hook->registers ? hook->registers[14] : reg(hook, 14)) & ~1u;
        open_call(hook, paths, top, block->function & ~ENTERS, sp, back);
        return;
    }
    look_around(hook, paths, block, sp);
}

static void close_all(hook_t *hook, paths_t *paths)
{
    while (paths->top != paths->calls)
        paths->top = close_call(paths, paths->top);
    set_top(hook, paths, paths->calls);
}

static void charge_all(hook_t *hook, paths_t *paths)
{
    charge(paths, paths->top, charged(hook));
    charge_block(paths, charged(hook));
}

static void forget_suspended(paths_t *paths, uint32_t n)
{
    paths->suspended--;
    for (; n < paths->suspended; n++) {
        paths->frames[n] = paths->frames[n + 1];
        paths->tops[n] = paths->tops[n + 1];
    }
}

static uint32_t find_suspended(const paths_t *paths, uint32_t frame)
{
    uint32_t n = 0;
    while (n < paths->suspended && paths->frames[n] != frame)
        n++;
    return n;
}

/* An exception is entered. `chained`: from another one, whose frame stays. */
EXPORT void mlbench_enter_paths(hook_t *hook, uint32_t frame, uint32_t chained)
{
    paths_t *paths = hook->paths;
    uint32_t n;
    if (!paths)
        return;
    charge_all(hook, paths);
    paths->block = 0;
    if (chained) {
        close_all(hook, paths);
        return;
    }
    n = find_suspended(paths, frame);
    if (n == SUSPENDED)
        n = 0; /* the one that has been away longest does not come back */
    if (n < paths->suspended) {
        call_t *gone = paths->tops[n];
        while (gone != paths->calls)
            gone = close_call(paths, gone);
        forget_suspended(paths, n);
    }
    paths->frames[paths->suspended] = frame;
    paths->tops[paths->suspended++] = paths->top;
    set_top(hook, paths, paths->calls);
}

/* An exception has returned by a frame, to whatever was suspended with it, or to a new thread. */
EXPORT void mlbench_leave_paths(hook_t *hook, uint32_t frame)
{
    paths_t *paths = hook->paths;
    uint32_t n;
    if (!paths)
        return;
    charge_all(hook, paths);
    paths->block = 0;
    close_all(hook, paths);
    n = find_suspended(paths, frame);
    if (n < paths->suspended) {
        set_top(hook, paths, paths->tops[n]);
        forget_suspended(paths, n);
    }
}

/* Called by the host before it reads what was spent. */
EXPORT void mlbench_charge_paths(hook_t *hook)
{
    charge_all(hook, hook->paths);
}
