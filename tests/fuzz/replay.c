/* Inputs that once did harm, found/TARGET-WHAT, through their targets again: part of every run of the tests. */
#include "fuzz.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const struct {
    const char *name;
    fuzz_target *run;
} targets[] = {{"thrift-", fuzz_thrift},
               {"reply-", fuzz_reply},
               {"columns-", fuzz_columns},
               {"arrow-", fuzz_arrow},
               {"lz4-", fuzz_lz4},
               {"config-", fuzz_config},
               {"documents-", fuzz_documents},
               {"manifest-", fuzz_manifest},
               {"text-", fuzz_text},
               {"json_reader-", fuzz_json_reader},
               {"csv-", fuzz_csv},
               {"xml-", fuzz_xml}};

static fuzz_target *target_of(const char *file)
{
    for (size_t i = 0; i < sizeof targets / sizeof targets[0]; i++)
        if (strncmp(file, targets[i].name, strlen(targets[i].name)) == 0)
            return targets[i].run;
    return NULL;
}

static void replay(const char *folder, const char *name)
{
    static uint8_t input[1 << 20];
    char path[1024];
    fuzz_target *run = target_of(name);
    FILE *file = NULL;
    size_t size;
    snprintf(path, sizeof path, "%s/%s", folder, name);
    puts(path);
    must(run != NULL);
    file = fopen(path, "rb");
    must(file != NULL);
    size = fread(input, 1, sizeof input, file);
    must(size > 0 && size < sizeof input);
    fclose(file);
    run(input, size);
}

int main(int argc, char **argv)
{
    struct dirent *entry;
    DIR *folder = argc == 2 ? opendir(argv[1]) : NULL;
    int count = 0;
    must(folder != NULL);
    while ((entry = readdir(folder)) != NULL) {
        if (entry->d_name[0] == '.')
            continue;
        replay(argv[1], entry->d_name);
        count++;
    }
    closedir(folder);
    must(count > 0);
    return 0;
}
