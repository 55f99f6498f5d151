#include "net/credential.h"

#include <string.h>

#include "base/error.h"
#include "base/str.h"

/* A line end inside a token would begin a header of its own. */
bool ldbx_is_token(const char *text)
{
    for (const char *at = text; *at != '\0'; at++)
        if (*at <= ' ' || *at >= 127)
            return false;
    return text[0] != '\0';
}

/* Room is made before a secret is written: a buffer that grows leaves its old memory behind unwiped. */
static int put_bearer(const char *token, ldbx_buf *out, ldbx_error **error)
{
    if (!ldbx_is_token(token))
        return ldbx_fail(error, LDBX_INVALID_ARGUMENT,
                         "token is empty or holds a character that cannot stand in a header");
    ldbx_buf_reserve(out, strlen(token) + sizeof "Bearer ");
    ldbx_buf_str(out, "Bearer ");
    ldbx_buf_str(out, token);
    return LDBX_OK;
}

static int put_basic(const char *username, const char *password, ldbx_buf *out, ldbx_error **error)
{
    size_t size = strlen(username) + strlen(password) + 1;
    ldbx_buf pair;

    if (strchr(username, ':') != NULL)
        return ldbx_fail(error, LDBX_INVALID_ARGUMENT, "username must not hold a colon");
    ldbx_buf_init(&pair, LDBX_MAX_ERROR);
    ldbx_buf_reserve(&pair, size);
    ldbx_buf_printf(&pair, "%s:%s", username, password);
    ldbx_buf_reserve(out, sizeof "Basic " + size / 3 * 4 + 4);
    ldbx_buf_str(out, "Basic ");
    ldbx_buf_base64(out, pair.data, pair.size);
    out->failed = out->failed || pair.failed;
    ldbx_buf_wipe(&pair);
    return LDBX_OK;
}

int ldbx_credential_header(const ldbx_credential *credential, ldbx_buf *out, ldbx_error **error)
{
    const char *password = credential->password.text;

    if (credential->token.text != NULL)
        LDBX_TRY(put_bearer(credential->token.text, out, error));
    else if (credential->username != NULL)
        LDBX_TRY(put_basic(credential->username, password != NULL ? password : "", out, error));
    else
        return ldbx_fail(error, LDBX_INVALID_ARGUMENT, "neither token nor username is set");
    return ldbx_buf_cstr(out) != NULL ? LDBX_OK : ldbx_fail_no_memory(error);
}
