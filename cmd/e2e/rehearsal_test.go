package e2e

import (
	"context"
	"fmt"
	"maps"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// approvedAhead is a row of the summary of that name.
type approvedAhead struct {
	Plan  string `json:"plan"`
	By    string `json:"by"`
	Count int    `json:"count"`
}

// rehearsedTrusts has the trusts of December, and on 30 March the rehearsal P1 of the
// listing of 9 April. It returns the digest of its 55 withheld changes.
func rehearsedTrusts(t *testing.T) (s *site, digest string) {
	t.Helper()
	s = newSite(t).on("2026-03-30")
	s.reconcile(0, realData(t, trustsBefore), "2025-12-29")
	shown := s.asJSON(3, "plan", "--files", realData(t, trustsAfterApril), "--rehearse", "--actor", "Rita")
	require.Equal(t, recode, shown.Withheld)
	return s, s.aheadDigest(55)
}

// aheadDigest is the digest of what is left of P1 that can be approved ahead.
func (s *site) aheadDigest(count int) string {
	s.t.Helper()
	head, _, _ := strings.Cut(s.exits(0, "runs", "waiting", "--plan", "P1", "--format", "json").out, "\n")
	found := objects[struct {
		Waiting int    `json:"waiting"`
		Digest  string `json:"digest"`
	}](s.t, head)[0]
	require.Equal(s.t, count, found.Waiting)
	return found.Digest
}

func (s *site) approveAhead(digest, from, until string) {
	s.t.Helper()
	s.exits(0, "runs", "approve", "--plan", "P1", "--digest", digest, "--from", from, "--until", until, "--actor", "Ann")
}

// boardsAfterRecode are the boards of December with those of April in the 55.
func (s *site) boardsAfterRecode() map[string]string {
	s.t.Helper()
	boards := s.icbs()
	maps.Copy(boards, one[map[string]string](s,
		"select jsonb_object_agg(code, new) from plan_change where plan_id = 1 and field = 'icb' and withheld <> ''"))
	return boards
}

var ofAnn = []approvedAhead{{Plan: "P1", By: "Ann", Count: 55}}

// everyTable counts the rows of every table, those of the queue left out.
func (s *site) everyTable() map[string]int {
	s.t.Helper()
	tables := one[[]string](s, `
		select array_agg(relname::text order by relname) from pg_class
		where relnamespace = current_schema()::regnamespace and relkind = 'r' and relname <> 'process'`)
	return s.contents(tables...)
}

func TestARehearsalChangesNothingAndIsNeverApplied(t *testing.T) {
	t.Parallel()
	before, after := realData(t, trustsBefore), realData(t, trustsAfterApril)
	s := newSite(t).on("2026-03-30")
	s.reconcile(0, before, "2025-12-29")
	stood, tables := one[string](s, standing), s.everyTable()

	shown := s.asJSON(3, "plan", "--files", after, "--rehearse")
	require.Equal(t, []string{"P1", "2026-04-09", "withheld"}, []string{shown.Plan, shown.AsOf, shown.State})
	require.True(t, shown.Rehearsal)
	require.Equal(t, recode, shown.Withheld)
	require.Equal(t, changeCounts{Update: 4}, shown.Changes)
	require.Equal(t, 3, shown.PendingClose)
	require.Equal(t, stood, one[string](s, standing), "no profile, record, listing, mark or watermark has changed")
	after1 := s.everyTable()
	for _, kept := range []string{"plan", "plan_change", "upload", "upload_chunk"} {
		require.Positive(t, after1[kept])
		delete(after1, kept)
		delete(tables, kept)
	}
	require.Equal(t, tables, after1, "nothing but the plan and its file is kept")
	require.Equal(t, "rehearsal", one[string](s, "select kind from plan"))

	const never = "plan P1: refused, nothing changed: it is a rehearsal of 2026-04-09, and no rehearsal is applied"
	require.Contains(t, s.exits(1, "reconcile", "--plan", "P1", "--wait").err, never)
	late := s.on("2026-04-09")
	require.Contains(t, late.exits(1, "reconcile", "--plan", "P1", "--wait").err, never, "nor when its day has come")
	late.write(`insert into run (kind, source, report, as_of, actor, plan_id, upload_id)
		select 'listing', source, report, as_of, 'Eve', id, upload_id from plan`)
	late.reconcile(0, before, "2026-03-31") // finishes the run that Eve stored
	require.Contains(t, one[string](s, "select state || ': ' || error from run where actor = 'Eve'"), "refused: "+never)

	require.Contains(t, s.exits(2, "plan", "--files", after).err, "has not come yet", "without --rehearse as ever")
	require.Contains(t, s.exits(2, "plan", "--files", before, "--rehearse").err, "is not a day to come (today is 2026-03-30)")
	require.Contains(t, s.exits(2, "plan", "--files", after, "--as-of", "2026-03-30", "--rehearse").err, "is not a day to come")
	require.Contains(t, s.exits(2, "plan", "--rehearse").err, "--rehearse needs --files")
	require.Contains(t, s.exits(2, "plan", "--files", after, "--rehearse", "--ods", "RAA").err, "--ods")
}

// standing is all that a run may change of what is believed.
const standing = `
	select md5(concat(
		(select jsonb_agg(p order by code) from profile p), (select jsonb_agg(u order by report, code) from upstream_record u),
		(select jsonb_agg(l) from listing l), (select jsonb_agg(m) from mark m), (select jsonb_agg(w) from watermark w),
		(select jsonb_agg(k) from look k)))`

// The 55 that move to another board on 1 April 2026 are applied unasked, and nothing
// else is done that would not have been done.
func TestTheRecodeOfApril2026IsApprovedAhead(t *testing.T) {
	t.Parallel()
	s, digest := rehearsedTrusts(t)
	s.approveAhead(digest, "2026-04-01", "2026-04-20")
	boards := s.boardsAfterRecode()
	s.on("2026-04-08").reconcile(0, realData(t, trustsBefore), "2026-04-08")

	ninth, file := s.on("2026-04-09"), realData(t, trustsAfterApril)
	shown := ninth.plan(0, file, "2026-04-09")
	run := ninth.reconcile(0, file, "2026-04-09")
	requireSameNumbers(t, shown, run)
	require.Equal(t, "done", run.State)
	require.Empty(t, run.Withheld)
	require.Equal(t, ofAnn, run.ApprovedAhead)
	require.Equal(t, map[string]int{"icb": 55, "name": 3, "address": 1}, run.Fields)
	require.Equal(t, boards, s.icbs(), "exactly the 55, and as they were seen")
	for _, c := range ninth.changes(run.Run) {
		require.Equal(t, c.Field == "icb", c.AheadIn == "P1" && c.AheadBy == "Ann", "%s %s", c.Code, c.Field)
		require.Empty(t, c.Withheld)
	}
	require.Equal(t, 55, s.count("select count(*) from approved_ahead where state = 'used' and run_id::text = $1", run.Run))

	code := one[string](s, "select min(code) from approved_ahead")
	why := strings.Join(strings.Fields(ninth.exits(0, "profile", "why", code, "icb").out), " ")
	require.Contains(t, why, "approved ahead in rehearsal P1 on 2026-03-30")
	approved := 0
	tenth := s.on("2026-04-10")
	tenth.exits(0, "report", "make")
	for _, row := range tenth.reportRows("--date", "2026-04-10") {
		if row["approval_status"] == "APPROVED" {
			approved++
			require.Equal(t, []string{"operator", "2026-03-30T"}, []string{row["approved_by"], row["approved_at"][:11]}, "Ann, when she approved")
		}
	}
	require.Equal(t, 55, approved)
	again := ninth.reconcile(0, file, "2026-04-09")
	require.Zero(t, again.Changes, "a second run finds nothing")
	require.Empty(t, again.ApprovedAhead)

	undone := ninth.asJSON(0, "runs", "undo", run.Run, "--confirm", run.Run)
	require.Equal(t, 55, undone.Fields["icb"])
	next := tenth.reconcile(3, file, "2026-04-10")
	require.Equal(t, 55, next.Waiting-4, "what was undone waits, although it was approved ahead")
	require.Empty(t, next.ApprovedAhead)
}

// moved is the listing of 9 April with one more trust in another board.
func moved(t *testing.T, s *site) (file, code string) {
	t.Helper()
	code = one[string](s, `select min(code) from profile where status = 'open' and icb <> 'QWO' and code not in (
		select code from plan_change where plan_id = 1)`)
	rows := edited(readRows(t, realData(t, trustsAfterApril)), func(_ int, row []string) []string {
		if row[0] == code {
			row[3] = "QWO"
		}
		return row
	})
	return writeRows(t, "etr_2026-04-09.csv", rows, "\r\n"), code
}

func TestOneMoreThanWasApprovedAheadWaits(t *testing.T) {
	t.Parallel()
	s, digest := rehearsedTrusts(t)
	s.approveAhead(digest, "2026-04-09", "2026-04-20")
	boards := s.boardsAfterRecode()
	file, code := moved(t, s)
	ninth := s.on("2026-04-09")
	run := ninth.reconcile(3, file, "2026-04-09")
	require.Equal(t, []withheld{{Reason: "mass-change", Type: "trust", Field: "icb", Count: 1, Of: 205}}, run.Withheld)
	require.Equal(t, ofAnn, run.ApprovedAhead)
	require.Equal(t, boards, s.icbs())
	waits := ninth.waiting()
	require.Len(t, waits, 1)
	require.Equal(t, code, waits[0].Code)
	require.Zero(t, ninth.reconcile(0, file, "2026-04-09").Changes)
	require.Len(t, ninth.waiting(), 1)
}

func TestOutsideTheSpanEverythingWaits(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ from, until string }{
		"before it begins":   {"2026-04-10", "2026-04-20"},
		"after it has ended": {"2026-04-01", "2026-04-08"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s, digest := rehearsedTrusts(t)
			s.approveAhead(digest, c.from, c.until)
			boards := s.icbs()
			file, _ := moved(t, s)
			run := s.on("2026-04-09").reconcile(3, file, "2026-04-09")
			require.Equal(t, []withheld{{Reason: "mass-change", Type: "trust", Field: "icb", Count: 56, Of: 205}}, run.Withheld)
			require.Empty(t, run.ApprovedAhead)
			require.Equal(t, boards, s.icbs())
			next := s.on("2026-04-12").reconcile(0, file, "2026-04-12")
			require.Equal(t, 54, next.Waiting, "what waits goes on waiting; two of the 56 are closed")
			require.Empty(t, next.ApprovedAhead)
		})
	}
}

func TestAnotherPersonApprovesAhead(t *testing.T) {
	t.Parallel()
	s, digest := rehearsedTrusts(t)
	s = s.with("APPROVAL_BY_ANOTHER=true")
	args := []string{"runs", "approve", "--plan", "P1", "--digest", digest, "--until", "2026-04-20"}
	refused := s.exits(1, append(args, "--actor", "Rita")...)
	require.Contains(t, refused.err, "plan P1 was asked for by Rita: another person has to approve it")
	refused = s.exits(1, append(args, "--actor", "Ann")...)
	require.Contains(t, refused.err, "another person has to approve it", "the same operating-system user")
	require.Zero(t, s.count("select count(*) from approval_ahead"))
}

// A killed run applies the same 55 when it is finished, and once.
func TestAKilledRunOfWhatWasApprovedAheadIsFinished(t *testing.T) {
	t.Parallel()
	file := realData(t, trustsAfterApril)
	timed, digest := rehearsedTrusts(t)
	timed.approveAhead(digest, "2026-04-09", "2026-04-09")
	began := time.Now()
	timed.on("2026-04-09").reconcile(0, file, "2026-04-09")
	lasts := time.Since(began)
	for i := range 6 {
		moment := lasts * time.Duration(2*i+1) / 12
		t.Run(fmt.Sprintf("after %s", moment.Round(time.Millisecond)), func(t *testing.T) {
			t.Parallel()
			s, digest := rehearsedTrusts(t)
			s.approveAhead(digest, "2026-04-09", "2026-04-09")
			boards := s.boardsAfterRecode()
			ninth := s.on("2026-04-09")
			ctx, cancel := context.WithTimeout(t.Context(), moment)
			defer cancel()
			ninth.start(ctx, "reconcile", "--files", file, "--wait").wait(t)
			t.Log("killed when", one[string](s, "select string_agg(concat_ws(' ', state, planned, applied_to), '; ' order by id) from run"))
			ninth.exits(0, "reconcile", "--files", file, "--wait")
			require.Equal(t, boards, s.icbs())
			require.Equal(t, 55, s.count("select count(*) from change where field = 'icb' and old is not null"))
			require.Equal(t, 1, s.count("select count(distinct run_id) from approved_ahead where state = 'used'"))
			require.Zero(t, s.count("select count(*) from approved_ahead where state <> 'used'"))
			require.Zero(t, ninth.reconcile(0, file, "2026-04-09").Changes)
			require.Empty(t, ninth.waiting())
		})
	}
}

// Every text that a person sees of a rehearsal.
func TestARehearsalIsReadAndApprovedAhead(t *testing.T) {
	t.Parallel()
	r := &transcript{t: t}
	s := newSite(t).on("2026-02-23")
	s.loadCommissioners()
	s.exits(0, "reconcile", "--files", closing(t, "edispensary_2026-02-23.csv", 0), "--wait", "--actor", "Ann")
	second := secondListing(t)
	r.says(s, 3, "plan", "--files", second, "--rehearse", "--actor", "Rita")
	r.says(s, 1, "reconcile", "--plan", "P1", "--wait")
	r.says(s, 0, "runs", "waiting", "--plan", "P1", "--all")
	digest := s.aheadDigest(13)
	approve := []string{"runs", "approve", "--plan", "P1", "--digest", digest, "--actor", "Ann"}
	r.says(s, 2, "runs", "approve", "--plan", "P1", "--until", "2026-03-01")
	r.says(s, 2, approve...)
	r.says(s, 2, append(approve, "--until", "2026-02-22")...)
	r.says(s, 1, "runs", "approve", "--plan", "P1", "--digest", "abc", "--until", "2026-03-01")
	r.says(s, 1, "runs", "reject", "--plan", "P1")
	r.says(s, 0, append(approve, "--until", "2026-03-01")...)
	r.says(s, 1, append(approve, "--until", "2026-03-02")...)
	code := one[string](s, "select min(code) from approved_ahead")
	r.says(s, 0, "runs", "reject", "--plan", "P1", "--code", code, "--actor", "Bob")
	r.says(s, 0, "runs", "waiting", "--plan", "P1", "--code", code)
	next := s.on("2026-02-24")
	r.says(next, 3, "plan", "--files", second, "--actor", "Ann")
	r.says(next, 3, "reconcile", "--plan", "P2", "--wait", "--actor", "Ann")
	r.says(next, 0, "runs", "show", "2", "--most", "18")
	r.says(next, 0, "runs", "waiting", "--plan", "P1")
	r.says(next, 1, "runs", "waiting", "--plan", "P2")
	r.says(next, 2, "runs", "waiting", "2", "--plan", "P1")
	r.says(next, 2, "runs", "approve", "2", "--until", "2026-03-01")
	r.is("rehearsal.golden")
}
