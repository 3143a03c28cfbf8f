package runs_test

import (
	"cmp"
	"maps"
	"slices"

	"pgregory.net/rapid"

	"github.com/profilesync/profilesync/reconcile/profile"
	"github.com/profilesync/profilesync/reconcile/runs"
)

// report is what one report of the register says, and what is remembered of it.
type report struct {
	register map[profile.ODSCode]profile.Record
	accepted map[profile.ODSCode]profile.Record
	outcomes map[profile.ODSCode]runs.Outcome
	compared map[profile.ODSCode]runs.ID // by which run last
	api      bool                        // reads some records only, and tells less
}

func newReport() report {
	return report{
		register: make(map[profile.ODSCode]profile.Record),
		accepted: make(map[profile.ODSCode]profile.Record),
		outcomes: make(map[profile.ODSCode]runs.Outcome),
		compared: make(map[profile.ODSCode]runs.ID),
	}
}

// pendingSince is the first look at a closure, by any report.
func (w *world) pendingSince(code profile.ODSCode) (first profile.Date) {
	for _, r := range w.reports() {
		if since := r.outcomes[code].PendingSince; !since.IsZero() && (first.IsZero() || since.Before(first)) {
			first = since
		}
	}
	return first
}

// reports are all reports, the one that is read first.
func (w *world) reports() []report { return append([]report{w.report}, w.others...) }

// stored is what an approval is planned from: what the reports said last. A world
// of one report has read what its register says.
func (w *world) stored(code profile.ODSCode) profile.Record {
	if len(w.others) == 0 {
		return w.register[code]
	}
	records, _ := w.said(code)
	return runs.Latest(w.day, records)
}

// base is what was accepted of an organisation; nil for nothing.
func (w *world) base(code profile.ODSCode) *profile.Record {
	if base, ok := w.accepted[code]; len(w.others) == 0 && ok {
		return &base
	}
	records, own := w.said(code)
	if len(records) == 0 {
		return nil
	}
	base := runs.BaseOf(w.day, records, own)
	return &base
}

// said are the records that were read of an organisation, the latest first, and
// which of them is of the report that is read; -1 for none.
func (w *world) said(code profile.ODSCode) (records []profile.Record, own int) {
	reports := slices.DeleteFunc(w.reports(), func(r report) bool { return r.compared[code] == 0 })
	slices.SortFunc(reports, func(a, b report) int { return cmp.Compare(b.compared[code], a.compared[code]) })
	own = -1
	for n, r := range reports {
		records = append(records, r.accepted[code])
		if r.compared[code] == w.compared[code] {
			own = n
		}
	}
	return records, own
}

// turn goes on to read another report, which says the same by now, or lags behind.
func (w *witness) turn(t *rapid.T) {
	n := rapid.IntRange(-1, len(w.others)-1).Draw(t, "report")
	if n < 0 {
		return
	}
	says := w.register
	w.report, w.others[n] = w.others[n], w.report
	if len(w.register) > 0 && rapid.Bool().Draw(t, "lags") {
		return
	}
	w.register = maps.Clone(says)
	if !w.api {
		return
	}
	untold := rapid.SampledFrom(spoken).Draw(t, "does not tell")
	for code, r := range w.register {
		r.Values.Forget(untold)
		if r.Standing == profile.Active || r.Standing == profile.Dormant {
			r.Standing = profile.Alive
		}
		w.register[code] = r
	}
}

// part draws the records that a delta reads.
func (w *witness) part(t *rapid.T, in *runs.Input) {
	some := w.some(t)
	in.CountsAsLook = true
	in.Items = slices.DeleteFunc(in.Items, func(item runs.Item) bool { return !slices.Contains(some, item.Upstream.Code) })
}
