#include "suite.h"

#include "base/str.h"
#include "stage/xml.h"

static void expect_text(const char *document, const char *name, const char *expected)
{
    ldbx_buf out;

    ldbx_buf_init(&out, 1000);
    ck_assert(ldbx_xml_text(ldbx_view_of(document), name, &out) == (expected != NULL));
    ck_assert_msg(ldbx_view_eq(ldbx_buf_get(&out), expected != NULL ? expected : ""), "%s: %s", document,
                  ldbx_buf_cstr(&out));
    ldbx_buf_clear(&out);
}

START_TEST(texts_of_elements)
{
    expect_text("<a><b>x</b><b>y</b></a>", "b", "x");
    expect_text("<?xml version=\"1.0\"?>\n<Error xmlns=\"u\">\n <Code\n>x</Code></Error>", "Code", "x");
    expect_text("<a><Codes>n</Codes><Code>x</Code></a>", "Code", "x");
    expect_text("<a><Code>1<Codes></Codes>2</Code></a>", "Code", "1<Codes></Codes>2");
    expect_text("<Code/>", "Code", "");
    expect_text("<Code a=\"1\" />x</Code>", "Code", "");
    expect_text("<Code></Code>", "Code", "");
    expect_text("<b>&lt;&gt;&amp;&quot;&apos;&#13;&#9;&amp;lt;</b>", "b", "<>&\"'\r\t&lt;");
    expect_text("<b>&unknown; &#300; &#0; & &#x41; &;</b>", "b", "&unknown; &#300; &#0; & &#x41; &;");
    expect_text("<b>\xc3\xa4</b>", "b", "\xc3\xa4");
}
END_TEST

START_TEST(what_is_no_element)
{
    static const char *const documents[] = {"",        "Code",          "<Code",         "<Code>",
                                            "<Code>x", "<Code>x</Cod",  "<Code>x</Code", "<code>x</code>",
                                            "</Code>", "<Code x</Code>"};

    for (size_t i = 0; i < sizeof documents / sizeof documents[0]; i++)
        expect_text(documents[i], "Code", NULL);
    expect_text("<a>&", "a", NULL);
    expect_text("<a>&</a>", "a", "&");
}
END_TEST

START_TEST(one_element_after_the_other)
{
    ldbx_view rest = ldbx_view_of("<l><u><k>1</k></u><u/><v>no</v><u><k>2</k></u></l>");
    ldbx_view inside;

    ck_assert(ldbx_xml_next(&rest, "u", &inside) && ldbx_view_eq(inside, "<k>1</k>"));
    ck_assert(ldbx_xml_next(&rest, "u", &inside) && ldbx_view_eq(inside, ""));
    ck_assert(ldbx_xml_next(&rest, "u", &inside) && ldbx_view_eq(inside, "<k>2</k>"));
    ck_assert(!ldbx_xml_next(&rest, "u", &inside));
}
END_TEST

START_TEST(texts_are_escaped)
{
    ldbx_buf out;

    ldbx_buf_init(&out, 100);
    ldbx_xml_escape(&out, ldbx_view_of("a<b>&\"'\xc3\xa4"));
    ck_assert_str_eq(ldbx_buf_cstr(&out), "a&lt;b&gt;&amp;&quot;&apos;\xc3\xa4");
    ldbx_buf_clear(&out);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("xml");
    TCase *elements = suite_case(suite, "elements");

    tcase_add_test(elements, texts_of_elements);
    tcase_add_test(elements, what_is_no_element);
    tcase_add_test(elements, one_element_after_the_other);
    tcase_add_test(elements, texts_are_escaped);
    return suite_run(suite);
}
