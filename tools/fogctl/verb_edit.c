/* edit: one object in an editor.
 *
 * What is wrong comes back on top of the text, as comments, until it is right or nothing new is
 * saved; then the file is kept, and said where.  The object is replaced only as the one that was
 * read: when somebody else changed it meanwhile, the edit fails.  Changes of its status do not
 * count: they go on all the time. */
#include "schema/bind.h"
#include "schema/check.h"
#include "schema/limits.h"
#include "schema/yaml.h"
#include "tools/fogctl/context.h"
#include "tools/fogctl/patches.h"

#include <errno.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

enum { EDIT_TRIES_MAX = 5 };

static struct texts opt_files;
static struct writing opt_writing;

static const struct option_row rows[] = {FILES_ROW(opt_files), WRITING_ROWS(opt_writing)};

static const struct option_row *options(size_t *ret_count)
{
    *ret_count = COUNT_OF(rows);
    return rows;
}

static int edit(struct fogctl *fogctl, struct texts *words);

const struct verb verb_edit = {
    "edit",
    "change one object in an editor ($FOG_EDITOR, $VISUAL, $EDITOR, else vi)",
    "edit KIND/NAME | KIND NAME | -f FILE",
    "  fogctl edit hs/render\n"
    "  EDITOR='code --wait' fogctl edit hp/quiet --change-cause \"it is winter\"\n",
    options,
    edit,
};

struct editing {
    struct fogctl *fogctl;
    struct target target;
    const char *path;     /* of the file */
    const char *original; /* text of the object, without comments */
    const char *saved;    /* as it was saved last */
    const char *revision; /* that it is to replace */
    struct str problems;  /* comments on top; empty: nothing is wrong yet */
};

static const char *shown(struct editing *editing, const struct node *object)
{
    _cleanup_(str_fini)
    struct str text = STR_EMPTY;

    yaml_emit(without_noise(editing->fogctl, object, false), &text);
    return arena_strdup(&editing->fogctl->arena, text.data);
}

/* --- the file --------------------------------------------------------------------------------- */

static bool make_file(struct editing *editing)
{
    const char *folder = getenv("TMPDIR");
    char *path = arena_printf(&editing->fogctl->arena, "%s/fogctl-edit-XXXXXX.yaml",
                              str_is_empty(folder) ? "/tmp" : folder);
    int fd = mkstemps(path, (int)strlen(".yaml"));

    if (fd < 0) {
        (void)fail(NULL, "%s: %s", path, strerror(errno));
        return false;
    }
    (void)close(fd);
    editing->path = path;
    return true;
}

static bool write_file(const struct editing *editing, const char *text)
{
    FILE *file = fopen(editing->path, "we");
    bool is_fine = file != NULL;

    if (is_fine) {
        fprintf(file,
                "# Lines above the object that begin with \"#\" are ignored; an empty file cancels "
                "the edit.\n#\n%s%s",
                editing->problems.length == 0 ? "" : editing->problems.data, text);
        is_fine = ferror(file) == 0;
        is_fine = fclose(file) == 0 && is_fine;
    }
    if (!is_fine) {
        (void)fail(NULL, "%s: %s", editing->path, strerror(errno));
    }
    return is_fine;
}

/* What was saved, without the comments on top; NULL after having said why not. */
static const char *read_file(const struct editing *editing)
{
    struct err err = ERR_NONE;
    size_t size = 0;
    const char *text =
        file_read(&editing->fogctl->arena, editing->path, OBJECT_BYTES_MAX, &size, &err);

    if (text == NULL) {
        (void)fail(NULL, "%s", err.text);
        return NULL;
    }
    while (*text == '#') {
        text += strcspn(text, "\n");
        text += *text == '\n';
    }
    return text;
}

/* --- the editor ------------------------------------------------------------------------------- */

static const char *editor(void)
{
    static const char *const names[] = {"FOG_EDITOR", "VISUAL", "EDITOR"};

    for (size_t i = 0; i < COUNT_OF(names); i++) {
        if (!str_is_empty(getenv(names[i]))) {
            return getenv(names[i]);
        }
    }
    return "vi";
}

/* As others do it: through the shell, which knows quotes.  What is typed at it is meant for it. */
static bool run_editor(const struct editing *editing)
{
    const char *command = arena_printf(&editing->fogctl->arena, "%s \"$1\"", editor());
    char *arguments[] = {(char *)"sh",     (char *)"-c",          (char *)command,
                         (char *)"fogctl", (char *)editing->path, NULL};
    posix_spawnattr_t attributes;
    sigset_t interrupt;
    void (*before)(int) = signal(SIGINT, SIG_IGN);
    int result, status = 0;
    pid_t child;

    (void)fflush(stdout);
    (void)sigemptyset(&interrupt);
    (void)sigaddset(&interrupt, SIGINT);
    (void)posix_spawnattr_init(&attributes);
    (void)posix_spawnattr_setsigdefault(&attributes, &interrupt);
    (void)posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGDEF);
    result = posix_spawn(&child, "/bin/sh", NULL, &attributes, arguments, environ);
    (void)posix_spawnattr_destroy(&attributes);
    while (result == 0 && waitpid(child, &status, 0) < 0 && errno == EINTR) {}
    (void)signal(SIGINT, before);
    if (result != 0 || status != 0) {
        (void)fail("it is what FOG_EDITOR, VISUAL or EDITOR says, else vi", "the editor \"%s\" %s",
                   editor(), result != 0 ? strerror(result) : "ended with an error");
        return false;
    }
    return true;
}

/* --- what is wrong ---------------------------------------------------------------------------- */

static void object_to(struct editing *editing, const char *path, const char *message)
{
    str_addf(&editing->problems, "# %s%s%s\n", path, str_is_empty(path) ? "" : ": ", message);
}

/* NULL: it is noted what is wrong. */
static struct node *parse(struct editing *editing)
{
    struct arena *arena = &editing->fogctl->arena;
    const struct kind *kind = editing->target.kind;
    struct documents found = {0};
    struct problems problems;
    struct object *object = NULL;
    struct node *root;

    problems_init(&problems, arena, NULL);
    (void)yaml_parse(arena, editing->saved, strlen(editing->saved), &problems, &found);
    root = found.count == 1 ? found.items[0] : NULL;
    if (problems.errors == 0 && found.count != 1) {
        object_to(editing, "", "there is to be one object");
    } else if (problems.errors == 0 &&
               (bind_kind(root, &problems) != kind ||
                !str_eq(text_of(node_find(root, "metadata"), "name"), editing->target.name))) {
        object_to(editing, "", "kind and name of what is edited cannot be changed");
    } else if (problems.errors == 0) {
        object = bind_object(kind, root, BIND_STRICT, &problems);
        if (object != NULL) {
            check_semantic(object, NULL, root, NULL, &problems);
            object_unref(object);
        }
    }
    for (size_t i = 0; i < problems.count; i++) {
        if (problems.items[i].severity == PROBLEM_ERROR) {
            object_to(editing, problems.items[i].path, problems.items[i].message);
        }
    }
    return editing->problems.length == 0 ? root : NULL;
}

static void note_refusal(struct editing *editing, const struct reply *reply)
{
    const struct node *causes = node_find_path(reply->root, "details.causes");

    for (size_t i = 0; i < list_count(causes); i++) {
        object_to(editing, text_of(causes->list.items[i], "field"),
                  text_of(causes->list.items[i], "message"));
    }
    if (list_count(causes) == 0) {
        object_to(editing, "", text_of(reply->root, "message"));
    }
}

/* --- writing it back -------------------------------------------------------------------------- */

enum sent { SENT_DONE, SENT_REFUSED, SENT_FAILED };

/* Only its status has changed since: the object that was edited is still the newest. */
static bool is_still_the_same(struct editing *editing)
{
    struct node *object = http_get(
        editing->fogctl, kind_path(editing->fogctl, editing->target.kind, editing->target.name));

    if (object == NULL || !str_eq(shown(editing, object), editing->original)) {
        return false;
    }
    editing->revision = text_of(node_find(object, "metadata"), "resourceVersion");
    return true;
}

static enum sent send_back(struct editing *editing, struct node *root)
{
    static const struct patched_words said = {"edited", "unchanged"};
    struct fogctl *fogctl = editing->fogctl;

    for (int tries = 0; tries < EDIT_TRIES_MAX; tries++) {
        struct patches patches;
        struct reply reply;

        patches_init(fogctl, &opt_writing, &patches);
        node_set(&fogctl->arena, node_find(root, "metadata"), "resourceVersion",
                 node_str(&fogctl->arena, editing->revision));
        patches_add_object(&patches, "replace", root);
        if (!patches_send(&patches, false, &reply)) {
            return SENT_FAILED;
        }
        if (reply.code == 200) {
            return patches_print(&patches, &reply, &said) == EXIT_DONE ? SENT_DONE : SENT_FAILED;
        }
        if (reply.code == 422 || reply.code == 400) {
            note_refusal(editing, &reply);
            return SENT_REFUSED;
        }
        if (reply.code != 409 || !is_still_the_same(editing)) {
            (void)reply_failed(&reply);
            return SENT_FAILED;
        }
    }
    (void)fail(NULL, "it changes faster than it can be written");
    return SENT_FAILED;
}

/* --- round by round --------------------------------------------------------------------------- */

static int keep_file(const struct editing *editing)
{
    fprintf(stderr, "  what you saved is kept in %s\n", editing->path);
    return EXIT_FAILED;
}

/* Twice the same: what is wrong with it is in the file, and said here, too. */
static int give_up(struct editing *editing)
{
    char *text = editing->problems.data;

    for (size_t i = 0; i < editing->problems.length; i++) {
        text[i] = text[i] == '#' && (i == 0 || text[i - 1] == '\n') ? ' ' : text[i];
    }
    (void)fail(NULL, "nothing that is valid was saved");
    text_put_lines(stderr, text);
    return keep_file(editing);
}

static int edit_file(struct editing *editing)
{
    const char *text = editing->original;

    for (;;) {
        enum sent sent = SENT_REFUSED;
        struct node *root;

        if (!write_file(editing, text) || !run_editor(editing)) {
            return keep_file(editing);
        }
        editing->saved = read_file(editing);
        if (editing->saved == NULL) {
            return keep_file(editing);
        }
        if (str_eq(editing->saved, text) && editing->problems.length > 0) {
            return give_up(editing);
        }
        if (str_eq(editing->saved, editing->original) ||
            editing->saved[strspn(editing->saved, " \t\r\n")] == '\0') {
            fputs("Edit cancelled, no changes made.\n", stderr);
            (void)unlink(editing->path);
            return EXIT_DONE;
        }
        str_clear(&editing->problems);
        root = parse(editing);
        if (root != NULL) {
            sent = send_back(editing, root);
        }
        if (sent == SENT_DONE) {
            (void)unlink(editing->path);
            return EXIT_DONE;
        }
        if (sent == SENT_FAILED) {
            return keep_file(editing);
        }
        text = editing->saved;
    }
}

static int edit(struct fogctl *fogctl, struct texts *words)
{
    struct editing editing = {.fogctl = fogctl, .problems = STR_EMPTY};
    struct targets targets = {0};
    struct node *object;
    int code;

    if (words->count + opt_files.count == 0) {
        return usage_error(&verb_edit, "which object?");
    }
    if (writing_check(fogctl, &verb_edit, &opt_writing, false) != EXIT_DONE) {
        return EXIT_USAGE;
    }
    code = targets_given(fogctl, &verb_edit, words, &opt_files, &targets);
    if (code != EXIT_DONE) {
        /* it was said */
    } else if (targets.count != 1 || targets.items[0].name == NULL) {
        code = usage_error(&verb_edit, "one object at a time, as in hs/render");
    } else {
        code = EXIT_FAILED;
        editing.target = targets.items[0];
        object = http_get(fogctl, kind_path(fogctl, editing.target.kind, editing.target.name));
        if (object != NULL && make_file(&editing)) {
            editing.original = shown(&editing, object);
            editing.revision = text_of(node_find(object, "metadata"), "resourceVersion");
            code = edit_file(&editing);
        }
    }
    str_fini(&editing.problems);
    vec_fini(&targets);
    vec_fini(&opt_files);
    return code;
}
