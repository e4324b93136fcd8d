/* The agent does not read logs: it asks the shell to, passes on what comes, and drops lines when
 * the link does not keep up. */
#include "agent/core/logs.h"

#include "agent/core/model.h"
#include "schema/limits.h"

#include <assert.h>
#include <string.h>

static struct log_stream *find(struct logs *logs, uint64_t id)
{
    vec_each (logs, stream) {
        if (stream->id == id) {
            return stream;
        }
    }
    return NULL;
}

static void send_data(struct agt *agt, const struct wire_log_data *data)
{
    const struct wire_message message = {.type = WIRE_LOG_DATA, .log_data = *data};

    out_send(agt, &message, AGT_SEND_LOG, OUT_AT_ONCE);
}

static void refuse(struct agt *agt, uint64_t id, const char *why)
{
    const struct wire_log_data data = {.id = id, .end = true, .error = why};

    send_data(agt, &data);
}

void logs_on_request(struct agt *agt, const struct wire_log_request *request)
{
    const struct work *work = set_find(agt, request->uid);
    const struct log_stream stream = {.id = request->id};
    struct agt_effect *effect;

    if (find(&agt->logs, request->id) != NULL) {
        return; /* it came before */
    }
    if (work != NULL && work->run.generation == 0 && !work->run.is_open) {
        refuse(agt, request->id, "nothing of it ran on this agent yet");
        return;
    }
    if (agt->logs.count >= LOG_STREAMS_MAX) {
        refuse(agt, request->id, "too many logs of this agent are being read; end another first");
        return;
    }
    vec_add(&agt->logs, stream);
    /* Logs outlive their work: of what is not known here any more, the shell may still have one. */
    effect = out_add_run(agt, AGT_READ_LOG, OUT_AT_ONCE, request->uid,
                         work == NULL ? 0 : work->run.number);
    effect->log.id = request->id;
    effect->log.tail = request->tail;
    effect->log.follow = request->follow;
}

static void forget(struct logs *logs, uint64_t id)
{
    for (size_t i = 0; i < logs->count; i++) {
        if (logs->items[i].id == id) {
            vec_remove(logs, i);
            return;
        }
    }
}

void logs_on_cancel(struct agt *agt, const struct wire_log_cancel *cancel)
{
    if (find(&agt->logs, cancel->id) != NULL) {
        out_add(agt, AGT_STOP_LOG, OUT_AT_ONCE)->log.id = cancel->id;
        forget(&agt->logs, cancel->id);
    }
}

static int64_t count_lines(const char *text)
{
    int64_t lines = 0;

    for (const char *c = text; *c != '\0'; c++) {
        lines += *c == '\n';
    }
    return lines;
}

void logs_on_lines(struct agt *agt, const struct agt_event *event)
{
    struct log_stream *stream = find(&agt->logs, event->log.id);
    const char *text = event->log.data == NULL ? "" : event->log.data;
    size_t length = strlen(text);
    struct wire_log_data data = {
        .id = event->log.id, .end = event->log.end, .error = event->log.error};

    assert(length <= LOG_CHUNK_BYTES_MAX);
    if (stream == NULL || !link_is_welcomed(agt)) {
        return;
    }
    if (agt->logs.backlog_bytes + length > LOG_BACKLOG_BYTES_MAX) {
        stream->dropped += count_lines(text);
        text = "";
        length = 0;
    }
    data.end = event->log.end || event->log.error != NULL;
    if (length == 0 && !data.end) {
        return;
    }
    data.data = text;
    data.dropped = stream->dropped;
    stream->dropped = 0;
    agt->logs.backlog_bytes += length;
    send_data(agt, &data);
    if (data.end) {
        forget(&agt->logs, data.id);
    }
}

void logs_on_link_down(struct agt *agt)
{
    vec_each (&agt->logs, stream) {
        out_add(agt, AGT_STOP_LOG, OUT_AT_ONCE)->log.id = stream->id;
    }
    vec_clear(&agt->logs);
    agt->logs.backlog_bytes = 0;
}

void logs_on_drained(struct agt *agt)
{
    agt->logs.backlog_bytes = 0;
}
