package render_test

import (
	"fmt"
	"io"
	"iter"
	"os"
	"runtime"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/profilesync/profilesync/cmd/internal/render"
	"github.com/profilesync/profilesync/reconcile/report"
)

// manyRows yields a number of rows of 27 columns without allocating. It calls
// meanwhile at every 1,000th row.
func manyRows(rows int, meanwhile func()) iter.Seq2[[]string, error] {
	ordinary := changeRows()
	ordinary = ordinary[:len(ordinary)-1] // the last has a "\r", and cleaning a text allocates
	return func(yield func([]string, error) bool) {
		for i := range rows {
			if i%1000 == 0 {
				meanwhile()
			}
			if !yield(ordinary[i%len(ordinary)], nil) {
				return
			}
		}
	}
}

func longReport(rows int, meanwhile func()) report.Report {
	r := sample()
	r.Sections[0].Count, r.Sections[0].Rows = rows, manyRows(rows, meanwhile)
	return r
}

// A hundred times as many rows need no more allocations.
//
//nolint:paralleltest // counts the allocations of the whole process
func TestMemoryIsFlat(t *testing.T) {
	few := testing.AllocsPerRun(3, func() { require.NoError(t, changesCSV(io.Discard, longReport(1_000, func() {}))) })
	lots := testing.AllocsPerRun(3, func() { require.NoError(t, changesCSV(io.Discard, longReport(100_000, func() {}))) })
	require.InDelta(t, few, lots, 5)
}

// No form keeps rows in memory, although most allocate.
//
//nolint:paralleltest // measures the heap of the whole process
func TestHeapIsFlat(t *testing.T) {
	for name, write := range forms {
		few, lots := heap(t, write, 2_000), heap(t, write, 60_000)
		t.Logf("%s: heap in use at most %d kB with 2,000 rows, %d kB with 60,000", name, few>>10, lots>>10)
		require.Less(t, lots, few+24<<20, name) // excelize holds 16 MB before it uses a file
	}
}

// heap returns the most memory in use after a collection while rows were
// written.
func heap(t *testing.T, write writer, rows int) (most uint64) {
	t.Helper()
	called := 0
	require.NoError(t, write(io.Discard, longReport(rows, func() {
		if called++; called%10 != 2 {
			return
		}
		runtime.GC()
		var stats runtime.MemStats
		runtime.ReadMemStats(&stats)
		most = max(most, stats.HeapAlloc)
	})))
	return most
}

// BenchmarkForms writes a million rows of 27 columns to a file.
func BenchmarkForms(b *testing.B) {
	for _, form := range []struct {
		name  string
		write writer
	}{{"csv", changesCSV}, {"json", render.WriteJSON}, {"xlsx", render.WriteXLSX}, {"html", render.WriteHTML}} {
		b.Run(form.name, func(b *testing.B) {
			const rows = 1_000_000
			b.ReportAllocs()
			for b.Loop() {
				file, err := os.Create(fmt.Sprintf("%s/report.%s", b.TempDir(), form.name))
				require.NoError(b, err)
				start := time.Now()
				require.NoError(b, form.write(file, longReport(rows, func() {})))
				require.NoError(b, file.Close())
				b.ReportMetric(rows/time.Since(start).Seconds(), "rows/s")
				info, err := os.Stat(file.Name())
				require.NoError(b, err)
				b.ReportMetric(float64(info.Size())/1e6, "MB")
			}
		})
	}
}
