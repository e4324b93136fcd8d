/* Text of tapes.  A value that repeats is written once with its count: most chances say no. */
#include "tests/sim/tape_file.h"

#include "schema/base/str.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#define FIRST_LINE "fog-tape 1"

void tape_file_init(struct tape_file *file)
{
    *file = (struct tape_file){.seed = 0};
    map_init(&file->streams);
}

static void clear_streams(struct tape_file *file)
{
    map_each (&file->streams, it) {
        struct tape_values *values = it->value;

        vec_fini(values);
        free(values);
    }
    map_fini(&file->streams);
}

void tape_file_fini(struct tape_file *file)
{
    clear_streams(file);
}

static struct tape_values *values_of(struct tape_file *file, const char *name)
{
    struct tape_values *values = map_find(&file->streams, name);

    if (values == NULL) {
        values = MEM_NEW(struct tape_values);
        (void)map_put(&file->streams, name, values);
    }
    return values;
}

void tape_file_copy(struct tape_file *file, const struct tape_file *from)
{
    *file = *from;
    map_init(&file->streams);
    map_each (&from->streams, it) {
        const struct tape_values *values = it->value;
        struct tape_values *copy = values_of(file, it->key);

        vec_each (values, value) {
            vec_add(copy, *value);
        }
    }
}

/* What is quiet at a stream's end is what is drawn beyond it. */
static void trim(struct tape_file *file)
{
    map_each (&file->streams, it) {
        struct tape_values *values = it->value;

        while (values->count > 0 && values->items[values->count - 1] == 0) {
            values->count--;
        }
        if (values->count == 0) {
            tape_file_drop(file, it->key);
        }
    }
}

bool tape_file_take_log(struct tape_file *file, const struct tape_log *log)
{
    struct tape_values **by_index = mem_array(log->stream_count + 1, sizeof(*by_index));

    clear_streams(file);
    map_init(&file->streams);
    for (uint64_t i = 0; i < log->draw_count; i++) {
        const struct tape_draw *draw = &log->draws[i];

        if (by_index[draw->stream] == NULL) {
            by_index[draw->stream] = values_of(file, log->names[draw->stream]);
        }
        vec_add(by_index[draw->stream], draw->value);
    }
    free(by_index);
    trim(file);
    return !log->is_full;
}

void tape_file_drop(struct tape_file *file, const char *name)
{
    struct tape_values *values = map_remove(&file->streams, name);

    if (values != NULL) {
        vec_fini(values);
        free(values);
    }
}

/* --- writing ---------------------------------------------------------------------------------- */

static void write_stream(FILE *to, const char *name, const struct tape_values *values)
{
    (void)fputs(name, to);
    for (size_t i = 0, count; i < values->count; i += count) {
        for (count = 1; i + count < values->count && values->items[i + count] == values->items[i];
             count++) {}
        (void)fprintf(to, " %" PRIx64, values->items[i]);
        if (count > 1) {
            (void)fprintf(to, "*%zu", count);
        }
    }
    (void)fputc('\n', to);
}

static void write_line(FILE *to, const char *key, const char *text)
{
    if (!str_is_empty(text)) {
        (void)fprintf(to, "%s %.*s\n", key, (int)strcspn(text, "\n"), text);
    }
}

int tape_file_write(const struct tape_file *file, const char *path, struct err *err)
{
    FILE *to = fopen(path, "w");

    if (to == NULL) {
        return err_set(err, ERR_IO, "%s: %s", path, strerror(errno));
    }
    (void)fputs(FIRST_LINE "\n", to);
    write_line(to, "revision", file->revision);
    (void)fprintf(to, "seed %" PRIu64 "\n", file->seed);
    write_line(to, "options", file->options);
    (void)fprintf(to, "trace %016" PRIx64 "\n", file->hash);
    write_line(to, "failure", file->failure);
    map_each (&file->streams, it) {
        write_stream(to, it->key, it->value);
    }
    (void)fputs("end\n", to);
    if (ferror(to) != 0) {
        (void)fclose(to);
        return err_set(err, ERR_IO, "%s: cannot be written", path);
    }
    return fclose(to) == 0 ? 0 : err_set(err, ERR_IO, "%s: %s", path, strerror(errno));
}

/* --- reading ---------------------------------------------------------------------------------- */

static int read_values(const char *text, struct tape_values *values)
{
    while (*text != '\0') {
        char *end;
        uint64_t value = strtoull(text, &end, 16), count = 1;

        if (end == text) {
            return ERR_INVALID;
        }
        if (*end == '*') {
            count = strtoull(end + 1, &end, 10);
        }
        if ((*end != ' ' && *end != '\0') || count > TAPE_DRAWS_MAX - values->count) {
            return ERR_INVALID;
        }
        for (; count > 0; count--) {
            vec_add(values, value);
        }
        text = end + strspn(end, " ");
    }
    return 0;
}

static int read_line(struct tape_file *file, const char *key, const char *rest)
{
    if (str_eq(key, "revision")) {
        (void)snprintf(file->revision, sizeof(file->revision), "%s", rest);
    } else if (str_eq(key, "seed")) {
        file->seed = strtoull(rest, NULL, 10);
    } else if (str_eq(key, "options")) {
        (void)snprintf(file->options, sizeof(file->options), "%s", rest);
    } else if (str_eq(key, "trace")) {
        file->hash = strtoull(rest, NULL, 16);
    } else if (str_eq(key, "failure")) {
        (void)snprintf(file->failure, sizeof(file->failure), "%s", rest);
    } else if (strlen(key) >= TAPE_NAME_SIZE || file->streams.count == TAPE_STREAMS_MAX) {
        return ERR_LIMIT;
    } else {
        return read_values(rest, values_of(file, key));
    }
    return 0;
}

/* Takes the text apart in place. */
static int read_text(struct tape_file *file, char *text, const char *path, struct err *err)
{
    unsigned number = 0;
    bool has_ended = false;

    for (char *next; *text != '\0' && !has_ended; text = next) {
        char *rest;

        next = text + strcspn(text, "\n");
        if (*next != '\0') {
            *next++ = '\0';
        }
        if (number++ == 0) {
            if (!str_eq(text, FIRST_LINE)) {
                return err_set(err, ERR_INVALID, "%s: its first line is not \"" FIRST_LINE "\"",
                               path);
            }
            continue;
        }
        rest = text + strcspn(text, " ");
        if (*rest != '\0') {
            *rest++ = '\0';
        }
        has_ended = str_eq(text, "end");
        if (!has_ended && *text != '\0' && *text != '#' && read_line(file, text, rest) < 0) {
            return err_set(err, ERR_INVALID, "%s:%u: not a line of a tape", path, number);
        }
    }
    return has_ended ? 0 : err_set(err, ERR_INVALID, "%s: cut off, it has no \"end\"", path);
}

int tape_file_read(struct tape_file *file, const char *path, struct err *err)
{
    FILE *from = fopen(path, "r");
    _cleanup_(str_fini)
    struct str text = STR_EMPTY;
    char buffer[1 << 14];
    size_t count;

    if (from == NULL) {
        return err_set(err, ERR_IO, "%s: %s", path, strerror(errno));
    }
    while ((count = fread(buffer, 1, sizeof(buffer), from)) > 0) {
        if (text.length > TAPE_FILE_BYTES_MAX) {
            (void)fclose(from);
            return err_set(err, ERR_LIMIT, "%s: larger than a tape", path);
        }
        str_add_bytes(&text, buffer, count);
    }
    (void)fclose(from);
    return read_text(file, text.data, path, err);
}
