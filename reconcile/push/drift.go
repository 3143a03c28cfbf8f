package push

import "github.com/profilesync/profilesync/reconcile/profile"

// DriftState is how a drift check ended.
type DriftState string

// The states of a drift check.
const (
	DriftDone  DriftState = "done"
	DriftAlarm DriftState = "alarm" // too much differs: nothing is repaired until a person has looked
	// DriftFailed is a check that could not be finished.
	DriftFailed DriftState = "failed"
)

// Drifted is one profile that a sink does not show as it should.
type Drifted struct {
	Code        profile.ODSCode
	Missing     bool // not shown at all
	Differences []Difference
	Unreadable  []Unreadable // what makes no sense there, and was not compared
	// NotVisible are fields with a stated value that changes what the sink shows, and that
	// cannot be read back: whether they are right is not known.
	NotVisible []profile.Field
}

// DriftResult is what a drift check of a sink found.
type DriftResult struct {
	Check    int64      `json:"check"`
	Sink     Sink       `json:"sink"`
	State    DriftState `json:"state"`
	Checked  int        `json:"checked"`
	Missing  int        `json:"missing"`
	Drifted  int        `json:"drifted"`
	Repaired int        `json:"repaired"` // pushes asked for
	Waiting  int        `json:"waiting"`  // pushes that waited for a person, tried again
	// NotVisible is how many profiles state a field that cannot be read back, by field.
	NotVisible map[string]int `json:"not_visible,omitempty"`
	// Unreadable names what could not be compared. Profiles of which nothing could
	// are not counted as checked.
	Unreadable []Unreadable `json:"unreadable,omitempty"`
	Reason     string       `json:"reason,omitempty"`
}

// Count adds what was found of one profile. It was checked only if the sink was read.
func (r *DriftResult) Count(d Drifted, read bool) {
	r.Unreadable = append(r.Unreadable, d.Unreadable...)
	for _, f := range d.NotVisible {
		if r.NotVisible == nil {
			r.NotVisible = make(map[string]int)
		}
		r.NotVisible[f.String()]++
	}
	if !read || d.Failed() {
		return
	}
	r.Checked++
	switch {
	case d.Missing:
		r.Missing++
	case len(d.Differences) > 0:
		r.Drifted++
	}
}

// UnreadableProfiles is how many profiles have something that could not be compared.
func (r *DriftResult) UnreadableProfiles() int {
	codes := make(map[profile.ODSCode]bool, len(r.Unreadable))
	for _, u := range r.Unreadable {
		codes[u.Code] = true
	}
	return len(codes)
}

// Drift compares what a sink shows of one profile with what it should show. ok is
// false if there is nothing to compare: the profile is held, or it is closed or
// hidden and the sink does not show the status, since such a sink freezes closed
// and hidden profiles (connectors/dos/CONTRACT.md "Statuses"). What the last push left
// out is not compared.
func (p Push) Drift(route Route, shown Shown) (drifted Drifted, ok bool) {
	p.Desired.LeftOut = FieldsLeftOut(p.LeftOut)
	own := p.Desired.Stated(route)
	if p.Held || p.Desired.IsGone() && !route.canRead(profile.FieldStatus) {
		return Drifted{}, false
	}
	return Drifted{
		Code: p.Code(), Missing: !shown.Found() && !shown.Failed(), Unreadable: shown.Unreadable,
		Differences: p.Desired.differences(route, own, shown),
		NotVisible:  notVisible(route, p.Desired.wanted(route, own, profile.Values{}), shown),
	}, true
}

// Found reports whether there is any drift, or something that could not be read.
func (d Drifted) Found() bool { return d.Differs() || len(d.Unreadable) > 0 }

// Differs reports whether there is any drift.
func (d Drifted) Differs() bool { return d.Missing || len(d.Differences) > 0 }

// Failed reports whether nothing of the profile could be read.
func (d Drifted) Failed() bool { return hasFailed(d.Unreadable) }
