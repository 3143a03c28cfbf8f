package e2e

import (
	"io"
	"os"
	"runtime"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/profilesync/profilesync/cmd/internal/render"
	"github.com/profilesync/profilesync/connectors/postgres/peoplestore"
	"github.com/profilesync/profilesync/connectors/postgres/pgtest"
	"github.com/profilesync/profilesync/connectors/postgres/reportstore"
	"github.com/profilesync/profilesync/jobs/peoplejobs"
	"github.com/profilesync/profilesync/reconcile/profile"
)

const (
	benchChanges = 1_000_000
	// benchCopy is how much slower than COPY of the same rows writing a CSV may
	// be, and benchCSVMemory how many bytes it may hold (must hold 3).
	benchCopy      = 3.0
	benchCSVMemory = 64 << 20
)

// BenchmarkReportAsCSV freezes a report of a million changes and writes its
// CSV, compared with COPY of the same rows to a file in the same run.
func BenchmarkReportAsCSV(b *testing.B) {
	url := pgtest.URL(b)
	store, db := pgtest.OpenURL(b, url), pgtest.Connect(b, url)
	reports, accounts := reportstore.New(store), peoplestore.New(store)
	for _, statement := range []string{
		`insert into profile (code, name, type, icb) select 'F' || to_char(n, 'FM00000'), 'Pharmacy ' || n, 'pharmacy',
			'Q' || to_char(n % 42, 'FM00')
			from generate_series(1, 12000) n`,
		"alter table change disable trigger user",
		`insert into change (code, field, old, new, actor, at, xid)
			select 'F' || to_char(1 + n % 12000, 'FM00000'), 'phone', '0113 496 ' || n, '0113 497 ' || n, 'u-1',
				'2026-11-19 09:00+00', pg_current_xact_id()
			from generate_series(1, 1000000) n`,
		"analyze",
	} {
		_, err := db.Exec(b.Context(), statement)
		require.NoError(b, err)
	}
	day := profile.NewDate(2026, time.November, 20)
	reminders := &peoplejobs.Reminders{People: accounts, Calendar: accounts, Now: day.Time}
	reporter := &peoplejobs.Reporter{
		Store: reports, People: accounts, Calendar: accounts, Reminders: reminders, Now: day.Time().Add(7 * time.Hour).UTC,
	}
	for b.Loop() {
		began := time.Now()
		made, err := reporter.Make(b.Context())
		require.NoError(b, err)
		require.Len(b, made, 1)
		b.ReportMetric(time.Since(began).Seconds(), "freeze-s")
		began = time.Now()
		_, err = db.PgConn().CopyTo(b.Context(), csvFile(b),
			"copy (select cells from report_row where section = 'changes' order by icb, position) to stdout")
		require.NoError(b, err)
		copying := time.Since(began)
		r, err := reports.Report(b.Context(), day, "")
		require.NoError(b, err)
		require.GreaterOrEqual(b, r.Sections[0].Count, benchChanges)
		var before, after runtime.MemStats
		runtime.GC()
		runtime.ReadMemStats(&before)
		began = time.Now()
		require.NoError(b, render.WriteCSV(csvFile(b), r, ""))
		writing := time.Since(began)
		runtime.ReadMemStats(&after)
		b.ReportMetric(copying.Seconds(), "copy-s")
		b.ReportMetric(writing.Seconds()/copying.Seconds(), "csv-of-copy")
		held := int64(after.HeapInuse) - int64(before.HeapInuse)
		b.ReportMetric(float64(held)/(1<<20), "held-MiB")
		require.Less(b, held, int64(benchCSVMemory))
		require.Less(b, writing.Seconds()/copying.Seconds(), benchCopy)
	}
}

func csvFile(b *testing.B) io.Writer {
	b.Helper()
	f, err := os.CreateTemp(b.TempDir(), "report")
	require.NoError(b, err)
	b.Cleanup(func() { _ = f.Close() })
	return f
}
