#include "controller/io/address.h"

#include "schema/base/parse.h"
#include "schema/base/str.h"

#include <arpa/inet.h>

#include <string.h>

bool address_from_str(const char *text, struct address *ret_address)
{
    const char *colon = strrchr(text, ':');
    struct address address = {.is_v6 = *text == '['};
    unsigned char bytes[sizeof(struct in6_addr)];
    uint64_t port;
    size_t skip = address.is_v6 ? 1 : 0;
    size_t length = colon == NULL ? 0 : (size_t)(colon - text);

    if (colon == NULL || !u64_from_str(colon + 1, &port) || port > 65535) {
        return false;
    }
    if (length <= 2 * skip || length - 2 * skip >= sizeof(address.host) ||
        (address.is_v6 && text[length - 1] != ']')) {
        return false;
    }
    memcpy(address.host, text + skip, length - 2 * skip);
    if (inet_pton(address.is_v6 ? AF_INET6 : AF_INET, address.host, bytes) != 1) {
        return false;
    }
    address.port = (int)port;
    *ret_address = address;
    return true;
}

bool address_is_loopback(const struct address *address)
{
    return address->is_v6 ? str_eq(address->host, "::1") : str_starts(address->host, "127.");
}
