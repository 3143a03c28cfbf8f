package e2e

import (
	"fmt"
	"os"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// figures is the table of results.
type figures []measured

// print shows the aims only for the big listing: for a small one, starting the
// process takes as long as its work.
func (r figures) print(load string) {
	fmt.Printf("\n%9s  %-8s %9s %9s %9s %8s %5s %9s %8s\n",
		"records", "case", "seconds", "bound s", "x bound", "aim", "runs", "peak MiB", "aim")
	for _, m := range r {
		aim := ""
		if m.size == big {
			aim = fmt.Sprintf("<= %.1f", m.aim)
		}
		fmt.Printf("%9d  %-8s %9.2f %9.2f %9.2f %8s %5d %9.0f %8s\n", m.size, m.name, m.took().Seconds(), m.bound().Seconds(),
			m.ratio(), aim, len(m.runs), m.peak(), fmt.Sprintf("<= %d", aimMiB))
	}
	fmt.Printf("medians of the runs, the highest peak of all; %s\n\n", load)
}

// ticks are processor times since the machine started, as counted by
// /proc/stat.
type ticks struct{ all, idle, stolen int }

// busy returns zeroes if the system has no such file.
func busy(b *testing.B) (t ticks) {
	b.Helper()
	stat, err := os.ReadFile("/proc/stat")
	if err != nil {
		return t
	}
	line, _, _ := strings.Cut(string(stat), "\n")
	fields := strings.Fields(line)
	for i, field := range fields[1:min(9, len(fields))] { // user nice system idle iowait irq softirq steal
		n, err := strconv.Atoi(field)
		require.NoError(b, err)
		t.all += n
		switch i {
		case 3, 4:
			t.idle += n
		case 7:
			t.stolen += n
		}
	}
	return t
}

func (t ticks) until(end ticks) string {
	all := float64(end.all - t.all)
	if all == 0 {
		return "the system does not report how busy it was"
	}
	return fmt.Sprintf("processors %.0f %% idle, %.1f %% stolen by other machines",
		100*float64(end.idle-t.idle)/all, 100*float64(end.stolen-t.stolen)/all)
}
