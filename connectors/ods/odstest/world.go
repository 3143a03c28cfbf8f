package odstest

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"

	"github.com/profilesync/profilesync/connectors/internal/register"
	"github.com/profilesync/profilesync/reconcile/profile"
)

// World is a made-up register together with its server, for programs that play
// time: a demonstration, end-to-end tests, a soak. It may be used by many
// goroutines; only one plays at a time.
type World struct {
	*Server
	playing sync.Mutex
}

// WorldOptions say which world to make.
type WorldOptions struct {
	Seed uint64
	// Counts are the organisations of each report, by the name of its download
	// (CONTRACT.md "Downloads"). Reports that are not named are only as large as the
	// others need them, for parents.
	Counts map[string]int
	Day    profile.Date // the day it begins; zero gives 22 February 2026
	APIKey string       // what the FHIR API wants; empty: nothing
}

// NewWorld makes a world. The error names a report that is none, or a count
// below one.
func NewWorld(o WorldOptions) (*World, error) {
	counts := make(map[register.Report]int, len(o.Counts))
	for _, name := range slices.Sorted(maps.Keys(o.Counts)) {
		report, err := register.ParseReport(name)
		if err != nil {
			return nil, err
		}
		if counts[report] = o.Counts[name]; counts[report] < 1 {
			return nil, fmt.Errorf("report %s: %d organisations: want at least 1", name, o.Counts[name])
		}
	}
	reg := register.New(register.Options{Seed: o.Seed, Counts: counts, AsOf: o.Day})
	return &World{Server: New(reg, Options{APIKey: o.APIKey})}, nil
}

// Day is the day the register speaks of.
func (w *World) Day() profile.Date { return w.reg.AsOf() }

// Played is what happened in a stretch of time.
type Played struct {
	Day    profile.Date   `json:"day"`    // the day it is now
	Events map[string]int `json:"events"` // counted by kind: closed, renamed, icb and so on
}

// Advance lets days pass on which nothing happens. Days that are over are
// refused.
func (w *World) Advance(to profile.Date) error {
	_, err := w.play(to, func() register.Events {
		w.reg.SetAsOf(to)
		return nil
	})
	return err
}

// Churn plays what happens up to a day: as much as the real register would see
// by its size and the days (CONTRACT.md "Measured figures"). Days that are over
// are refused.
func (w *World) Churn(to profile.Date) (Played, error) {
	return w.play(to, func() register.Events { return w.reg.Churn(to) })
}

// Recode plays the mass recode of 1 April 2026 on the trusts, on another day
// where that is wanted: twelve boards become six, and about a quarter of the
// trusts get another board in one step (CONTRACT.md "Mass changes"). Days that are
// over are refused; a second recode finds nothing to do.
func (w *World) Recode(on profile.Date) (Played, error) {
	return w.play(on, func() register.Events { return w.reg.Recode(on) })
}

func (w *World) play(to profile.Date, happen func() register.Events) (Played, error) {
	w.playing.Lock()
	defer w.playing.Unlock()
	if to.Before(w.Day()) {
		return Played{}, fmt.Errorf("%s is over: the register speaks of %s already", to, w.Day())
	}
	played := Played{Day: to, Events: make(map[string]int)}
	for kind, count := range happen().Counts() {
		played.Events[string(kind)] = count
	}
	return played, nil
}

// Rename gives one organisation another name, in capitals, on the register's
// day. The error names a code that is not there.
func (w *World) Rename(code, name string) error {
	w.playing.Lock()
	defer w.playing.Unlock()
	return w.reg.Update(code, w.Day(), func(o *register.Organisation) {
		if o.Address.Building == strings.TrimSpace(o.Name) {
			o.Address.Building = name // it only repeats the name
		}
		o.Name = name
	})
}

// Fact is one row of a complete listing, in the words of today's layout: the
// truth that a reconciliation is held against. What a report does not state is
// empty.
type Fact struct {
	Code     string
	Standing profile.Standing
	Opened   profile.Date
	Closed   profile.Date
	Roles    string // joined by bars, the primary one first
	// Fields are the values by the names of reconcile/RULES.md "The JSON object":
	// name, address (lines joined by bars), postcode, region, icb, parent,
	// commissioner.
	Fields map[string]string
}

// Facts are the rows of a report as its download gives them now. The error
// names a report that is none.
func (w *World) Facts(name string) ([]Fact, error) {
	report, err := register.ParseReport(name)
	if err != nil {
		return nil, err
	}
	facts := make([]Fact, 0, w.reg.Len(report))
	for o := range w.reg.All(report) {
		if !o.Archived() {
			facts = append(facts, w.fact(o))
		}
	}
	return facts, nil
}

func (w *World) fact(o register.Organisation) Fact {
	row := register.Row(o, register.DSE, w.Day())
	f := Fact{
		Code: o.Code, Standing: o.Standing, Opened: o.Opened, Closed: o.Closed, Roles: strings.Join(o.Roles, "|"),
		Fields: map[string]string{
			"name": row[1], "region": row[2], "icb": row[3], "address": strings.Join(row[4:9], "|"), "postcode": row[9],
		},
	}
	switch o.Report {
	case register.Practices:
		f.Fields["commissioner"] = row[14]
		if commissioner, found := w.reg.Get(row[14]); found { // whose board the practice is in, by report eccg
			of := register.Row(commissioner, register.DSE, w.Day())
			f.Fields["region"], f.Fields["icb"] = of[2], of[3]
		}
	case register.Dentists:
		f.Fields["commissioner"] = row[14]
	case register.Dispensaries, register.Branches, register.TrustSites:
		f.Fields["parent"] = row[14]
	}
	return f
}
