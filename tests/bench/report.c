#include "report.h"

#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>

static double wall_began, cpu_began, wall_took, cpu_took, wall_paused, cpu_paused;
static int64_t bytes_made;

static double wall(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

static double seconds(struct timeval time)
{
    return (double)time.tv_sec + (double)time.tv_usec / 1e6;
}

static double cpu(void)
{
    struct rusage used;

    getrusage(RUSAGE_SELF, &used);
    return seconds(used.ru_utime) + seconds(used.ru_stime);
}

/* Not ru_maxrss: that one remembers the process that this one was forked from. */
static long peak_kb(void)
{
    char line[256];
    long kb = 0;
    FILE *file = fopen("/proc/self/status", "r");

    while (file != NULL && fgets(line, sizeof line, file) != NULL)
        if (strncmp(line, "VmHWM:", 6) == 0)
            sscanf(line + 6, "%ld", &kb);
    if (file != NULL)
        fclose(file);
    return kb;
}

void report_begin(void)
{
    cpu_began = cpu();
    wall_began = wall();
}

void report_pause(void)
{
    wall_paused = wall();
    cpu_paused = cpu();
}

void report_go_on(void)
{
    wall_began += wall() - wall_paused;
    cpu_began += cpu() - cpu_paused;
}

void report_stop(void)
{
    wall_took = wall() - wall_began;
    cpu_took = cpu() - cpu_began;
}

void report_bytes(int64_t bytes)
{
    bytes_made = bytes;
}

void report_print(int64_t rows)
{
    printf("{\"rows\": %lld, \"wall_s\": %.6f, \"cpu_s\": %.6f, \"rss_kb\": %ld, \"bytes\": %lld}\n", (long long)rows,
           wall_took, cpu_took, peak_kb(), (long long)bytes_made);
}
