/* A time becomes a revision once, so that everything that is then read is of one moment. */
#include "tools/fogctl/past.h"

#include "schema/base/parse.h"

/* What the controller says of its parameter is said of the option. */
static int moment_failed(struct fogctl *fogctl, const struct reply *reply, const char *parameter,
                         const char *option)
{
    const char *message = node_find_text(reply->root, "message");
    size_t length = strlen(parameter);

    if (reply->code != 400 || message == NULL || strncmp(message, parameter, length) != 0) {
        return reply_failed(reply);
    }
    return fail(NULL, "%s%s", option, text_shown(fogctl, message + length));
}

/* Of a list of then, which says what moment it is of; NULL after having said why there is none. */
static const struct node *read_moment(struct fogctl *fogctl, const char *parameter,
                                      const char *value, const char *option)
{
    struct request request = {
        .method = "GET",
        .path = arena_printf(&fogctl->arena, "/apis/fog/v1/harvestpolicies?limit=1&%s=%s",
                             parameter, url_escape(fogctl, value)),
    };
    struct reply reply;

    if (!http_call(fogctl, &request, &reply)) {
        return NULL;
    }
    if (reply.code != 200 || node_find(reply.root, "metadata") == NULL) {
        (void)moment_failed(fogctl, &reply, parameter, option);
        return NULL;
    }
    reply_warned(&reply);
    return node_find(reply.root, "metadata");
}

const char *past_revision(struct fogctl *fogctl, const char *time, const char *option)
{
    const struct node *meta = read_moment(fogctl, "atTime", time, option);

    return meta == NULL ? NULL : text_of(meta, "resourceVersion");
}

int past_begin(struct fogctl *fogctl, const struct verb *verb, const struct past_options *options)
{
    const struct node *meta;
    struct wall moment;
    uint64_t revision;

    if (options->at != NULL && options->revision != NULL) {
        return usage_error(verb, "--at and --at-revision: one of the two");
    }
    if (options->revision != NULL && !u64_from_str(options->revision, &revision)) {
        return usage_error(verb, "--at-revision: \"%s\" is not a number", options->revision);
    }
    if (options->at == NULL && options->revision == NULL) {
        return EXIT_DONE;
    }
    meta = options->at != NULL
               ? read_moment(fogctl, "atTime", options->at, "--at")
               : read_moment(fogctl, "atRevision", options->revision, "--at-revision");
    if (meta == NULL) {
        return EXIT_FAILED;
    }
    fogctl->at_revision = text_of(meta, "resourceVersion");
    fogctl->at_ms = wall_from_str(text_of(meta, "time"), &moment) ? moment.ms : 0;
    return EXIT_DONE;
}
