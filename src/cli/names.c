#include "names.h"

#include <ctype.h>
#include <string.h>

static bool is_word(char c)
{
    return isalnum((unsigned char)c) || c == '_';
}

void cli_name_quoted(cli_text *text, const char *name)
{
    bool plain = name[0] != '\0' && !isdigit((unsigned char)name[0]);

    for (const char *at = name; *at != '\0' && plain; at++)
        plain = is_word(*at);
    if (plain) {
        cli_text_str(text, name);
        return;
    }
    cli_text_str(text, "`");
    for (const char *at = name; *at != '\0'; at++)
        cli_text_add(text, *at == '`' ? "``" : at, *at == '`' ? 2 : 1);
    cli_text_str(text, "`");
}

/* Both read one part and return what follows it, or NULL when it is malformed. */
static const char *read_quoted(const char *at, cli_text *part, cli_text *problem)
{
    for (at++; *at != '\0'; at++) {
        if (*at == '`' && at[1] != '`')
            return at + 1;
        cli_text_add(part, at, 1);
        if (*at == '`')
            at++;
    }
    cli_text_str(problem, "a backtick is not closed");
    return NULL;
}

static const char *read_bare(const char *at, cli_text *part, cli_text *problem)
{
    for (; *at != '\0' && *at != '.'; at++) {
        unsigned char byte = (unsigned char)*at;
        if (byte == '`' || byte <= ' ' || byte == 0x7f) {
            cli_text_str(problem, "a name with blanks or backticks stands in backticks, each backtick in it doubled");
            return NULL;
        }
        cli_text_add(part, at, 1);
    }
    return at;
}

static const char *read_part(const char *at, cli_text *part, cli_text *problem)
{
    bool quoted = *at == '`';

    at = quoted ? read_quoted(at, part, problem) : read_bare(at, part, problem);
    if (at == NULL)
        return NULL;
    if (part->size == 0) {
        cli_text_str(problem, "a part of the name is empty");
        return NULL;
    }
    if (*at != '\0' && *at != '.') {
        cli_text_str(problem, "a dot or the end is expected behind a closing backtick");
        return NULL;
    }
    return at;
}

bool cli_names_parse(const char *text, const char *form, cli_names *names, cli_text *problem)
{
    const char *at = text;
    size_t expected = 1;

    for (const char *dot = form; (dot = strchr(dot, '.')) != NULL; dot++)
        expected++;
    while (names->count < expected) {
        at = read_part(at, &names->part[names->count++], problem);
        if (at == NULL)
            return false;
        if (*at != '.' || names->count == expected)
            break;
        at++;
    }
    if (*at != '\0' || names->count != expected) {
        cli_text_format(problem, "%s is expected%s", form,
                        *at != '\0' ? "; a name that has a dot in it stands in backticks" : "");
        return false;
    }
    return true;
}

void cli_names_clear(cli_names *names)
{
    for (size_t i = 0; i < CLI_NAME_PARTS; i++)
        cli_text_clear(&names->part[i]);
    names->count = 0;
}
