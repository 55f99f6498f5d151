#include "describe.h"

#include <string.h>

#include "terminal.h"

#define DEPTH_MOST 8

void cli_describe_value(cli_text *text, const cJSON *value)
{
    const cJSON *element = NULL;
    char *json = NULL;
    bool first = true;

    if (cJSON_IsString(value)) {
        cli_visible(text, value->valuestring, strlen(value->valuestring));
    } else if (cJSON_IsBool(value)) {
        cli_text_str(text, cJSON_IsTrue(value) ? "yes" : "no");
    } else if (cJSON_IsNumber(value) && value->valuedouble > -9e15 && value->valuedouble < 9e15 &&
               value->valuedouble == (double)(int64_t)value->valuedouble) {
        cli_text_number(text, (int64_t)value->valuedouble);
    } else if (value == NULL || cJSON_IsNull(value) || value->child == NULL) {
        cli_text_str(text, "none");
    } else if (cJSON_IsArray(value)) {
        cJSON_ArrayForEach(element, value)
        {
            cli_text_str(text, first ? "" : ", ");
            cli_describe_value(text, element);
            first = false;
        }
    } else {
        json = cJSON_PrintUnformatted(value);
        cli_text_str(text, json != NULL ? json : "");
        cJSON_free(json);
    }
}

static bool is_shown(const cJSON *item, const char *skip)
{
    return item->string != NULL && (skip == NULL || strcmp(item->string, skip) != 0);
}

static void describe_level(cli_text *text, const cJSON *object, const char *skip, size_t depth)
{
    const cJSON *item = NULL;
    size_t widest = 0;

    cJSON_ArrayForEach(item, object)
    {
        if (is_shown(item, skip) && strlen(item->string) > widest)
            widest = strlen(item->string);
    }
    cJSON_ArrayForEach(item, object)
    {
        if (!is_shown(item, skip))
            continue;
        cli_text_repeat(text, "  ", depth);
        cli_text_format(text, "%s:", item->string);
        if (cJSON_IsObject(item) && item->child != NULL && depth < DEPTH_MOST) {
            cli_text_str(text, "\n");
            describe_level(text, item, NULL, depth + 1);
            continue;
        }
        cli_text_repeat(text, " ", widest - strlen(item->string) + 2);
        cli_describe_value(text, item);
        cli_text_str(text, "\n");
    }
}

void cli_describe(cli_text *text, const cJSON *object, const char *skip)
{
    describe_level(text, object, skip, 0);
}
