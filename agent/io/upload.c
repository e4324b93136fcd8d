/* Asks first what is there, and sends the rest, which may be nothing. */
#include "agent/io/upload.h"

#include "agent/io/transfer.h"
#include "schema/base/parse.h"
#include "schema/blobs.h"

#include <strings.h>
#include <unistd.h>

struct sending {
    const struct upload *upload;
    int64_t at;            /* next byte to send */
    int64_t upload_offset; /* as the controller said; 0: nothing is there */
};

static size_t on_send(char *to, size_t size, size_t count, void *context)
{
    struct sending *sending = context;
    int64_t left = sending->upload->size_bytes - sending->at;
    size_t wanted = left < (int64_t)(size * count) ? (size_t)left : size * count;
    ssize_t got = wanted == 0 ? 0 : pread(sending->upload->fd, to, wanted, sending->at);

    if (wanted > 0 && got <= 0) {
        return CURL_READFUNC_ABORT;
    }
    sending->at += got;
    return (size_t)got;
}

static size_t on_header(char *data, size_t size, size_t count, void *context)
{
    static const char name[] = "upload-offset:";
    struct sending *sending = context;
    size_t length = size * count, skip = sizeof(name) - 1;
    char digits[24] = "";

    if (length > skip && length - skip < sizeof(digits) && strncasecmp(data, name, skip) == 0) {
        while (skip < length && data[skip] == ' ') {
            skip++;
        }
        memcpy(digits, data + skip, length - skip);
        digits[strcspn(digits, "\r\n")] = '\0';
        (void)int_from_str(digits, &sending->upload_offset);
    }
    return length;
}

static size_t on_words(char *data, size_t size, size_t count, void *context)
{
    (void)data;
    (void)context;
    return size * count; /* the code says as well */
}

static int on_progress(void *context, curl_off_t down, curl_off_t down_now, curl_off_t up,
                       curl_off_t up_now)
{
    const struct sending *sending = context;

    (void)down;
    (void)down_now;
    (void)up;
    (void)up_now;
    return atomic_load(sending->upload->is_cancelled) ? 1 : 0;
}

static CURL *prepare(struct sending *sending)
{
    const struct upload *upload = sending->upload;
    CURL *curl = transfer_new(upload->host, upload->port, upload->digest);

    curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, on_words);
    curl_easy_setopt(curl, CURLOPT_HEADERFUNCTION, on_header);
    curl_easy_setopt(curl, CURLOPT_HEADERDATA, sending);
    curl_easy_setopt(curl, CURLOPT_XFERINFOFUNCTION, on_progress);
    curl_easy_setopt(curl, CURLOPT_XFERINFODATA, sending);
    return curl;
}

/* The code of the answer, or 0 with words. */
static long perform(const struct upload *upload, CURL *curl, struct err *err)
{
    CURLcode result = curl_easy_perform(curl);
    long code = 0;

    if (result != CURLE_OK) {
        (void)err_set(err, ERR_UNAVAILABLE, "%s: %s:%d: %s", upload->digest, upload->host,
                      upload->port, curl_easy_strerror(result));
        return 0;
    }
    (void)curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &code);
    return code;
}

static long ask(struct sending *sending, struct err *err)
{
    CURL *curl = prepare(sending);
    long code;

    curl_easy_setopt(curl, CURLOPT_NOBODY, 1L);
    code = perform(sending->upload, curl, err);
    curl_easy_cleanup(curl);
    return code;
}

static long send_rest(struct sending *sending, struct err *err)
{
    const struct upload *upload = sending->upload;
    struct curl_slist *headers = curl_slist_append(NULL, "Expect:");
    struct byte_range range = {sending->at, upload->size_bytes - 1};
    char text[RANGE_TEXT_SIZE], header[32 + RANGE_TEXT_SIZE];
    CURL *curl = prepare(sending);
    long code;

    if (range.first > 0) {
        content_range_to_str(&range, upload->size_bytes, text);
        (void)snprintf(header, sizeof(header), "Content-Range: %s", text);
        headers = curl_slist_append(headers, header);
    }
    curl_easy_setopt(curl, CURLOPT_UPLOAD, 1L);
    curl_easy_setopt(curl, CURLOPT_INFILESIZE_LARGE,
                     (curl_off_t)(upload->size_bytes - sending->at));
    curl_easy_setopt(curl, CURLOPT_READFUNCTION, on_send);
    curl_easy_setopt(curl, CURLOPT_READDATA, sending);
    curl_easy_setopt(curl, CURLOPT_HTTPHEADER, headers);
    code = perform(upload, curl, err);
    curl_easy_cleanup(curl);
    curl_slist_free_all(headers);
    return code;
}

int upload_run(const struct upload *upload, struct err *err)
{
    struct sending sending = {.upload = upload};
    long code = ask(&sending, err);

    if (code == 404) {
        sending.at = sending.upload_offset > 0 && sending.upload_offset < upload->size_bytes
                         ? sending.upload_offset
                         : 0;
        code = send_rest(&sending, err);
    }
    if (code == 200 || code == 201) {
        return 0;
    }
    if (code == 0) {
        return ERR_UNAVAILABLE;
    }
    if (code == 507) {
        return err_set(err, ERR_FULL, "%s: the controller has no room for it", upload->digest);
    }
    return err_set(err, ERR_UNAVAILABLE, "%s: the controller answered %ld", upload->digest, code);
}
