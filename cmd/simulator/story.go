package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/profilesync/profilesync/connectors/ers/erstest"
	"github.com/profilesync/profilesync/connectors/ods/odstest"
	"github.com/profilesync/profilesync/reconcile/people"
	"github.com/profilesync/profilesync/reconcile/runs"
)

// profilesync is the real program (program), at a played instant each time.
type profilesync interface {
	// run runs a command to its end and hands on each run it tells of.
	run(ctx context.Context, at time.Time, each func(runs.Summary), args ...string) (code int, err error)
	// list does so for the rows that other commands print.
	list(ctx context.Context, at time.Time, each func(row json.RawMessage) error, args ...string) (code int, err error)
	// page writes the newest report as a page to a file.
	page(ctx context.Context, at time.Time, path string) error
	// serve starts the daemon.
	serve(ctx context.Context, at time.Time) (daemon, error)
}

// daemon is a running `profilesync serve`.
type daemon interface {
	// ended is closed when it has ended, whyever.
	ended() <-chan struct{}
	// stop asks it to stop and waits until it has. Anything but a good end is an
	// error, with what it said last.
	stop() error
}

// directories are both sinks, as those see them who look from outside: by their
// ledgers and by what they show.
type directories interface {
	// seed lets DoS know new organisations.
	seed() error
	// tally counts the effects of pushes so far.
	tally() tally
	// refused are the practices whose record DoS did not take, by code.
	refused() []string
	// entries are what both show of a pharmacy.
	entries(code string) entries
	// clinics are the services of a site on the website.
	clinics(code string) ([]clinic, error)
	// alter changes a field on the website behind our back.
	alter(code, field, value string) error
}

// story plays the demonstration: it lets things happen in the world, has
// profilesync look, and holds every number against the oracle.
type story struct {
	world     *odstest.World
	referrals *erstest.World
	extract   string // the file of the EBSX05 extract
	program   profilesync
	sinks     directories
	editor    editor
	people    crowd
	board     string                    // whose pharmacies have people, and a list
	letters   map[people.LetterKind]int // that went out
	oracle    *oracle
	screen    *screen
	now       func() time.Time

	steps   []step
	recoded string // the run that withheld the recode last
	trust   string // one of those whose board changed
	daemon  daemon // from the first push on
	pushed  tally  // what the sinks must have come to
	edited  string // the pharmacy that Cara edited
	moved   string // the site that got a service
	page    string // the report
}

// step is one step of the story as summary.json has it.
type step struct {
	Step     int            `json:"step"`
	Name     string         `json:"name"`
	At       time.Time      `json:"at"` // the played instant
	Title    string         `json:"title"`
	Said     string         `json:"said"` // what came of it
	Runs     []runs.Summary `json:"runs"`
	Pushes   *tally         `json:"pushes,omitempty"`          // what it brought to the sinks
	Arrived  float64        `json:"arrived_seconds,omitempty"` // from an edit until both sinks showed it
	Drift    *found         `json:"drift,omitempty"`
	Services int            `json:"services,omitempty"` // of e-RS, that the website shows after it
	Seconds  float64        `json:"seconds"`
}

// tell plays all chapters; the first wrong number ends the story.
func (s *story) tell(ctx context.Context) (err error) {
	defer func() {
		if s.daemon != nil { // it was to be stopped in the last chapter
			err = errors.Join(err, s.daemon.stop())
		}
	}()
	for i, c := range chapters() {
		began := s.now()
		now := step{Step: i + 1, Name: c.name, At: c.at, Title: c.title, Runs: []runs.Summary{}}
		s.screen.linef("%d. %s. %s", now.Step, c.at.Format("2 January 2006, 15:04"), c.title)
		said, err := c.play(s, ctx, &now)
		now.Said, now.Seconds = said, s.now().Sub(began).Seconds()
		s.steps = append(s.steps, now)
		s.screen.do("")
		if err != nil {
			return fmt.Errorf("step %d (%s): %w", now.Step, c.name, err)
		}
		s.screen.say(fmt.Sprintf("%s (%.1f s)", said, now.Seconds))
		s.screen.linef("")
	}
	return nil
}
