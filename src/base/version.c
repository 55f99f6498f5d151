#include <lytics_dbx/version.h>

int ldbx_version_number(void)
{
    return LDBX_VERSION_NUMBER;
}

const char *ldbx_version_string(void)
{
    return LDBX_VERSION_STRING;
}
