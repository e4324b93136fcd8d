#include "tests/support/random_tree.h"

#include "schema/base/str.h"
#include "schema/base/vec.h"

#include <math.h>
#include <string.h>

/* Pieces that mean something to YAML or JSON, alone, at an end or next to each other. */
static const char *const pieces[] = {
    "a",
    "word",
    " ",
    "  ",
    "\n",
    "\n\n",
    "\t",
    ":",
    ": ",
    "#",
    " #",
    "-",
    "- ",
    "?",
    "? ",
    "---",
    "...",
    "'",
    "\"",
    "\\",
    "[",
    "]",
    "{",
    "}",
    ",",
    "&",
    "*",
    "!",
    "|",
    ">",
    "%",
    "@",
    "`",
    "=",
    "<<",
    "~",
    "null",
    "true",
    "No",
    "on",
    "1",
    "0",
    "010",
    "0x1f",
    "0o7",
    "1e3",
    "1.5e+3",
    "1:30",
    "1_000",
    ".inf",
    ".5",
    "+",
    ".",
    "é",
    "…",
    "😀",
    "\x01",
    "\x7f",
    "\xc2\x85",
    "\r",
    "\xe2\x80\xa8",
    "\xef\xbb\xbf",
    "\xef\xbf\xbf",
    "2026-11-20",
    "y",
    "<",
    "/",
    "\b\f",
};

static void random_text(struct rand *rand, struct str *to, bool nuls)
{
    size_t count = rand_below(rand, 6);

    if (rand_chance(rand, 5)) {
        count = 500; /* longer than a simple key may be */
    }
    for (size_t i = 0; i < count; i++) {
        str_add(to, pieces[rand_below(rand, COUNT_OF(pieces))]);
    }
    if (nuls && rand_chance(rand, 20)) {
        str_add_char(to, '\0');
    }
}

static double random_real(struct rand *rand)
{
    uint64_t bits;
    double real;

    if (rand_chance(rand, 500)) {
        return (double)rand_between(rand, -1000000, 1000000) / 1000;
    }
    do {
        bits = rand_u64(rand);
        memcpy(&real, &bits, sizeof(real));
    } while (!isfinite(real));
    return real;
}

static struct node *random_scalar(struct arena *arena, struct rand *rand)
{
    _cleanup_(str_fini)
    struct str text = STR_EMPTY;

    switch (rand_below(rand, 8)) {
    case 0:
        return node_null(arena);
    case 1:
        return node_bool(arena, rand_chance(rand, 500));
    case 2:
        return node_int(arena, rand_between(rand, -1000, 1000));
    case 3:
        return node_int(arena, (int64_t)rand_u64(rand));
    case 4:
        return node_real(arena, random_real(rand));
    default:
        random_text(rand, &text, true);
        return node_strn(arena, text.data, text.length);
    }
}

struct growing {
    struct node *node;
    size_t depth;
};

static struct node *random_node(struct arena *arena, struct rand *rand, size_t depth)
{
    if (depth == RANDOM_TREE_DEPTH || rand_chance(rand, depth == 0 ? 100 : 600)) {
        return random_scalar(arena, rand);
    }
    return rand_chance(rand, 500) ? node_map(arena) : node_list(arena);
}

struct node *random_tree(struct arena *arena, struct rand *rand)
{
    struct {
        VEC_OF(struct growing);
    } stack = {0};
    struct node *root = random_node(arena, rand, 0);

    vec_add(&stack, ((struct growing){root, 0}));
    while (stack.count > 0) {
        struct growing at = vec_pop(&stack);
        size_t count = rand_below(rand, 5);

        if (at.node->type != NODE_LIST && at.node->type != NODE_MAP) {
            continue;
        }
        for (size_t i = 0; i < count; i++) {
            struct node *child = random_node(arena, rand, at.depth + 1);
            _cleanup_(str_fini)
            struct str key = STR_EMPTY;

            if (at.node->type == NODE_LIST) {
                node_add(arena, at.node, child);
            } else {
                random_text(rand, &key, false);
                node_set(arena, at.node, key.data, child);
            }
            vec_add(&stack, ((struct growing){child, at.depth + 1}));
        }
    }
    vec_fini(&stack);
    return root;
}
