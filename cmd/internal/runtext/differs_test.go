package runtext_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/profilesync/profilesync/cmd/internal/runtext"
	"github.com/profilesync/profilesync/reconcile/runs"
)

// A refused plan says of each change what is not as planned.
func TestWhatDiffersFromAPlan(t *testing.T) {
	t.Parallel()
	creation := func(values string) *runs.Intent { return &runs.Intent{Verb: runs.Create, New: values} }
	held := creation(`{"name":"Boots"}`)
	held.Withheld = runs.WasUndone
	for name, c := range map[string]struct {
		planned, now *runs.Intent
		want         string
	}{
		"values of a new profile": {
			creation(`{"name":"Boots","icb":"QT1","region":"Y60","phone":"0113"}`), creation(`{"name":"Boots","icb":"QWO","phone":"0114"}`),
			`FA002: planned a new profile, icb "QT1", phone "0113", region "Y60"; now a new profile, icb "QWO", phone "0114", no region`,
		},
		"a new profile that is withheld": {
			creation(`{"name":"Boots"}`), held, "FA002: planned a new profile; now a new profile (withheld: undone)",
		},
		"no new profile": {creation(`{"name":"Boots"}`), nil, "FA002: planned a new profile; now nothing"},
		"a value": {
			&runs.Intent{Verb: runs.Update, Old: "Boots", New: "Well"}, &runs.Intent{Verb: runs.Update, Old: "Boots", New: "Day"},
			"FA002: planned Boots -> Well; now Boots -> Day",
		},
	} {
		rows := runtext.Rows(runs.Summary{Run: "3", Differs: &runs.Differs{
			Other: 1, Rows: []runs.Difference{{Code: "FA002", Planned: c.planned, Now: c.now}},
		}})
		require.Contains(t, rows, []string{"", c.want}, name)
	}
}
