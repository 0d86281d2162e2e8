/* Where cycles go: which function called which, and what was spent in each. Included by _block_hook.c;
 * call_paths.py has the same in Python, and the tests hold the two together.
 *
 * A call is open from the first block of a function until code goes on behind the call with SP as at its entry,
 * or SP is above that: by a return, by longjmp, or by an exception of C++. A tail call leaves its caller open: both
 * return at once. Exceptions and threads have open calls of their own, which the address of the exception's frame
 * finds again.
 */

#define ENTERS 0x80000000u /* of a block's function: the block begins it */
#define NO_FUNCTION 0x7fffffffu
#define SUSPENDED 64
#define NEAR_CALLS 32 /* calls looked through for a tail call that comes back */

/* A function as called by its parent's; 0 is the root. */
typedef struct {
    uint64_t self, calls;
    uint32_t parent, function, child, sibling;
} path_t;

/* A call that is open; 0 is none. */
typedef struct {
    uint32_t path, below, sp, back;
} call_t;

struct paths {
    uint64_t mark, block_mark; /* cycles up to here have been charged to a path, to a block */
    path_t *paths;
    call_t *calls;
    uint64_t *spent; /* by a block's number */
    uint32_t path_count, path_limit, call_count, call_limit;
    uint32_t top, unused, function, back, block, lost, suspended;
    uint32_t frames[SUSPENDED], tops[SUSPENDED];
};

/* Charge the time up to now. Where no call is open yet, the first one that opens pays. */
static void charge(paths_t *paths, uint64_t cycles)
{
    if (paths->top) {
        paths->paths[paths->calls[paths->top].path].self += cycles - paths->mark;
        paths->mark = cycles;
    }
    if (paths->block) {
        paths->spent[paths->block] += cycles - paths->block_mark;
        paths->block_mark = cycles;
    }
}

static void set_top(paths_t *paths, uint32_t top)
{
    paths->top = top;
    paths->function = top ? paths->paths[paths->calls[top].path].function : NO_FUNCTION;
    paths->back = top ? paths->calls[top].back : 1;
}

static uint32_t close_call(paths_t *paths, uint32_t call)
{
    uint32_t below = paths->calls[call].below;
    paths->calls[call].below = paths->unused;
    paths->unused = call;
    return below;
}

static uint32_t path_of(paths_t *paths, uint32_t parent, uint32_t function)
{
    path_t *all = paths->paths;
    uint32_t n;
    if (parent && all[parent].function == function)
        return parent; /* recursion */
    for (n = all[parent].child; n; n = all[n].sibling) {
        if (all[n].function == function)
            return n;
    }
    if (paths->path_count == paths->path_limit) {
        paths->lost = 1;
        return parent;
    }
    /* The last part of the room is for paths of one function alone. */
    if (parent && paths->path_count >= paths->path_limit / 2) {
        paths->lost = 1;
        return path_of(paths, 0, function);
    }
    n = paths->path_count++;
    all[n] = (path_t){0, 0, parent, function, 0, all[parent].child};
    all[parent].child = n;
    return n;
}

static void open_call(paths_t *paths, uint32_t function, uint32_t sp, uint32_t back)
{
    call_t *calls = paths->calls;
    uint32_t top = paths->top, call = paths->unused, near = NEAR_CALLS;
    uint32_t path = path_of(paths, top ? calls[top].path : 0, function);
    /* A tail call that comes back to a function left by tail calls. */
    for (uint32_t n = top; n && near && calls[n].sp == sp && calls[n].back == back; n = calls[n].below, near--) {
        if (paths->paths[calls[n].path].function == function) {
            while (paths->top != n)
                paths->top = close_call(paths, paths->top);
            paths->paths[calls[n].path].calls++;
            set_top(paths, n);
            return;
        }
    }
    paths->paths[path].calls++;
    if (call) {
        paths->unused = calls[call].below;
    } else if (paths->call_count < paths->call_limit) {
        call = paths->call_count++;
    } else {
        paths->lost = 1;
        return;
    }
    calls[call] = (call_t){path, top, sp, back};
    set_top(paths, call);
}

/* A block of another function, the first block of any, or one behind an open call. */
static NOINLINE void follow(hook_t *hook, uint32_t address, uint32_t function)
{
    paths_t *paths = hook->paths;
    call_t *calls = paths->calls;
    uint32_t sp = reg(hook, 13), top = paths->top, enters = function & ENTERS;
    function &= ~ENTERS;
    charge(paths, hook->cycles);
    while (top && (sp > calls[top].sp || (sp == calls[top].sp && address == calls[top].back)))
        top = close_call(paths, top);
    set_top(paths, top);
    if (enters) {
        /* Back to its own beginning, with nothing on the stack: a loop. */
        if (!top || paths->function != function || sp != calls[top].sp)
            open_call(paths, function, sp, reg(hook, 14) & ~1u);
    } else if (paths->function != function) {
        uint32_t below = top ? calls[top].below : 0;
        /* Some return elsewhere than behind their call. */
        if (below && sp == calls[top].sp && paths->paths[calls[below].path].function == function)
            set_top(paths, close_call(paths, top));
        else
            open_call(paths, function, top ? calls[top].sp : sp, top ? calls[top].back : 1);
    }
}

static inline void follow_block(hook_t *hook, const block_t *block)
{
    paths_t *paths = hook->paths;
    if (block->function != paths->function || block->address == paths->back)
        follow(hook, block->address, block->function);
    paths->spent[paths->block] += hook->cycles - paths->block_mark;
    paths->block_mark = hook->cycles;
    paths->block = block->number;
}

static void close_all(paths_t *paths)
{
    while (paths->top)
        paths->top = close_call(paths, paths->top);
    set_top(paths, 0);
}

/* An exception is entered. `chained`: from another one, whose frame stays. */
EXPORT void mlbench_enter_paths(hook_t *hook, uint32_t frame, uint32_t chained)
{
    paths_t *paths = hook->paths;
    uint32_t n;
    if (!paths)
        return;
    charge(paths, hook->cycles);
    paths->block = 0;
    if (chained) {
        close_all(paths);
        return;
    }
    for (n = 0; n < paths->suspended && paths->frames[n] != frame; n++)
        ;
    if (n == SUSPENDED)
        n = 0; /* the one that has been away longest does not come back */
    if (n < paths->suspended) {
        uint32_t top = paths->top;
        for (paths->top = paths->tops[n]; paths->top;)
            paths->top = close_call(paths, paths->top);
        paths->top = top;
        paths->suspended--;
        for (; n < paths->suspended; n++) {
            paths->frames[n] = paths->frames[n + 1];
            paths->tops[n] = paths->tops[n + 1];
        }
    }
    paths->frames[paths->suspended] = frame;
    paths->tops[paths->suspended++] = paths->top;
    set_top(paths, 0);
}

/* An exception has returned by a frame, to whatever was suspended with it, or to a new thread. */
EXPORT void mlbench_leave_paths(hook_t *hook, uint32_t frame)
{
    paths_t *paths = hook->paths;
    uint32_t n;
    if (!paths)
        return;
    charge(paths, hook->cycles);
    paths->block = 0;
    close_all(paths);
    for (n = 0; n < paths->suspended && paths->frames[n] != frame; n++)
        ;
    if (n == paths->suspended)
        return;
    set_top(paths, paths->tops[n]);
    paths->suspended--;
    for (; n < paths->suspended; n++) {
        paths->frames[n] = paths->frames[n + 1];
        paths->tops[n] = paths->tops[n + 1];
    }
}

/* Called by the host before it reads what was spent. */
EXPORT void mlbench_charge_paths(hook_t *hook)
{
    charge(hook->paths, hook->cycles);
}
