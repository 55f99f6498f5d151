/* What a measured program says about itself: from the moment that its session is open to the last row. */
#ifndef BENCH_REPORT_H
#define BENCH_REPORT_H

#include <stdint.h>

void report_begin(void);
/* Ends the measure and prints it to standard output, one JSON object; memory is the peak of the whole process. */
void report_end(int64_t rows);

#endif
