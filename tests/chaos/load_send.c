/* One operation: what goes out, what comes back, what is written down.
 *
 * What may be claimed about an outcome is decided here.  "fail" needs a refusal before which no
 * attempt was left open: a request whose answer was lost may be carried out after a later one of
 * the same key was refused. */
#include "tests/chaos/load.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum { ANSWER_MAX = 64 << 20, BACKOFF_MS = 150, END_PATIENCE_MS = 3000, REPEAT_ONE_IN = 25 };

enum outcome { OUTCOME_OK, OUTCOME_FAIL, OUTCOME_LATER, OUTCOME_LOST };

/* --- the log -----------------------------------------------------------------------------------
 */

static void write_line(const struct operator* self, json_t *line)
{
    char *text;
    size_t length;

    text = json_dumps(line, JSON_COMPACT);
    json_decref(line);
    if (text == NULL) {
        abort();
    }
    length = strlen(text);
    text[length] = '\n'; /* in place of the NUL: one write, one line */
    if (write(self->options->log_fd, text, length + 1) != (ssize_t)length + 1) {
        perror("fog-chaos-load: the log");
        _exit(3); /* what is not written down cannot be judged */
    }
    free(text);
}

static json_t *new_line(const struct operator* self, const struct operation *operation,
                        const char *type)
{
    return json_pack("{s:I, s:s, s:s, s:s, s:s}", "t", (json_int_t)load_now_ns(), "op",
                     operation->id, "who", self->who, "type", type, "verb", operation->verb);
}

static void log_invocation(const struct operator* self, const struct operation *operation)
{
    json_t *line = new_line(self, operation, "invoke");

    (void)json_object_set_new(line, "kind", json_string(operation->kind));
    if (operation->name[0] != '\0') {
        (void)json_object_set_new(line, "name", json_string(operation->name));
    }
    if (operation->key != NULL) {
        (void)json_object_set_new(line, "key", json_string(operation->key));
    }
    if (!operation->is_read) {
        (void)json_object_set_new(line, "value", json_string(operation->id));
    }
    if (operation->facts != NULL) {
        (void)json_object_update(line, operation->facts);
    }
    write_line(self, line);
}

static void put_text(json_t *line, const char *key, const json_t *text)
{
    if (json_is_string(text)) {
        (void)json_object_set_new(line, key, json_string(json_string_value(text)));
    }
}

/* FNV-1a: whether two texts are the same, not a proof against anybody. */
static json_t *hash_of(const char *text, size_t length)
{
    uint64_t hash = 0xcbf29ce484222325;
    char hex[17];

    for (size_t i = 0; i < length; i++) {
        hash = (hash ^ (uint8_t)text[i]) * 0x100000001b3;
    }
    (void)snprintf(hex, sizeof(hex), "%016" PRIx64, hash);
    return json_string(hex);
}

/* What identifies a version: rv, uid, value, spec. */
static void put_version(json_t *line, const json_t *object)
{
    const json_t *metadata = json_object_get(object, "metadata");
    const json_t *spec = json_object_get(object, "spec");
    char *text = spec == NULL ? NULL : json_dumps(spec, JSON_COMPACT | JSON_SORT_KEYS);

    put_text(line, "rv", json_object_get(metadata, "resourceVersion"));
    put_text(line, "uid", json_object_get(metadata, "uid"));
    put_text(line, "value",
             json_object_get(json_object_get(metadata, "annotations"), "chaos/value"));
    if (text != NULL) {
        (void)json_object_set_new(line, "spec", hash_of(text, strlen(text)));
    }
    free(text);
}

static json_t *new_item(const json_t *object)
{
    json_t *item = json_object();

    put_text(item, "name", json_object_get(json_object_get(object, "metadata"), "name"));
    put_version(item, object);
    return item;
}

static void put_items(json_t *line, const json_t *answer)
{
    const json_t *results = json_object_get(json_object_get(answer, "status"), "results");
    json_t *items = json_array();
    const json_t *each;
    size_t i;

    json_array_foreach(json_object_get(answer, "items"), i, each)
    {
        (void)json_array_append_new(items, new_item(each));
    }
    json_array_foreach(results, i, each)
    {
        json_t *item = new_item(json_object_get(each, "object"));

        put_text(item, "kind", json_object_get(each, "kind"));
        put_text(item, "name", json_object_get(each, "name"));
        put_text(item, "result", json_object_get(each, "result"));
        (void)json_array_append_new(items, item);
    }
    (void)json_object_set_new(line, "items", items);
}

static void log_end(const struct operator* self, const struct operation *operation,
                    const char *type, const struct answer *answer, int attempts)
{
    json_t *line = new_line(self, operation, type);
    bool is_good = answer->code >= 200 && answer->code < 300;

    (void)json_object_set_new(line, "code", json_integer(answer->code));
    (void)json_object_set_new(line, "attempts", json_integer(attempts));
    if (is_good && (json_object_get(answer->json, "items") != NULL ||
                    json_object_get(json_object_get(answer->json, "status"), "results") != NULL)) {
        put_text(line, "rv",
                 json_object_get(json_object_get(answer->json, "metadata"), "resourceVersion"));
        put_items(line, answer->json);
    } else if (is_good) {
        put_version(line, answer->json);
    } else {
        put_text(line, "reason", json_object_get(answer->json, "reason"));
        put_text(line, "message", json_object_get(answer->json, "message"));
    }
    if (answer->code != 0) {
        (void)json_object_set_new(line, "body", hash_of(answer->text, answer->length));
    }
    write_line(self, line);
}

/* --- one attempt -------------------------------------------------------------------------------
 */

static size_t on_bytes(char *bytes, size_t size, size_t count, void *context)
{
    struct answer *answer = context;
    size_t more = size * count;

    if (more > ANSWER_MAX - answer->length) {
        return 0;
    }
    answer->text = realloc(answer->text, answer->length + more + 1);
    if (answer->text == NULL) {
        abort();
    }
    memcpy(answer->text + answer->length, bytes, more);
    answer->length += more;
    answer->text[answer->length] = '\0';
    return more;
}

static void answer_fini(struct answer *answer)
{
    free(answer->text);
    json_decref(answer->json);
    *answer = (struct answer){0};
}

static struct curl_slist *add_header(struct curl_slist *list, const char *name, const char *value)
{
    char line[2 * LOAD_URL_SIZE];

    (void)snprintf(line, sizeof(line), "%s: %s", name, value);
    return curl_slist_append(list, line);
}

static struct curl_slist *make_headers(const struct operator* self,
                                       const struct operation *operation)
{
    struct curl_slist *list = add_header(NULL, "Fog-User", self->who);
    char token[LOAD_URL_SIZE];

    list = add_header(list, "Fog-Change-Cause", operation->id);
    list = add_header(list, "Content-Type",
                      operation->type == NULL ? "application/json" : operation->type);
    if (operation->key != NULL) {
        list = add_header(list, "Idempotency-Key", operation->key);
    }
    if (self->options->token != NULL) {
        (void)snprintf(token, sizeof(token), "Bearer %s", self->options->token);
        list = add_header(list, "Authorization", token);
    }
    return list;
}

static void attempt(struct operator* self, const struct operation *operation, const char *body,
                    struct answer *ret_answer)
{
    struct curl_slist *headers = make_headers(self, operation);
    CURL *curl = self->curl;
    char url[2 * LOAD_URL_SIZE];

    *ret_answer = (struct answer){0};
    curl_easy_reset(curl); /* keeps its connections */
    (void)snprintf(url, sizeof(url), "%s%s", self->options->url, operation->path);
    (void)curl_easy_setopt(curl, CURLOPT_URL, url);
    (void)curl_easy_setopt(curl, CURLOPT_CUSTOMREQUEST, operation->method);
    (void)curl_easy_setopt(curl, CURLOPT_HTTPHEADER, headers);
    (void)curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
    (void)curl_easy_setopt(curl, CURLOPT_TIMEOUT_MS, (long)self->options->timeout_ms);
    (void)curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, on_bytes);
    (void)curl_easy_setopt(curl, CURLOPT_WRITEDATA, ret_answer);
    if (body != NULL) {
        (void)curl_easy_setopt(curl, CURLOPT_POSTFIELDS, body);
    }
    if (self->options->password != NULL) {
        (void)curl_easy_setopt(curl, CURLOPT_USERNAME, self->who);
        (void)curl_easy_setopt(curl, CURLOPT_PASSWORD, self->options->password);
    }
    if (curl_easy_perform(curl) == CURLE_OK) {
        (void)curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &ret_answer->code);
        ret_answer->json = json_loadb(ret_answer->text == NULL ? "" : ret_answer->text,
                                      ret_answer->length, 0, NULL);
    }
    curl_slist_free_all(headers);
    self->counts.attempts++;
}

/* An answer that is no JSON is none: something else than the controller gave it. */
static enum outcome outcome_of(const struct operation *operation, const struct answer *answer)
{
    if (answer->code == 429) {
        return OUTCOME_LATER;
    }
    if (answer->code < 200 || answer->code >= 500 || answer->json == NULL) {
        return OUTCOME_LOST;
    }
    if (answer->code < 300 || (answer->code == 404 && strcmp(operation->verb, "get") == 0)) {
        return OUTCOME_OK;
    }
    return OUTCOME_FAIL;
}

/* --- until it is known -------------------------------------------------------------------------
 */

static int64_t patience_of(const struct operator* self)
{
    return load_ends && self->options->patience_ms > END_PATIENCE_MS ? END_PATIENCE_MS
                                                                     : self->options->patience_ms;
}

static const char *send_until_known(struct operator* self, const struct operation *operation,
                                    const char *body, struct answer *answer, int *ret_attempts)
{
    int64_t begin = load_now_ns();
    bool was_lost = false;

    for (*ret_attempts = 1;; ++*ret_attempts) {
        enum outcome outcome;

        attempt(self, operation, body, answer);
        outcome = outcome_of(operation, answer);
        if (outcome == OUTCOME_OK) {
            return "ok";
        }
        if (outcome == OUTCOME_FAIL && !was_lost) {
            return "fail";
        }
        if (outcome == OUTCOME_FAIL) {
            return "unknown";
        }
        was_lost = was_lost || outcome == OUTCOME_LOST;
        if ((load_now_ns() - begin) / 1000000 >= patience_of(self)) {
            return operation->is_read || !was_lost ? "fail" : "unknown";
        }
        answer_fini(answer);
        load_doze_ms(BACKOFF_MS + (int64_t)load_draw(self, BACKOFF_MS));
    }
}

static void repeat(struct operator* self, const struct operation *operation, const char *body)
{
    struct answer answer;

    attempt(self, operation, body, &answer);
    if (outcome_of(operation, &answer) == OUTCOME_OK ||
        outcome_of(operation, &answer) == OUTCOME_FAIL) {
        log_end(self, operation, "repeat", &answer, 1);
        self->counts.repeats++;
    }
    answer_fini(&answer);
}

static void keep(struct operator* self, const struct operation *operation, const char *body)
{
    struct kept *kept = &self->kept[self->kept_count++ % LOAD_KEPT_MAX];

    free(kept->body);
    *kept = (struct kept){.verb = operation->verb,
                          .method = operation->method,
                          .type = operation->type,
                          .body = body == NULL ? NULL : strdup(body)};
    memcpy(kept->id, operation->id, sizeof(kept->id));
    memcpy(kept->path, operation->path, sizeof(kept->path));
}

void load_repeat_kept(struct operator* self)
{
    size_t count = self->kept_count < LOAD_KEPT_MAX ? self->kept_count : LOAD_KEPT_MAX;
    const struct kept *kept = count == 0 ? NULL : &self->kept[load_draw(self, count)];
    struct operation operation = {0};

    if (kept != NULL) {
        operation.verb = kept->verb;
        operation.method = kept->method;
        operation.type = kept->type;
        operation.key = kept->id;
        memcpy(operation.id, kept->id, sizeof(operation.id));
        memcpy(operation.path, kept->path, sizeof(operation.path));
        repeat(self, &operation, kept->body);
    }
}

static void count(struct operator* self, const struct operation *operation, const char *type)
{
    if (strcmp(type, "ok") == 0) {
        self->counts.ok++;
        self->counts.reads += operation->is_read;
    } else if (strcmp(type, "fail") == 0) {
        self->counts.fail++;
    } else {
        self->counts.unknown++;
    }
}

void load_perform(struct operator* self, struct operation *operation, json_t **ret_object)
{
    char *body = operation->body == NULL ? NULL : json_dumps(operation->body, JSON_COMPACT);
    struct answer answer;
    const char *type;
    int attempts;

    *ret_object = NULL;
    log_invocation(self, operation);
    type = send_until_known(self, operation, body, &answer, &attempts);
    log_end(self, operation, type, &answer, attempts);
    count(self, operation, type);
    if (strcmp(type, "ok") == 0 && operation->key == operation->id) {
        keep(self, operation, body);
        if (load_draw(self, REPEAT_ONE_IN) == 0) {
            repeat(self, operation, body);
        }
    }
    if (strcmp(type, "ok") == 0 && answer.code < 300) {
        *ret_object = json_incref(answer.json);
    }
    answer_fini(&answer);
    free(body);
    json_decref(operation->body);
    json_decref(operation->facts);
    operation->body = operation->facts = NULL;
}
