/* The inside of a configuration. */
#ifndef LDBX_CLIENT_CONFIG_H
#define LDBX_CLIENT_CONFIG_H

#include <lytics_dbx/config.h>

#include "net/credential.h"
#include "net/url.h"

#define LDBX_CONFIG_NUMBERS 6     /* settings that are integers */
#define LDBX_HEARTBEAT_MS   60000 /* the server evicts a result that nobody touched for 20 to 30 minutes */

struct ldbx_config {
    char *label;
    char *description;
    ldbx_host host;
    int64_t port;
    char *http_path;
    ldbx_credential credential;
    char *catalog; /* of a new session; NULL: the workspace's */
    char *schema;
    char *user_agent; /* stands before our own */
    char *ca_file;
    char *proxy;
    int64_t connect_timeout_ms; /* 30,000 */
    int64_t request_timeout_ms; /* 900,000: one exchange; slow pages and cold starts take minutes */
    int64_t start_timeout_ms;   /* 900,000: compute that is starting */
    int64_t page_rows;          /* 100,000 */
    int64_t page_bytes;         /* 16 MiB: two of them bound the memory of a result */

    int64_t heartbeat_ms; /* LDBX_HEARTBEAT_MS; no setting: only tests have a reason to change it */

    /* What ldbx_config_get() gives for members that are no text. */
    char *host_text;
    char number_texts[LDBX_CONFIG_NUMBERS][21];
};

/* The credentials' keys, a kind a row: one kind must be given, whole. */
#define LDBX_CREDENTIAL_KINDS 3
extern const char *const ldbx_credential_keys[LDBX_CREDENTIAL_KINDS][2];

typedef enum ldbx_credential_fault {
    LDBX_CREDENTIAL_GOOD,
    LDBX_CREDENTIAL_NONE,
    LDBX_CREDENTIAL_HALF, /* keys: what is given, and what is missing beside it */
    LDBX_CREDENTIAL_TWO   /* keys: one of each kind that is given */
} ldbx_credential_fault;

ldbx_credential_fault ldbx_judge_credential(bool given[LDBX_CREDENTIAL_KINDS][2], const char *keys[2]);

int ldbx_config_clone(const ldbx_config *config, ldbx_config **out, ldbx_error **error);

/* Back to the default. key is one of the table's. */
void ldbx_config_unset(ldbx_config *config, const char *key);

/* As ldbx_config_set() with a view; an error calls the key by the name that the user knows: "config.httppath", "DATABRICKS_TOKEN". */
int ldbx_config_set_as(ldbx_config *config, const char *key, const char *shown, ldbx_view value, ldbx_error **error);

#endif
