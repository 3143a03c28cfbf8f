package e2e

import (
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/profilesync/profilesync/connectors/ods/odstest"
	"github.com/profilesync/profilesync/connectors/realdata"
)

const commissionersToday = "dse/eccg_2025-12-29.csv"

// loadCommissioners loads the real report of commissioners from its file.
func (s *site) loadCommissioners() {
	s.t.Helper()
	loaded := s.asJSON(0, "reconcile", "--files", realData(s.t, commissionersToday))
	require.Equal(s.t, summary{
		Source: "ods", Report: "eccg", AsOf: "2025-12-29", State: "done", Records: 320, Fields: map[string]int{}, Withheld: []withheld{},
		Note: loaded.Note,
	}, loaded)
}

// The layout of 2025/26 changed what an address looks like and which board a
// practice is in. Neither is news about a practice.
func TestANewLayoutIsNoNews(t *testing.T) {
	t.Parallel()
	before, after := realData(t, practices2025), realData(t, practicesToday)
	s := newSite(t)
	s.loadCommissioners()
	s.reconcile(0, before, "2025-05-25")
	plan := s.plan(3, after, "2026-02-22")
	run := s.reconcile(3, after, "2026-02-22")
	requireSameNumbers(t, plan, run)
	require.Equal(t, plan.NewLayout, run.NewLayout)

	require.Equal(t, &newLayout{From: "legacy", To: "dse", OtherForm: run.NewLayout.OtherForm, NotCompared: []string{}}, run.NewLayout)
	require.Greater(t, run.NewLayout.OtherForm, 2900, "most of the 3,672 addresses that differ")
	require.Contains(t, run.Note, "new layout: "+strconv.Itoa(run.NewLayout.OtherForm)+" addresses in another form")
	require.Contains(t, s.exits(0, "runs", "show", run.Run).out, "addresses in another form")

	requireMovedFirst(t, s, run.Run)

	changed := make(map[string]map[string]planned) // by field and code
	for _, c := range s.changes(run.Run) {
		if changed[c.Field] == nil {
			changed[c.Field] = make(map[string]planned)
		}
		changed[c.Field][c.Code] = c
	}
	for code := range changed["icb"] {
		require.Contains(t, changed["commissioner"], code, "a board changes with the commissioner only")
	}
	require.Equal(t, "QT1", s.field("C84057", "icb"))
	require.NotEmpty(t, changed["address"])
	require.LessOrEqual(t, len(changed["address"]), 700)
	require.GreaterOrEqual(t, len(changed["postcode"]), 92)
	for code, moved := range changed["postcode"] {
		if address, both := changed["address"][code]; both {
			require.Equal(t, moved.Withheld, address.Withheld, "%s: address and postcode are one fact", code)
		}
	}

	audit := s.audit()
	again := s.reconcile(0, after, "2026-02-23")
	require.Nil(t, again.NewLayout)
	require.Zero(t, again.Changes)
	require.Equal(t, audit, s.audit())
}

// requireMovedFirst requires that all practices with another postcode come first in
// what a person sees, each with both parts of its address.
func requireMovedFirst(t *testing.T, s *site, run string) {
	t.Helper()
	moved := make(map[string]bool)
	for _, c := range s.changes(run) {
		if c.Field == "postcode" && c.Withheld != "" {
			moved[c.Code] = true
		}
	}
	require.GreaterOrEqual(t, len(moved), 90)
	for name, text := range map[string]string{
		"runs waiting": s.exits(0, "runs", "waiting", run, "--field", "address", "--all").out,
		"runs show":    s.exits(0, "runs", "show", run, "--withheld", "--most", "2000").out,
	} {
		seen, order := make(map[string]bool), []string(nil)
		for line := range strings.Lines(text) {
			code, _, _ := strings.Cut(line, " ")
			if practice.MatchString(code) && !seen[code] {
				seen[code] = true
				order = append(order, code)
			}
		}
		require.Greater(t, len(order), len(moved), name)
		for _, code := range order[:len(moved)] {
			require.Contains(t, moved, code, name)
		}
	}
}

// practice is what looks like the code of a GP practice.
var practice = regexp.MustCompile(`^[A-Z]\d{5}$`)

func TestPracticesWithoutKnownBoards(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	first := s.reconcile(0, realData(t, practicesToday), "2026-02-22")
	require.Contains(t, first.Note, "no report eccg is kept, and it could not be pulled")
	require.Contains(t, first.Note, "the ICB and region of practices are not stated")
	require.Zero(t, s.count("select count(*) from profile where icb <> '' or region <> ''"))
	require.Positive(t, s.count("select count(*) from profile where commissioner <> ''"))

	s.loadCommissioners()
	second := s.reconcile(3, realData(t, practicesToday), "2026-02-23")
	require.Empty(t, second.Note, "they are read with the boards, although their bytes are the same")
	require.Len(t, second.Withheld, 1)
	require.Equal(t, "icb", second.Withheld[0].Field)
}

func TestCommissionersThatReplaceNothing(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	s.loadCommissioners()
	kept := func() string {
		return one[string](s, "select concat_ws(' ', name, as_of, records, md5(content), actor <> '') from reference_report")
	}
	before := kept()
	rows := readRows(t, realData(t, commissionersToday))
	for name, test := range map[string]struct {
		file, asOf, want string
	}{
		"short":   {writeRows(t, "eccg_2026-01-05.csv", rows[:280], "\r\n"), "2026-01-05", "it has 280 rows, and the copy of 2025-12-29 has"},
		"older":   {realData(t, commissionersToday), "2025-12-28", "its date is 2025-12-28, but a copy of 2025-12-29 is kept already"},
		"another": {realData(t, trustsBefore), "2026-01-06", "cannot be read as report eccg"},
	} {
		o := s.exits(1, "reconcile", "--report", "eccg", "--files", test.file, "--as-of", test.asOf)
		require.Contains(t, strings.Join(strings.Fields(o.out+o.err), " "), test.want, name)
		require.Equal(t, before, kept(), name)
	}
	s.exits(0, "plan", "--files", realData(t, commissionersToday), "--as-of", "2026-01-07")
	require.Equal(t, before, kept(), "a plan keeps nothing")
	s.exits(0, "reconcile", "--files", realData(t, commissionersToday), "--as-of", "2026-01-07")
	require.NotEqual(t, before, kept())
	require.Zero(t, s.count("select count(*) from run"), "no profile is concerned")
}

// The ICB of dental practices was that of the commissioner, and is now that of the
// postcode.
func TestFieldsOfANewLayoutThatMeanSomethingElse(t *testing.T) {
	t.Parallel()
	var before, after [][]string
	for _, row := range readRows(t, realData(t, "legacy/egdpprac_2019-03-02.csv")) {
		if row[atStatus] != "A" || len(before) == 200 {
			continue
		}
		before = append(before, row)
		today := append([]string(nil), row...)
		today[atStatus] = "ACTIVE"
		if len(after) < 60 {
			today[atICB], today[atRegion] = "QT1", "Y60"
		}
		after = append(after, today)
	}
	s := newSite(t)
	s.reconcile(0, writeRows(t, "egdpprac_2025-10-01.csv", before, "\r\n"), "2025-10-01")
	icbs := s.icbs()
	file := writeRows(t, "egdpprac_2026-02-22.csv", after, "\r\n")
	run := s.reconcile(0, file, "2026-02-22")
	require.Equal(t, &newLayout{From: "legacy", To: "dse", NotCompared: []string{"icb", "region"}}, run.NewLayout)
	require.Contains(t, s.exits(0, "runs", "show", run.Run).out, "icb, region: different meaning in the new layout")
	require.Zero(t, run.Changes)

	after[0][atName] = "ANOTHER NAME"
	after[1][atICB], after[1][atRegion] = "QHM", "Y63"
	next := s.reconcile(0, writeRows(t, "egdpprac_2026-02-23.csv", after, "\r\n"), "2026-02-23")
	require.Nil(t, next.NewLayout)
	require.Equal(t, map[string]int{"name": 1, "icb": 1, "region": 1}, next.Fields, "only what the register says anew in this layout")
	require.Equal(t, icbs[after[0][atCode]], s.field(after[0][atCode], "icb"))

	s.asJSON(0, "runs", "undo", next.Run, "--yes")
	undone := s.asJSON(0, "runs", "undo", run.Run, "--yes")
	require.Zero(t, undone.Changes)
	again := s.reconcile(3, writeRows(t, "egdpprac_2026-02-24.csv", after, "\r\n"), "2026-02-24")
	require.NotNil(t, again.NewLayout, "the undo gave the old layout back")
}

// A record that could not be read on the day of the new layout, or was absent, meets
// the new meaning later. One that had only another form then is compared as usual.
func TestRecordsThatMeetTheNewLayoutLater(t *testing.T) {
	t.Parallel()
	var before, onTheDay, after [][]string
	for _, row := range readRows(t, realData(t, "legacy/egdpprac_2019-03-02.csv")) {
		n := len(before)
		if row[atStatus] != "A" || n == 200 {
			continue
		}
		before = append(before, row)
		same, moved := slices.Clone(row), slices.Clone(row)
		same[atStatus], moved[atStatus] = "ACTIVE", "ACTIVE"
		moved[atICB], moved[atRegion] = "QT1", "Y60"
		after = append(after, moved)
		switch {
		case n == 0:
			bad := slices.Clone(moved)
			bad[10] = "2019-03-02" // no date of this layout
			onTheDay = append(onTheDay, bad)
		case n == 8:
			onTheDay = append(onTheDay, same)
		case n > 8:
			onTheDay = append(onTheDay, moved)
		}
	}
	s := newSite(t)
	s.reconcile(0, writeRows(t, "egdpprac_2025-10-01.csv", before, "\r\n"), "2025-10-01")
	run := s.reconcile(0, writeRows(t, "egdpprac_2026-02-22.csv", onTheDay, "\r\n"), "2026-02-22")
	require.Zero(t, run.Changes)
	require.Equal(t, 1, run.Rejected)
	next := s.reconcile(0, writeRows(t, "egdpprac_2026-02-23.csv", after, "\r\n"), "2026-02-23")
	require.Equal(t, map[string]int{"icb": 1, "region": 1}, next.Fields)
	require.Equal(t, "QT1", s.field(after[8][atCode], "icb"))
	require.Zero(t, s.reconcile(0, writeRows(t, "egdpprac_2026-02-24.csv", after, "\r\n"), "2026-02-24").Changes)
}

// Where the boards of commissioners move, so do all their practices: a person looks
// first.
func TestBoardsThatMeanSomethingElse(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	today := realData(t, practicesToday)
	s.exits(0, "reconcile", "--files", today, "--files", realData(t, commissionersToday), "--wait")
	require.Equal(t, "QT1", s.field("C84057", "icb"), "the boards are read first, in whatever order they are named")
	moved := edited(readRows(t, realData(t, commissionersToday)), func(_ int, row []string) []string {
		if row[atICB] == "QWO" || row[atICB] == "QHM" || row[atICB] == "QOP" {
			row[atICB], row[atRegion] = "QT1", "Y60"
		}
		return row
	})
	s.exits(0, "reconcile", "--files", writeRows(t, "eccg_2026-02-22.csv", moved, "\r\n"))
	run := s.reconcile(3, today, "2026-02-23")
	require.Len(t, run.Withheld, 1)
	require.Equal(t, withheld{"meaning-changed", "gp-practice", "icb", run.Withheld[0].Count, 6604}, run.Withheld[0])
	require.Zero(t, run.Changes)
	require.Zero(t, s.reconcile(0, today, "2026-02-24").Changes)
}

// asked are the reports that were asked for and how, in order, since the last call.
func (r register) asked() (list []string) {
	for _, e := range r.Ledger() {
		if strings.Contains(e.Path, "getReport") {
			known := ""
			if e.IfNoneMatch != "" {
				known = " if new"
			}
			list = append(list, strings.TrimPrefix(e.Query, "report=")+known+" "+strconv.Itoa(e.Status))
		}
	}
	r.Forget()
	return list
}

func TestBoardsArePulledBeforeAListing(t *testing.T) {
	t.Parallel()
	r := newRegister(t)
	s := r.at("2026-03-02T09:00:00Z")
	r.asked()
	require.Empty(t, s.asJSON(0, "reconcile", "--report", "epraccur", "--wait").Note)
	require.Equal(t, []string{"eccg 200", "epraccur 200"}, r.asked())
	require.Positive(t, s.count("select count(*) from profile where icb <> ''"))

	commissioners := func(q *http.Request) bool { return q.URL.Query().Get("report") == "eccg" }
	r.Fault(odstest.Fault{Match: commissioners, Times: -1, Names: []odstest.FaultName{"error-404"}})
	later := r.at("2026-03-03T09:00:00Z").asJSON(0, "reconcile", "--report", "epraccur", "--wait")
	require.Contains(t, later.Note, "report eccg of 2026-03-02 is used, as a newer one could not be pulled")
	require.Zero(t, later.Changes)
}

// A listing that did not change may still say something new: where the boards did.
func TestNoETagIsSentWhereTheBoardsChanged(t *testing.T) {
	t.Parallel()
	r := newRegister(t)
	s := r.at("2026-03-02T09:00:00Z").with("ODS_REPORTS=epraccur")
	s.exits(0, "reconcile", "--report", "epraccur", "--wait")
	r.asked()
	work := func(day string) summary {
		t.Helper()
		d := s.with("NOW=" + day + "T06:00:00Z").serve()
		s.eventually(1, "select count(*) from run where kind = 'listing' and state in ('done', 'withheld') and as_of = $1", day)
		d.stop()
		run := one[string](s, "select id::text from run where kind = 'listing' and as_of = $1", day)
		return s.asJSON(0, "runs", "show", run)
	}
	first := s.serve()
	s.eventually(1, "select count(*) from schedule_run where name = 'housekeeping'")
	first.stop()
	require.Contains(t, work("2026-03-03").Note, "not modified")
	require.Equal(t, []string{"eccg if new 304", "epraccur if new 304"}, r.asked())

	mustExec(s, "update listing set boards = '\\x00112233445566778899aabbccddeeff'")
	require.NotContains(t, work("2026-03-04").Note, "not modified")
	require.Equal(t, []string{"eccg if new 304", "epraccur 200"}, r.asked(), "the accepted listing was read with other boards")

	mustExec(s, "update listing set rules_version = 0")
	require.NotContains(t, work("2026-03-05").Note, "not modified")
	require.Equal(t, []string{"eccg if new 304", "epraccur 200"}, r.asked(), "or by other rules")
	require.Contains(t, work("2026-03-06").Note, "not modified")
}

// Each file of another form is refused by its true reason, or read with notes.
func TestFilesOfAnotherForm(t *testing.T) {
	t.Parallel()
	folder := filepath.Dir(realdata.Path(t, "cases", "files/edispensary_00base.csv"))
	entries, err := os.ReadDir(folder)
	require.NoError(t, err)
	r := &transcript{t: t}
	s := newSite(t)
	require.NoError(t, os.CopyFS(s.dir, os.DirFS(folder)))
	s.exits(0, "reconcile", "--files", "edispensary_00base.csv", "--as-of", "2026-03-01", "--wait")
	require.Len(t, entries, 9)
	for _, e := range entries {
		args := []string{"plan", "--files", e.Name(), "--as-of", "2026-03-02"}
		r.note(args, s.do(args...))
	}
	r.is("files.golden")
}

// mustExec changes the database beside the program.
func mustExec(s *site, statement string) {
	s.t.Helper()
	db := s.connect()
	_, err := db.Exec(s.t.Context(), statement)
	require.NoError(s.t, err)
}
