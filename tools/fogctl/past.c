/* A time becomes a revision once, so that everything that is then read is of one moment. */
#include "tools/fogctl/past.h"

#include "schema/base/parse.h"

const char *past_revision(struct fogctl *fogctl, const char *time)
{
    const struct node *page = http_get(
        fogctl, arena_printf(&fogctl->arena, "/apis/fog/v1/harvestpolicies?limit=1&atTime=%s",
                             url_escape(fogctl, time)));

    return page == NULL ? NULL : text_of(node_find(page, "metadata"), "resourceVersion");
}

int past_begin(struct fogctl *fogctl, const struct verb *verb, const struct past_options *options)
{
    uint64_t revision;

    if (options->at != NULL && options->revision != NULL) {
        return usage_error(verb, "--at and --at-revision: one of the two");
    }
    if (options->at != NULL) {
        fogctl->at_revision = past_revision(fogctl, options->at);
        return fogctl->at_revision == NULL ? EXIT_FAILED : EXIT_DONE;
    }
    if (options->revision != NULL && !u64_from_str(options->revision, &revision)) {
        return usage_error(verb, "--at-revision: \"%s\" is not a number", options->revision);
    }
    fogctl->at_revision = options->revision;
    return EXIT_DONE;
}
