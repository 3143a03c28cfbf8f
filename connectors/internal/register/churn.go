package register

import (
	"slices"

	"github.com/profilesync/profilesync/reconcile/profile"
)

// Kind says what happened to an organisation.
type Kind string

// What can happen.
const (
	Closing      Kind = "closed"
	Sleeping     Kind = "dormant"
	Reopening    Kind = "reopened"
	Activating   Kind = "activated" // a proposed one opened
	Renaming     Kind = "renamed"
	Moving       Kind = "moved" // postcode and street
	Readdressing Kind = "readdressed"
	Rephoning    Kind = "phone"
	Reparenting  Kind = "operator"     // another RE6 target
	Recontract   Kind = "commissioner" // another RE4 target
	Restamping   Kind = "restamped"    // a new date of change, nothing else
	Opening      Kind = "opened"       // a new code
	Removing     Kind = "deleted"
	Reboarding   Kind = "icb" // another integrated care board
	Succeeding   Kind = "succession"
)

// Event is one thing that happened, for tests to compare results with.
type Event struct {
	Kind     Kind
	Report   Report
	Code     string
	On       profile.Date
	Old, New string // values of the field that the kind is about; empty if there is none
}

// Events are things that happened, in the order in which they were simulated.
type Events []Event

// Counts returns the number of events of each kind.
func (e Events) Counts() map[Kind]int {
	counts := make(map[Kind]int)
	for _, event := range e {
		counts[event.Kind]++
	}
	return counts
}

// Codes lists the codes of the given kinds, or of all kinds if none is given,
// sorted and without duplicates.
func (e Events) Codes(kinds ...Kind) []string {
	var codes []string
	for _, event := range e {
		if len(kinds) == 0 || slices.Contains(kinds, event.Kind) {
			codes = append(codes, event.Code)
		}
	}
	slices.Sort(codes)
	return slices.Compact(codes)
}

// Rate is how often something happens in a month in the whole real register of
// 370,917 organisations.
type Rate struct {
	Kind     Kind
	PerMonth float64
}

// wholeRegister is the size of the register whose monthly volumes were measured.
const wholeRegister = 370_917

// MonthlyRates returns the volumes of June to August 2026, for phones and
// addresses those of the epraccur files
// (connectors/ods/CONTRACT.md "Measured figures").
func MonthlyRates() []Rate {
	return []Rate{
		{Closing, 765},
		{Reopening, 62},
		{Renaming, 302},
		{Moving, 387},
		{Readdressing, 100},
		{Rephoning, 900},
		{Reparenting, 637},
		{Recontract, 132},
		{Restamping, 1700},
		{Opening, 869},
		{Removing, 62},
	}
}

// Churn simulates what happens between the register's day and another, in the
// volume of the real register, scaled by size and days. No organisation has two
// events. Practices become dormant before they close, with a close date set back
// to the end of the month before.
func (r *Register) Churn(to profile.Date) Events { return r.ChurnAt(to, MonthlyRates()) }

// ChurnAt is Churn with other rates; tests and demonstrations raise them.
func (r *Register) ChurnAt(to profile.Date, rates []Rate) Events {
	p := r.newPeriod(to)
	share := float64(p.size) / wholeRegister * float64(days(p.from, to)) / 30.44
	for _, rate := range rates {
		n := rate.PerMonth * share
		whole := int(n)
		if p.chance(n - float64(whole)) {
			whole++
		}
		for range whole {
			p.playOne(rate.Kind)
		}
	}
	p.activateProposed()
	r.SetAsOf(to)
	return p.events
}
