#include "tests/sim/tape.h"

#include "schema/base/str.h"

#include <stdarg.h>
#include <stdio.h>

void tape_init(struct tape *tape, uint64_t seed, const struct map *recorded, struct tape_log *log)
{
    *tape = (struct tape){.seed = seed, .recorded = recorded, .log = log};
    map_init(&tape->streams);
    if (log != NULL) {
        log->stream_count = 0;
        log->draw_count = 0;
        log->is_full = false;
    }
}

void tape_fini(struct tape *tape)
{
    map_each (&tape->streams, it) {
        free(it->value);
    }
    map_fini(&tape->streams);
}

static uint64_t hash_name(const char *name)
{
    uint64_t hash = 0xcbf29ce484222325u; /* FNV-1a */

    for (const char *c = name; *c != '\0'; c++) {
        hash = (hash ^ (unsigned char)*c) * 0x100000001b3u;
    }
    return hash;
}

static struct tape_stream *open_stream(struct tape *tape, const char *name)
{
    struct tape_stream *stream = map_find(&tape->streams, name);

    if (stream != NULL) {
        return stream;
    }
    assert(tape->streams.count < TAPE_STREAMS_MAX);
    stream = MEM_NEW(struct tape_stream);
    stream->index = (uint32_t)tape->streams.count;
    (void)snprintf(stream->name, sizeof(stream->name), "%s", name);
    rand_init_u64(&stream->rand, tape->seed * 0x9e3779b97f4a7c15u ^ hash_name(name));
    if (tape->recorded != NULL) {
        stream->replayed = map_find(tape->recorded, name);
    }
    if (tape->log != NULL) {
        memcpy(tape->log->names[stream->index], stream->name, TAPE_NAME_SIZE);
        tape->log->stream_count = stream->index + 1;
    }
    (void)map_put(&tape->streams, name, stream);
    return stream;
}

static void print_name(char name[static TAPE_NAME_SIZE], const char *format, va_list args)
    __attribute__((format(printf, 2, 0)));

static void print_name(char name[static TAPE_NAME_SIZE], const char *format, va_list args)
{
    int length = vsnprintf(name, TAPE_NAME_SIZE, format, args);

    assert(length > 0);
    assert(length < TAPE_NAME_SIZE);
    assert(strchr(name, ' ') == NULL);
}

void tape_die(struct tape *tape, struct die *ret_die, const char *format, ...)
{
    char name[TAPE_NAME_SIZE];
    va_list args;

    va_start(args, format);
    print_name(name, format, args);
    va_end(args);
    *ret_die = (struct die){.tape = tape, .stream = open_stream(tape, name)};
}

bool tape_happens(struct tape *tape, struct die *ret_die, const char *format, ...)
{
    char name[TAPE_NAME_SIZE];
    va_list args;

    va_start(args, format);
    print_name(name, format, args);
    va_end(args);
    tape_die(tape, ret_die, "%s/%llu", name,
             (unsigned long long)open_stream(tape, name)->happened++);
    return die_given(ret_die, 1) != 0;
}

/* --- draws ------------------------------------------------------------------------------------ */

static uint64_t record(struct tape *tape, struct tape_stream *stream, uint64_t value)
{
    struct tape_log *log = tape->log;

    stream->drawn++;
    if (log == NULL) {
        return value;
    }
    if (log->draw_count == TAPE_DRAWS_MAX) {
        log->is_full = true;
        return value;
    }
    log->draws[log->draw_count++] = (struct tape_draw){.stream = stream->index, .value = value};
    return value;
}

static bool replay(const struct tape_stream *stream, uint64_t *ret_value)
{
    if (stream->replayed == NULL || stream->drawn >= stream->replayed->count) {
        return false;
    }
    *ret_value = stream->replayed->items[stream->drawn];
    return true;
}

uint64_t tape_below(struct tape *tape, struct tape_stream *stream, uint64_t bound)
{
    uint64_t value = 0;

    if (tape->recorded == NULL) {
        value = rand_below(&stream->rand, bound);
    } else if (replay(stream, &value)) {
        value %= bound; /* in an altered world there may be fewer to choose from */
    }
    return record(tape, stream, value);
}

bool tape_chance(struct tape *tape, struct tape_stream *stream, unsigned per_mille)
{
    uint64_t value = 0;

    if (tape->recorded == NULL) {
        value = rand_chance(&stream->rand, per_mille);
    } else if (replay(stream, &value)) {
        value = value != 0 && per_mille > 0;
    }
    return record(tape, stream, value) != 0;
}

uint64_t tape_noise(struct tape *tape, struct tape_stream *stream)
{
    uint64_t value;

    if (tape->recorded == NULL) {
        value = rand_u64(&stream->rand);
    } else if (!replay(stream, &value)) {
        value = (hash_name(stream->name) ^ stream->drawn) * 0x9e3779b97f4a7c15u;
    }
    return record(tape, stream, value);
}

uint64_t tape_given(struct tape *tape, struct tape_stream *stream, uint64_t value)
{
    if (tape->recorded != NULL && !replay(stream, &value)) {
        value = 0;
    }
    return record(tape, stream, value);
}
