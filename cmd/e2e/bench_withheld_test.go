package e2e

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// The size of the listing of BenchmarkWithheld, and the numbers of its closures
// that are withheld.
const listedWithheld = 20_000

var sizesWithheld = []int{1_000, 4_000, 16_000}

// The bounds of BenchmarkWithheld: how much more than in proportion the time may
// grow, and a night of which nothing is new may take, beside one without waiting
// rows.
const (
	boundWithheld = 1.3
	boundNight    = 1.2
)

// nightsWithheld is how often a night is repeated.
const nightsWithheld = 11

// BenchmarkWithheld reconciles a listing of which many closures are withheld, and
// then nights in which nothing is new, in turn with nights of a database in which
// nothing waits. The time of the run is what it takes over such a night.
func BenchmarkWithheld(b *testing.B) {
	for range b.N {
		quiet, _ := benchWithheld(b, 0)
		var last float64
		for i, size := range sizesWithheld {
			x, took := benchWithheld(b, size)
			night, without := x.nightsBeside(quiet)
			growth, over := 1.0, (took - without).Seconds()
			if i > 0 {
				growth = over / last / (float64(size) / float64(sizesWithheld[i-1]))
			}
			last = over
			share := night.Seconds() / without.Seconds()
			b.Logf("%6d withheld: %s, %.2f times in proportion (bound %.1f); a night with them %s, without %s: %.2f (bound %.1f)",
				size, took.Round(time.Millisecond), growth, boundWithheld,
				night.Round(time.Millisecond), without.Round(time.Millisecond), share, boundNight)
			b.ReportMetric(growth, fmt.Sprintf("%d-x-linear", size))
			b.ReportMetric(share, fmt.Sprintf("%d-night-x-quiet", size))
			assert.LessOrEqual(b, growth, boundWithheld)
			assert.LessOrEqual(b, share, boundNight)
		}
	}
}

// benchWithheld returns a database in which that many closures wait, and how
// long the run took that withheld them.
func benchWithheld(b *testing.B, closures int) (x *bench, took time.Duration) {
	b.Helper()
	x = newEmptyBench(b)
	x.listing = x.pharmacies("ended.csv", closures)
	x.reads(x.pharmacies("open.csv", 0))
	x.reads(x.listing) // the first look
	second := x.reads(x.listing)
	require.Equal(b, closures, second.found.Waiting)
	return x, second.took
}

// nightsBeside returns the medians of nights in which nothing is new, in turn with
// those of another database.
func (x *bench) nightsBeside(other *bench) (mine, others time.Duration) {
	x.Helper()
	var nights [2][]ran
	for range nightsWithheld {
		for i, one := range []*bench{x, other} {
			run := one.reads(one.listing)
			require.Zero(x, run.found.Changes)
			require.Zero(x, run.found.Withdrawn)
			nights[i] = append(nights[i], run)
		}
	}
	took := func(r ran) time.Duration { return r.took }
	return median(nights[0], took), median(nights[1], took)
}

// pharmacies writes a listing in which the first few have ended.
func (x *bench) pharmacies(name string, ended int) string {
	x.Helper()
	var text strings.Builder
	for i := range listedWithheld {
		standing := ",A"
		if i < ended {
			standing = "20260201,C"
		}
		fmt.Fprintf(&text, "F%04X,CHEMIST %d,Y56,QMF,%d HIGH STREET,TOWN,LONDON,,,E1 4LR,20030701,%s,1,P55H,20190313,,,,,,0,,QMF,,,\r\n",
			i, i, i, standing)
	}
	path := filepath.Join(x.dir, "edispensary_"+name)
	require.NoError(x, os.WriteFile(path, []byte(text.String()), 0o600))
	return path
}

// reads reconciles a file, a day later than the one before.
func (x *bench) reads(file string) ran {
	x.Helper()
	x.day = x.day.AddDate(0, 0, 1)
	took, peak, out := x.command("reconcile", "--files", file, "--as-of", x.day.Format(time.DateOnly), "--wait", "--format", "json")
	result := ran{took: took, peak: peak}
	require.NoError(x, json.Unmarshal(out, &result.found), "%s", out)
	return result
}
