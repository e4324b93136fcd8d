/* The proxy's commands, as JSON. */
#include "tests/chaos/proxy.h"

#include <jansson.h>

static const char *text_of(const json_t *command, const char *key)
{
    return json_string_value(json_object_get(command, key));
}

static int64_t number_of(const json_t *command, const char *key)
{
    return json_integer_value(json_object_get(command, key));
}

static bool ways_of(const json_t *command, enum way_index *ret_first, enum way_index *ret_last)
{
    const char *way = text_of(command, "way");

    *ret_first = str_eq(way, "down") ? WAY_DOWN : WAY_UP;
    *ret_last = str_eq(way, "up") ? WAY_UP : WAY_DOWN;
    return way == NULL || str_eq(way, "up") || str_eq(way, "down") || str_eq(way, "both");
}

static int do_link(struct proxy *proxy, const json_t *command, json_t *answer, struct err *err)
{
    int port = 0;
    int failed = proxy_add(proxy, text_of(command, "name"), text_of(command, "listen"),
                           text_of(command, "to"), &port, err);

    if (failed == 0) {
        (void)json_object_set_new(answer, "port", json_integer(port));
    }
    return failed;
}

static void apply(struct proxy_link *link, const json_t *command, bool heals, bool has_class,
                  enum fault fault, enum way_index way)
{
    struct rule rule = {
        .ms = number_of(command, "ms"),
        .jitter_ms = number_of(command, "jitter_ms"),
        .every = number_of(command, "every"),
        .size = number_of(command, "size"),
    };

    for (int i = 0; i < FAULTS; i++) {
        if (has_class && i != (int)fault) {
            continue;
        }
        if (heals) {
            proxy_heal(link, way, (enum fault)i);
        } else {
            proxy_fault(link, way, (enum fault)i, rule);
        }
    }
}

static int do_fault(struct proxy *proxy, const json_t *command, bool heals, struct err *err)
{
    const char *name = text_of(command, "link"), *class = text_of(command, "class");
    enum way_index first, last;
    enum fault fault = FAULT_BLACKHOLE;

    if (!ways_of(command, &first, &last)) {
        return err_set(err, ERR_INVALID, "a way is up, down or both");
    }
    if (!(heals && class == NULL) && !fault_from_str(class, &fault)) {
        return err_set(err, ERR_INVALID, "\"%s\" is no class of faults", class ? class : "");
    }
    if (!str_eq(name, "*") && proxy_find(proxy, name) == NULL) {
        return err_set(err, ERR_INVALID, "there is no link \"%s\"", name ? name : "");
    }
    dlist_each (&proxy->links, struct proxy_link, link, it) {
        if (!str_eq(name, "*") && !str_eq(name, it->name)) {
            continue;
        }
        for (int way = first; way <= (int)last; way++) {
            apply(it, command, heals, class != NULL, fault, (enum way_index)way);
        }
    }
    return 0;
}

static json_t *stats_of(const struct proxy_link *link)
{
    json_t *fired = json_object();
    size_t open = 0;

    for (int i = 0; i < FAULTS; i++) {
        uint64_t count = link->ways[WAY_UP].fired[i] + link->ways[WAY_DOWN].fired[i];

        if (count > 0) {
            (void)json_object_set_new(fired, fault_to_str((enum fault)i),
                                      json_integer((json_int_t)count));
        }
    }
    for (const struct dlist *it = link->tunnels.next; it != &link->tunnels; it = it->next) {
        open++;
    }
    return json_pack("{s:s, s:I, s:I, s:I, s:I, s:o}", "name", link->name, "connections",
                     (json_int_t)link->connections, "open", (json_int_t)open, "up",
                     (json_int_t)link->ways[WAY_UP].bytes, "down",
                     (json_int_t)link->ways[WAY_DOWN].bytes, "fired", fired);
}

static void do_stats(const struct proxy *proxy, json_t *answer)
{
    json_t *links = json_array();

    dlist_each (&proxy->links, struct proxy_link, link, it) {
        (void)json_array_append_new(links, stats_of(it));
    }
    (void)json_object_set_new(answer, "links", links);
}

static int obey(struct proxy *proxy, const json_t *command, json_t *answer, struct err *err)
{
    const char *verb = text_of(command, "do");

    if (str_eq(verb, "link")) {
        return do_link(proxy, command, answer, err);
    }
    if (str_eq(verb, "fault") || str_eq(verb, "heal")) {
        return do_fault(proxy, command, str_eq(verb, "heal"), err);
    }
    if (str_eq(verb, "stats")) {
        do_stats(proxy, answer);
        return 0;
    }
    return err_set(err, ERR_INVALID, "do is link, fault, heal or stats");
}

void proxy_command(struct proxy *proxy, const char *line, size_t length, struct str *answer)
{
    struct err err = ERR_NONE;
    json_t *command = json_loadb(line, length, 0, NULL);
    json_t *said = json_object();
    int failed = command == NULL ? err_set(&err, ERR_INVALID, "not a line of JSON")
                                 : obey(proxy, command, said, &err);
    char *text;

    (void)json_object_set_new(said, "ok", json_boolean(failed == 0));
    if (failed != 0) {
        (void)json_object_set_new(said, "error", json_string(err.text));
    }
    text = json_dumps(said, JSON_COMPACT);
    str_add(answer, text);
    free(text);
    json_decref(said);
    json_decref(command);
}
