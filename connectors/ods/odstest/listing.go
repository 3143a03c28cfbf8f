package odstest

import (
	"io"

	"github.com/profilesync/profilesync/connectors/internal/register"
)

// WriteListing writes a complete report of exactly that many made-up
// organisations in the layout of the download, for benchmarks. The same seed
// gives the same bytes. The error names a report that is none, or says what
// stopped the writing.
func WriteListing(w io.Writer, report string, rows int, seed uint64) error {
	name, err := register.ParseReport(report)
	if err != nil {
		return err
	}
	// Today's download has forgotten those that closed long ago, so more are made than are written.
	reg := register.New(register.Options{Seed: seed, Counts: map[register.Report]int{name: 2 * rows}})
	written := 0
	return reg.WriteCSVOf(w, report, register.DSE, func(o register.Organisation) bool {
		if written == rows || o.Archived() {
			return false
		}
		written++
		return true
	})
}
