/* The owner's file: each mistake has its place, what is taken can be written in one way that means
 * the same, and nothing differs from itself. */
#include "agent/io/config.h"
#include "tests/fuzz/fuzz.h"

#include <assert.h>

static void check_problems(const struct problems *problems)
{
    assert((problems->count > 0) == (problems->errors > 0));
    for (size_t i = 0; i < problems->count; i++) {
        assert(str_eq(problems->items[i].file, "conf"));
        assert(problems->items[i].line > 0);
        assert(problems->items[i].column > 0);
        assert(problems->items[i].message[0] != '\0');
    }
}

/* To be asked where nothing is wrong. */
static void check_values(const struct options *options, struct arena *arena)
{
    struct config again = {.file = ""};

    for (size_t i = 0; i < options->count; i++) {
        const struct option_given *given = &options->items[i];
        const char *text = option_canonical(given->option, arena, given->value);

        assert(option_put(given->option, &again, arena, text));
        assert(str_eq(option_canonical(given->option, arena, text), text));
    }
}

void fuzz_options(const uint8_t *bytes, size_t size_bytes)
{
    _cleanup_(str_fini)
    struct str text = STR_EMPTY, told = STR_EMPTY;
    struct option_input input = {.file = "conf"};
    struct config config = {.file = ""};

    str_add_bytes(&text, bytes, size_bytes);
    if (strlen(text.data) == text.length) { /* else it is refused as it is read */
        input.text = text.data;
        arena_init(&config.arena);
        problems_init(&config.problems, &config.arena, NULL);
        options_init(&config.options, &agent_options, &config.arena);
        options_read(&config.options, &input, &config.problems);
        options_take(&config.options, &config, &config.problems);
        check_problems(&config.problems);
        if (config.problems.errors == 0) {
            check_values(&config.options, &config.arena);
        }
        assert(options_compare(&config.options, &config.options, &config.problems) == 0);
        options_show(&config.options, &told);
        problems_print(&config.problems, &told);
        arena_fini(&config.arena);
    }
    str_fini(&told);
}
