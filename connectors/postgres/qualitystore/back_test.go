package qualitystore_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/profilesync/profilesync/connectors/postgres/pgtest"
	"github.com/profilesync/profilesync/reconcile/quality"
)

// A finding that was gone and is back is as old as its return, and no report has
// named it. One that lasts is as old as ever.
func TestAFindingThatIsBackIsNew(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	back, lasts := found("FA000", quality.OpenAllHours, "a"), found("FA001", quality.OpenAllHours, "b")
	w.ends(w.begins(), back, lasts)
	w.Exec("insert into report (day, from_at, until_at, floor, rows, digest) values ('2025-01-02', '2025-01-01', '2025-01-02', '0', 0, '')")
	w.Exec("update quality_finding set first_seen = '2025-01-01', report_id = 1")
	w.ends(w.begins(), quality.Checked{Code: "FA000"}, lasts)
	_, fresh := w.ends(w.begins(), back, lasts)
	require.Equal(t, back.Findings, fresh)
	require.Equal(t, []string{"FA000 new first_check 3", "FA001 old 1 first_check 1"}, pgtest.All[string](w.Database,
		`select concat_ws(' ', code, case when first_seen > '2025-01-01' then 'new' else 'old' end, report_id, 'first_check', first_check)
		from quality_finding order by code`))
}
