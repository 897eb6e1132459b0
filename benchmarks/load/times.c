/* How long things took: see times.h. */
#include "times.h"
#include "net.h"
#include <stdio.h>
#include <stdlib.h>

void times_add(struct times *times, uint64_t nanoseconds)
{
    if (times->count == times->room) {
        times->room = times->room ? times->room * 2 : 1 << 16;
        times->tenths = realloc(times->tenths, times->room * sizeof *times->tenths);
        if (!times->tenths)
            die("no memory for times");
    }
    uint64_t tenths = nanoseconds / 100;
    times->tenths[times->count++] = tenths < UINT32_MAX ? (uint32_t)tenths : UINT32_MAX;
}

static int compare(const void *a, const void *b)
{
    uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;
    return (x > y) - (x < y);
}

static double quantile(const struct times *times, double part)
{
    return times->tenths[(size_t)((double)(times->count - 1) * part)] / 10.0;
}

void times_print(const char *name, struct times *times)
{
    if (!times->count) {
        printf(", \"%s\": null", name);
        return;
    }
    qsort(times->tenths, times->count, sizeof *times->tenths, compare);
    printf(", \"%s\": {\"count\": %zu, \"p50_us\": %.1f, \"p95_us\": %.1f, \"p99_us\": %.1f, \"most_us\": %.1f}", name,
           times->count, quantile(times, 0.50), quantile(times, 0.95), quantile(times, 0.99), quantile(times, 1));
    times->count = 0;
}
