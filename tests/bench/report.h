/* What a measured program says about itself: from the moment that its session is open to the last row. */
#ifndef BENCH_REPORT_H
#define BENCH_REPORT_H

#include <stdint.h>

void report_begin(void);
/* What happens between the two is not measured. */
void report_pause(void);
void report_go_on(void);
/* All rows are there; what comes now, such as closing, is not measured. The last call counts. */
void report_stop(void);
/* What was written, where that is of interest. */
void report_bytes(int64_t bytes);
/* Prints the measure to standard output, one JSON object; memory is the peak of the whole process. */
void report_print(int64_t rows);

#endif
