/* Is the connection paid by volume?  NetworkManager knows, and its state and profiles are files:
 * the interface of the default route, the profile that is active on it, that profile's `metered`.
 * Where the profile does not say, a modem is metered, as NetworkManager itself guesses.  Where
 * nothing says, there is no such sensor. */
#include "agent/io/sensors_inner.h"

#include "agent/shim/file.h"
#include "schema/base/parse.h"

#include <fcntl.h>
#include <limits.h>
#include <net/if.h>
#include <unistd.h>

enum { RESCAN_MS = 10 * 1000, PATH_SIZE = 128, ROUTE_WORDS = 10 };

/* --- which interface ----------------------------------------------------------------------------
 */

static size_t split(char *line, char *words[static ROUTE_WORDS])
{
    char *rest = NULL;
    size_t count = 0;

    for (char *word = strtok_r(line, " \t", &rest); word != NULL && count < ROUTE_WORDS;
         word = strtok_r(NULL, " \t", &rest)) {
        words[count++] = word;
    }
    return count;
}

/* "eth0 00000000 0102A8C0 0003 0 0 100 00000000 …" */
static bool is_default_4(char *words[static ROUTE_WORDS], size_t count)
{
    return count >= 8 && str_eq(words[1], "00000000") && str_eq(words[7], "00000000");
}

/* "0…0 00 0…0 00 gateway metric references use flags eth0"; what is unreachable goes to lo. */
static bool is_default_6(char *words[static ROUTE_WORDS], size_t count)
{
    return count == 10 && strspn(words[0], "0") == 32 && str_eq(words[1], "00") &&
           !str_eq(words[9], "lo");
}

/* That with the lowest metric. */
static bool find_route(int root_fd, bool is_6, char interface[static IF_NAMESIZE])
{
    char text[ATTRIBUTE_SIZE], *rest = text, *words[ROUTE_WORDS];
    long best = LONG_MAX;

    if (attribute_head(root_fd, is_6 ? "proc/net/ipv6_route" : "proc/net/route", text,
                       sizeof(text)) != 0) {
        return false;
    }
    while (rest != NULL) {
        size_t count = split(strsep(&rest, "\n"), words);

        if (is_6 ? is_default_6(words, count) : is_default_4(words, count)) {
            long metric = strtol(words[is_6 ? 5 : 6], NULL, is_6 ? 16 : 10);

            if (metric < best) {
                best = metric;
                (void)snprintf(interface, IF_NAMESIZE, "%s", words[is_6 ? 9 : 0]);
            }
        }
    }
    return best < LONG_MAX && strchr(interface, '/') == NULL && interface[0] != '.';
}

/* --- which profile ------------------------------------------------------------------------------
 */

/* The value of the first line "key=value"; texts as NetworkManager writes them. */
static bool find_value(char *text, const char *key, char *to, size_t size_bytes)
{
    size_t length = strlen(key);

    for (char *rest = text; rest != NULL;) {
        const char *line = strsep(&rest, "\n");

        if (str_starts(line, key) && line[length] == '=') {
            (void)snprintf(to, size_bytes, "%s", line + length + 1);
            return true;
        }
    }
    return false;
}

/* Profiles hold passwords, too: they do not stay in our memory. */
static bool read_value(int dir_fd, const char *path, const char *key, char *to, size_t size_bytes)
{
    char text[ATTRIBUTE_SIZE];
    bool found = attribute_head(dir_fd, path, text, sizeof(text)) == 0 &&
                 find_value(text, key, to, size_bytes);

    explicit_bzero(text, sizeof(text));
    return found;
}

static void take_profile(struct sensor_reader *reader, void *data, int dir_fd, const char *name)
{
    char value[PATH_SIZE];

    (void)data;
    if (faccessat(dir_fd, name, R_OK, AT_EACCESS) < 0 && errno == EACCES) {
        reader->profile.is_hidden = true;
    }
    if (reader->profile.state == READING_KNOWN ||
        !read_value(dir_fd, name, "uuid", value, sizeof(value)) ||
        !str_eq(value, reader->profile.uuid) ||
        !read_value(dir_fd, name, "metered", value, sizeof(value))) {
        return;
    }
    if (str_eq(value, "1") || str_eq(value, "yes") || str_eq(value, "true")) {
        reader->profile.state = READING_KNOWN;
        reader->profile.is_metered = true;
    } else if (str_eq(value, "2") || str_eq(value, "no") || str_eq(value, "false")) {
        reader->profile.state = READING_KNOWN;
        reader->profile.is_metered = false;
    }
}

/* Profiles are many and change rarely: looked through now and then, and when another is active. */
static void look_up_profile(struct sensor_reader *reader, const char *uuid)
{
    static const char *const folders[] = {"run/NetworkManager/system-connections",
                                          "etc/NetworkManager/system-connections",
                                          "usr/lib/NetworkManager/system-connections"};

    if (str_eq(uuid, reader->profile.uuid) && !mono_is_due(reader->profile.rescan, reader->now)) {
        return;
    }
    (void)snprintf(reader->profile.uuid, sizeof(reader->profile.uuid), "%s", uuid);
    reader->profile.rescan = mono_after(reader->now, RESCAN_MS);
    reader->profile.state = READING_NONE;
    reader->profile.is_hidden = false;
    for (size_t i = 0; i < COUNT_OF(folders); i++) {
        if (each_entry(reader, reader->root_fd, folders[i], take_profile, NULL) == EACCES) {
            reader->profile.is_hidden = true;
        }
    }
}

/* --- the reading --------------------------------------------------------------------------------
 */

static bool is_modem(int root_fd, const char *interface)
{
    char path[PATH_SIZE], type[PATH_SIZE];

    (void)snprintf(path, sizeof(path), "sys/class/net/%s/uevent", interface);
    return read_value(root_fd, path, "DEVTYPE", type, sizeof(type)) &&
           (str_eq(type, "wwan") || str_eq(type, "bluetooth"));
}

void sensors_read_network(struct sensor_reader *reader, struct readings *readings)
{
    char interface[IF_NAMESIZE], path[PATH_SIZE], uuid[UUID_SIZE];
    int64_t index;

    if (!find_route(reader->root_fd, false, interface) &&
        !find_route(reader->root_fd, true, interface)) {
        note_set(reader, SENSOR_METERED, "no default route");
        return;
    }
    (void)snprintf(path, sizeof(path), "sys/class/net/%s/ifindex", interface);
    if (attribute_int(reader->root_fd, path, &index) == 0) {
        (void)snprintf(path, sizeof(path), "run/NetworkManager/devices/%lld", (long long)index);
        if (read_value(reader->root_fd, path, "connection-uuid", uuid, sizeof(uuid))) {
            look_up_profile(reader, uuid);
            if (reader->profile.state == READING_KNOWN) {
                note_set(reader, SENSOR_METERED, "%s, as its NetworkManager profile says",
                         interface);
                put_known(reader, readings, SENSOR_METERED, reader->profile.is_metered);
                return;
            }
        }
    }
    if (is_modem(reader->root_fd, interface)) {
        note_set(reader, SENSOR_METERED, "%s is a modem", interface);
        put_known(reader, readings, SENSOR_METERED, 1);
        return;
    }
    note_set(reader, SENSOR_METERED, "nothing says so of %s%s", interface,
             reader->profile.is_hidden ? "; NetworkManager's profiles may not be read" : "");
}
