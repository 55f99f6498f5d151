#include "wire/arrow_message.h"

#include <string.h>

#include "base/error.h"

#define PREFIX_SIZE ((size_t)8) /* continuation mark and size of the flatbuffer */

enum { METADATA_V4 = 3, METADATA_V5 = 4 };
enum { FIELD_VERSION = 0, FIELD_HEADER_TYPE = 1, FIELD_HEADER = 2, FIELD_BODY_LENGTH = 3 };

static uint32_t little_endian(const char *at)
{
    const uint8_t *bytes = (const uint8_t *)at;
    return (uint32_t)bytes[0] | (uint32_t)bytes[1] << 8 | (uint32_t)bytes[2] << 16 | (uint32_t)bytes[3] << 24;
}

static bool is_end_of_stream(ldbx_view bytes)
{
    return bytes.size == 0 ||
           (bytes.size == PREFIX_SIZE && memcmp(bytes.data, "\xff\xff\xff\xff\0\0\0\0", PREFIX_SIZE) == 0);
}

static int fail_message(ldbx_error **error, const char *what)
{
    return ldbx_fail(error, LDBX_PROTOCOL, "Arrow message: %s", what);
}

/* Cuts the flatbuffer off the front. */
static int open_flatbuffer(ldbx_arrow_message *message, ldbx_view *rest, ldbx_error **error)
{
    size_t size;
    if (rest->size < PREFIX_SIZE)
        return fail_message(error, "cut short");
    if (little_endian(rest->data) != UINT32_MAX)
        return fail_message(error, "no continuation mark");
    size = little_endian(rest->data + 4);
    rest->data += PREFIX_SIZE;
    rest->size -= PREFIX_SIZE;
    if (size > rest->size)
        return fail_message(error, "cut short");
    if (size % 8 != 0)
        return fail_message(error, "body not aligned");
    message->fb.data = (const uint8_t *)rest->data;
    message->fb.size = size;
    message->fb.bad = false;
    rest->data += size;
    rest->size -= size;
    return LDBX_OK;
}

int ldbx_arrow_message_open(ldbx_arrow_message *message, ldbx_view bytes, int kind, ldbx_error **error)
{
    ldbx_fb_table root;
    int16_t version;
    int sent_kind;
    int64_t body_size;
    LDBX_TRY(open_flatbuffer(message, &bytes, error));
    root = ldbx_fb_root(&message->fb);
    version = ldbx_fb_i16(&root, FIELD_VERSION, 0);
    sent_kind = ldbx_fb_u8(&root, FIELD_HEADER_TYPE, 0);
    body_size = ldbx_fb_i64(&root, FIELD_BODY_LENGTH, 0);
    if (!ldbx_fb_child(&root, FIELD_HEADER, &message->header))
        return fail_message(error, "malformed");
    if (version != METADATA_V4 && version != METADATA_V5)
        return ldbx_fail(error, LDBX_UNSUPPORTED, "Arrow message: metadata version %d", version + 1);
    if (sent_kind == LDBX_ARROW_DICTIONARY)
        return ldbx_fail(error, LDBX_UNSUPPORTED, "Arrow message: dictionary");
    if (sent_kind != kind)
        return fail_message(error, "of unexpected kind");
    if (body_size < 0 || (uint64_t)body_size > bytes.size)
        return fail_message(error, "cut short");
    message->body.data = bytes.data;
    message->body.size = (size_t)body_size;
    bytes.data += body_size;
    bytes.size -= (size_t)body_size;
    return is_end_of_stream(bytes) ? LDBX_OK : fail_message(error, "bytes behind its end");
}
