/* The keys that sign requests to S3: given once, or by the host whenever they are needed. */
#include "base/error.h"
#include "base/str.h"
#include "net/credential.h"
#include "stage/s3.h"

void ldbx_s3_keys_clear(ldbx_s3_keys *keys)
{
    ldbx_secret_clear(&keys->access_key_id);
    ldbx_secret_clear(&keys->secret_access_key);
    ldbx_secret_clear(&keys->session_token);
}

bool ldbx_s3_keys_set(ldbx_s3_keys *keys, const char *access_key_id, const char *secret_access_key,
                      const char *session_token)
{
    if (session_token == NULL)
        ldbx_secret_clear(&keys->session_token);
    else if (!ldbx_secret_set(&keys->session_token, ldbx_view_of(session_token)))
        return false;
    return ldbx_secret_set(&keys->access_key_id, ldbx_view_of(access_key_id)) &&
           ldbx_secret_set(&keys->secret_access_key, ldbx_view_of(secret_access_key));
}

int ldbx_s3_keys_check(const char *access_key_id, const char *secret_access_key, const char *session_token,
                       ldbx_error **error)
{
    const char *wrong = NULL;

    if (access_key_id == NULL || !ldbx_is_token(access_key_id))
        wrong = "access_key_id";
    else if (secret_access_key == NULL || !ldbx_is_token(secret_access_key))
        wrong = "secret_access_key";
    else if (session_token != NULL && !ldbx_is_token(session_token))
        wrong = "session_token";
    if (wrong != NULL)
        return ldbx_fail(error, LDBX_INVALID_ARGUMENT, "%s is missing, or holds what no header can carry", wrong);
    return LDBX_OK;
}

/* Without the lock: the host may take its time. */
static int ask_host(const ldbx_s3 *s3, ldbx_s3_keys *out, ldbx_error **error)
{
    ldbx_access given = {.size = sizeof given, .kind = LDBX_ACCESS_INLINE};
    ldbx_error *failure = NULL;
    int status = s3->credentials(s3->user, &given, &failure);

    if (status != LDBX_OK) {
        status = ldbx_error_of_hook(&failure, status);
        ldbx_error_prefix(&failure, "keys of the host");
        ldbx_error_move(error, &failure);
        return status;
    }
    ldbx_error_destroy(failure);
    status = ldbx_s3_keys_check(given.access_key_id, given.secret_access_key, given.session_token, error);
    if (status != LDBX_OK) {
        ldbx_error_prefix(error, "keys of the host");
        return status;
    }
    if (!ldbx_s3_keys_set(out, given.access_key_id, given.secret_access_key, given.session_token))
        return ldbx_fail_no_memory(error);
    return LDBX_OK;
}

/* With the lock, which is given while the host is asked. */
static int renew_locked(ldbx_s3 *s3, ldbx_error **error)
{
    ldbx_s3_keys fetched = {.serial = s3->keys.serial + 1};
    int status;

    s3->asking = true;
    ldbx_lock_give(&s3->lock);
    status = ask_host(s3, &fetched, error);
    ldbx_lock_take(&s3->lock);
    s3->asking = false;
    ldbx_lock_tell(&s3->lock);
    if (status == LDBX_OK) {
        ldbx_s3_keys_clear(&s3->keys);
        s3->keys = fetched;
    } else {
        ldbx_s3_keys_clear(&fetched);
    }
    return status;
}

int ldbx_s3_keys_get(ldbx_s3 *s3, uint64_t serial, ldbx_s3_keys *out, ldbx_error **error)
{
    int status = LDBX_OK;

    ldbx_lock_take(&s3->lock);
    while (s3->asking)
        ldbx_lock_wait(&s3->lock, -1);
    if (s3->credentials != NULL && s3->keys.serial <= serial)
        status = renew_locked(s3, error);
    if (status == LDBX_OK) {
        out->serial = s3->keys.serial;
        if (!ldbx_s3_keys_set(out, s3->keys.access_key_id.text, s3->keys.secret_access_key.text,
                              s3->keys.session_token.text))
            status = ldbx_fail_no_memory(error);
    }
    ldbx_lock_give(&s3->lock);
    return status;
}
