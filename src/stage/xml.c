#include "stage/xml.h"

#include "base/str.h"

static const struct entity {
    const char *name; /* as it is written */
    char character;
} entities[] = {{"&lt;", '<'}, {"&gt;", '>'}, {"&amp;", '&'}, {"&quot;", '"'}, {"&apos;", '\''}};

#define ENTITIES   (sizeof entities / sizeof entities[0])
#define MAX_ENTITY 12 /* bytes */

static ldbx_view behind(ldbx_view text, size_t count)
{
    return (ldbx_view){text.data + count, text.size - count};
}

/* Moves *rest behind the next start tag of that name; *empty: it is an end tag as well. */
static bool find_start(ldbx_view *rest, const char *name, bool *empty)
{
    size_t length = strlen(name);
    int64_t at;

    while ((at = ldbx_view_find(*rest, "<")) >= 0) {
        int64_t end;
        *rest = behind(*rest, (size_t)at + 1);
        if (!ldbx_view_starts(*rest, name) || rest->size == length || strchr(" \t\r\n/>", rest->data[length]) == NULL)
            continue;
        end = ldbx_view_find(*rest, ">");
        if (end < 0)
            return false;
        *empty = rest->data[end - 1] == '/';
        *rest = behind(*rest, (size_t)end + 1);
        return true;
    }
    return false;
}

bool ldbx_xml_next(ldbx_view *rest, const char *name, ldbx_view *inside)
{
    size_t length = strlen(name);
    ldbx_view look;
    bool empty;
    int64_t at;

    if (!find_start(rest, name, &empty))
        return false;
    *inside = (ldbx_view){rest->data, 0};
    if (empty)
        return true;
    look = *rest;
    while ((at = ldbx_view_find(look, "</")) >= 0) {
        look = behind(look, (size_t)at + 2);
        if (!ldbx_view_starts(look, name) || look.size == length || look.data[length] != '>')
            continue;
        inside->size = (size_t)(look.data - 2 - inside->data);
        *rest = behind(look, length + 1);
        return true;
    }
    return false;
}

/* Length of the entity that a text begins with, and its character; 0: none that is known. */
static size_t read_entity(ldbx_view text, char *out)
{
    int64_t end = ldbx_view_find((ldbx_view){text.data, text.size < MAX_ENTITY ? text.size : MAX_ENTITY}, ";");
    int64_t number;

    for (size_t i = 0; i < ENTITIES; i++) {
        *out = entities[i].character;
        if (ldbx_view_starts(text, entities[i].name))
            return strlen(entities[i].name);
    }
    if (!ldbx_view_starts(text, "&#") || end < 0 ||
        !ldbx_parse_int64((ldbx_view){text.data + 2, (size_t)end - 2}, 1, 127, &number))
        return 0;
    *out = (char)number;
    return (size_t)end + 1;
}

bool ldbx_xml_text(ldbx_view document, const char *name, ldbx_buf *out)
{
    ldbx_view inside;
    char character;

    if (!ldbx_xml_next(&document, name, &inside))
        return false;
    while (inside.size > 0) {
        size_t size = inside.data[0] == '&' ? read_entity(inside, &character) : 0;
        ldbx_buf_byte(out, (uint8_t)(size > 0 ? character : inside.data[0]));
        inside = behind(inside, size > 0 ? size : 1);
    }
    return true;
}

void ldbx_xml_escape(ldbx_buf *out, ldbx_view text)
{
    for (size_t at = 0; at < text.size; at++) {
        size_t i = 0;
        while (i < ENTITIES && entities[i].character != text.data[at])
            i++;
        if (i < ENTITIES)
            ldbx_buf_str(out, entities[i].name);
        else
            ldbx_buf_byte(out, (uint8_t)text.data[at]);
    }
}
