/* What the tests of configurations share: a secret that must not turn up anywhere, and configurations. */
#ifndef LDBX_TESTS_CONFIGS_H
#define LDBX_TESTS_CONFIGS_H

#include <string.h>

#include "client/config.h"
#include "suite.h"

#define SECRET       "dapiTOPSECRET0123456789"
#define COUNT(table) (sizeof(table) / sizeof(table)[0])

static inline ldbx_config *fresh(void)
{
    ldbx_config *config = NULL;
    ldbx_error *error = NULL;

    expect_ok(ldbx_config_new(&config, &error), error);
    return config;
}

static inline void set(ldbx_config *config, const char *key, const char *value)
{
    ldbx_error *error = NULL;

    expect_ok(ldbx_config_set(config, key, value, &error), error);
}

/* The error's message holds `part` and no secret; the error is gone afterwards. */
static inline void expect_fault(ldbx_error **error, const char *part)
{
    const char *message = ldbx_error_message(*error);

    ck_assert_msg(strstr(message, part) != NULL, "\"%s\" does not say \"%s\"", message, part);
    ck_assert_msg(strstr(message, "SECRET") == NULL, "a secret is in \"%s\"", message);
    ldbx_error_destroy(*error);
    *error = NULL;
}

#endif
