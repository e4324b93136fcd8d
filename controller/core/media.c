/* One media range after the other, each with its parameters; nothing is copied. */
#include "controller/core/media.h"

#include "schema/base/mem.h"
#include "schema/base/str.h"

#include <string.h>
#include <strings.h>

struct piece { /* of the header; not NUL-terminated */
    const char *text;
    size_t length;
};

static bool piece_is(struct piece piece, const char *text)
{
    return piece.length == strlen(text) && strncasecmp(piece.text, text, piece.length) == 0;
}

/* Up to one of the characters, without the blanks around; *at is then behind it. */
static struct piece next_piece(const char **at, const char *stops)
{
    struct piece piece = {*at + strspn(*at, " \t"), 0};
    const char *end = *at + strcspn(*at, stops);

    piece.length = end > piece.text ? (size_t)(end - piece.text) : 0;
    while (piece.length > 0 && strchr(" \t", piece.text[piece.length - 1]) != NULL) {
        piece.length--;
    }
    *at = end;
    return piece;
}

struct range {
    struct piece type, as, group, version, quality;
};

static struct range next_range(const char **at)
{
    struct range range = {.type = next_piece(at, ",;")};

    while (**at == ';') {
        struct piece key, value = {0};

        (*at)++;
        key = next_piece(at, ",;=");
        if (**at == '=') {
            (*at)++;
            value = next_piece(at, ",;");
        }
        if (piece_is(key, "as")) {
            range.as = value;
        } else if (piece_is(key, "g")) {
            range.group = value;
        } else if (piece_is(key, "v")) {
            range.version = value;
        } else if (piece_is(key, "q")) {
            range.quality = value;
        }
    }
    *at += **at == ',';
    return range;
}

/* "0", "0.0": not this one. */
static bool is_unwanted(const struct range *range)
{
    return range->quality.length > 0 && strspn(range->quality.text, "0.") >= range->quality.length;
}

static bool is_plain(const struct media *form)
{
    return form->as == NULL;
}

static bool range_is(const struct range *range, const struct media *form)
{
    if (is_plain(form)) {
        return range->as.length == 0 &&
               (piece_is(range->type, form->type) || piece_is(range->type, "application/*") ||
                piece_is(range->type, "*/*"));
    }
    return piece_is(range->type, form->type) && piece_is(range->as, form->as) &&
           piece_is(range->group, form->group) && piece_is(range->version, form->version);
}

size_t media_choose(const char *header, const struct media *forms, size_t count)
{
    const char *at = header == NULL ? "" : header;

    while (*at != '\0') {
        struct range range = next_range(&at);

        for (size_t i = 0; i < count && !is_unwanted(&range); i++) {
            if (range_is(&range, &forms[i])) {
                return i;
            }
        }
    }
    return 0;
}

const char *media_table(const char *header)
{
    static const char type[] = "application/json", group[] = "meta.k8s.io";
    static const struct media forms[] = {
        {type, NULL, NULL, NULL}, {type, "Table", group, "v1"}, {type, "Table", group, "v1beta1"}};
    static const char *const api_versions[] = {NULL, "meta.k8s.io/v1", "meta.k8s.io/v1beta1"};

    return api_versions[media_choose(header, forms, COUNT_OF(forms))];
}
