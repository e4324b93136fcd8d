#include "tools/fogctl/context.h"

#include "schema/limits.h"
#include "schema/yaml.h"

#include <errno.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#define DEFAULT_SERVER "http://127.0.0.1:7411"

char *file_read(struct arena *arena, const char *path, size_t limit_bytes, size_t *ret_size,
                struct err *err)
{
    FILE *file = str_eq(path, "-") ? stdin : fopen(path, "re");
    struct str text = STR_EMPTY;
    char buffer[8192];
    char *copy = NULL;
    size_t got;

    if (file == NULL) {
        (void)err_set(err, ERR_NOT_FOUND, "%s: %s", path, strerror(errno));
        return NULL;
    }
    while (text.length <= limit_bytes && (got = fread(buffer, 1, sizeof(buffer), file)) > 0) {
        str_add_bytes(&text, buffer, got);
    }
    if (ferror(file)) {
        (void)err_set(err, ERR_IO, "%s: %s", path, strerror(errno));
    } else if (text.length > limit_bytes) {
        (void)err_set(err, ERR_LIMIT, "%s: larger than %zu bytes", path, limit_bytes);
    } else {
        copy = arena_strndup(arena, text.data, text.length);
        *ret_size = text.length;
    }
    if (file != stdin) {
        (void)fclose(file);
    }
    str_fini(&text);
    return copy;
}

static const char *first_of(const char *a, const char *b, const char *c, const char *d)
{
    return !str_is_empty(a) ? a : !str_is_empty(b) ? b : !str_is_empty(c) ? c : d;
}

static const char *login_name(void)
{
    const struct passwd *passwd = getpwuid(getuid());

    return passwd == NULL ? "unknown" : passwd->pw_name;
}

struct node *context_entry(const struct node *root, const char *name)
{
    struct node *list = node_find(root, "contexts");

    for (size_t i = 0; list != NULL && list->type == NODE_LIST && i < list->list.count; i++) {
        if (str_eq(node_find_text(list->list.items[i], "name"), name)) {
            return list->list.items[i];
        }
    }
    return NULL;
}

/* The file need not be there, unless it was named. */
bool context_read(struct fogctl *fogctl, bool is_named, struct node **ret_root)
{
    struct problems problems;
    struct documents documents = {0};
    struct err err = ERR_NONE;
    size_t size;
    char *text;

    if (!is_named && access(fogctl->config, F_OK) != 0) {
        return true;
    }
    text = file_read(&fogctl->arena, fogctl->config, YAML_DOCUMENT_BYTES_MAX, &size, &err);
    if (text == NULL) {
        (void)fail("name a readable file with --config or FOGCTL_CONFIG", "%s", err.text);
        return false;
    }
    problems_init(&problems, &fogctl->arena, fogctl->config);
    if (yaml_parse(&fogctl->arena, text, size, &problems, &documents) < 0) {
        _cleanup_(str_fini)
        struct str lines = STR_EMPTY;

        problems_print(&problems, &lines);
        fputs(lines.data, stderr);
        return false;
    }
    *ret_root = documents.count > 0 ? documents.items[0] : NULL;
    if (*ret_root != NULL && (*ret_root)->type != NODE_MAP) {
        (void)fail("it holds currentContext, and the list contexts", "%s is no configuration",
                   fogctl->config);
        return false;
    }
    return true;
}

/* "host:port" will do, and a "/" at the end does no harm: paths begin with one. */
static const char *address_of(struct fogctl *fogctl, const char *server)
{
    bool is_whole = str_starts(server, "http://") || str_starts(server, "https://");
    char *address = arena_printf(&fogctl->arena, "%s%s", is_whole ? "" : "http://", server);

    for (size_t length = strlen(address); length > strlen("https://") && address[length - 1] == '/';
         length--) {
        address[length - 1] = '\0';
    }
    return address;
}

bool context_path(struct fogctl *fogctl, const char *config)
{
    const char *named = first_of(config, getenv("FOGCTL_CONFIG"), NULL, NULL);
    const char *home = getenv("HOME");

    fogctl->config = named != NULL ? named
                                   : arena_printf(&fogctl->arena, "%s/.config/fog/config.yaml",
                                                  home == NULL ? "" : home);
    return named != NULL;
}

static bool make_folders(char *path)
{
    for (char *slash = strchr(path + 1, '/'); slash != NULL; slash = strchr(slash + 1, '/')) {
        *slash = '\0';
        if (mkdir(path, 0700) != 0 && errno != EEXIST) {
            return false;
        }
        *slash = '/';
    }
    return true;
}

/* Nobody reads half of it, whenever we are ended. */
bool context_write(const struct fogctl *fogctl, const struct node *root)
{
    _cleanup_(str_fini)
    struct str text = STR_EMPTY, path = STR_EMPTY;
    FILE *file = NULL;
    int fd = -1;
    bool is_fine;

    yaml_emit(root, &text);
    str_addf(&path, "%s.XXXXXX", fogctl->config);
    is_fine = make_folders(path.data);
    fd = is_fine ? mkstemp(path.data) : -1; /* for its owner alone */
    file = fd < 0 ? NULL : fdopen(fd, "w");
    is_fine = file != NULL && fwrite(text.data, 1, text.length, file) == text.length;
    is_fine = is_fine && fflush(file) == 0 && fsync(fd) == 0;
    is_fine = (file == NULL || fclose(file) == 0) && is_fine;
    is_fine = is_fine && rename(path.data, fogctl->config) == 0;
    if (!is_fine) {
        (void)fail(NULL, "%s: %s", fogctl->config, strerror(errno));
        if (fd >= 0) {
            (void)unlink(path.data);
        }
    }
    str_fini(&path);
    return is_fine;
}

/* What is typed comes before the environment, and so does what a context says that is typed. */
static const char *setting_of(const char *typed, const char *variable, const char *of_context,
                              bool is_context_typed, const char *otherwise)
{
    const char *of_environment = getenv(variable);

    return is_context_typed ? first_of(typed, of_context, of_environment, otherwise)
                            : first_of(typed, of_environment, of_context, otherwise);
}

bool context_find(struct fogctl *fogctl, const char *config, const char *context,
                  const char *server, const char *user)
{
    const struct node *found;
    struct node *root = NULL;

    if (!context_read(fogctl, context_path(fogctl, config), &root)) {
        return false;
    }
    fogctl->context =
        first_of(context, getenv("FOGCTL_CONTEXT"), node_find_text(root, "currentContext"), NULL);
    found = fogctl->context == NULL ? NULL : context_entry(root, fogctl->context);
    if (fogctl->context != NULL && found == NULL) {
        (void)fail("fogctl config get-contexts lists those there are", "%s has no context \"%s\"",
                   fogctl->config, fogctl->context);
        return false;
    }
    fogctl->server = setting_of(server, "FOGCTL_SERVER", node_find_text(found, "server"),
                                !str_is_empty(context), DEFAULT_SERVER);
    fogctl->user = setting_of(user, "FOGCTL_USER", node_find_text(found, "user"),
                              !str_is_empty(context), login_name());
    fogctl->server = address_of(fogctl, fogctl->server);
    if (strstr(fogctl->server + strlen("http://"), "://") != NULL) {
        (void)fail("a URL of http or https, or HOST:PORT", "%s is no address of a controller",
                   fogctl->server + strlen("http://"));
        return false;
    }
    return true;
}
