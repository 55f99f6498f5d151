// Package cost says what this process has used.
package cost

import (
	"fmt"
	"os"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// Must ends a program that cannot go on.
func Must(err error) {
	if err != nil {
		fmt.Fprintf(os.Stderr, "%s: %v\n", os.Args[0], err)
		os.Exit(1)
	}
}

// CPU gives the seconds computed so far.
func CPU() float64 {
	var used syscall.Rusage
	Must(syscall.Getrusage(syscall.RUSAGE_SELF, &used))
	return time.Duration(used.Utime.Nano() + used.Stime.Nano()).Seconds()
}

// Peak gives the greatest memory so far in kB; getrusage would begin with that of the parent.
func Peak() int {
	status, err := os.ReadFile("/proc/self/status")
	Must(err)
	for _, line := range strings.Split(string(status), "\n") {
		if rest, found := strings.CutPrefix(line, "VmHWM:"); found {
			kb, err := strconv.Atoi(strings.TrimSpace(strings.TrimSuffix(rest, "kB")))
			Must(err)
			return kb
		}
	}
	return 0
}
