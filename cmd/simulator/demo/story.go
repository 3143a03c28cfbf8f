package demo

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"path/filepath"
	"time"

	"github.com/profilesync/profilesync/cmd/simulator/oracle"
	"github.com/profilesync/profilesync/cmd/simulator/outside"
	"github.com/profilesync/profilesync/cmd/simulator/program"
	"github.com/profilesync/profilesync/cmd/simulator/screen"
	"github.com/profilesync/profilesync/connectors/ers/erstest"
	"github.com/profilesync/profilesync/connectors/ods/odstest"
	"github.com/profilesync/profilesync/reconcile/people"
	"github.com/profilesync/profilesync/reconcile/runs"
)

// profilesync is the real program, or a test's, at the time being played.
type profilesync interface {
	// Runs runs a command to its end, with each reconciliation run that it prints.
	Runs(ctx context.Context, at time.Time, each func(runs.Summary), args ...string) (code int, err error)
	// Rows does the same with whatever rows a command prints.
	Rows(ctx context.Context, at time.Time, each func(row json.RawMessage) error, args ...string) (code int, err error)
	// WriteReport writes the newest daily report to a file, as HTML.
	WriteReport(ctx context.Context, at time.Time, path string) error
	// Serve starts the daemon.
	Serve(ctx context.Context, at time.Time) (program.Daemon, error)
}

// sinks are DoS and the website as seen from outside: their ledgers and what they
// show.
type sinks interface {
	// SeedDoS adds new organisations to DoS.
	SeedDoS() error
	// Tally counts the effects of pushes so far.
	Tally() outside.Tally
	// RefusedPractices counts the updates of practices of which DoS refused a field.
	RefusedPractices() int
	// Entries are what both show for a pharmacy.
	Entries(code string) outside.Entries
	// ServicesShown are the e-RS services of a site on the website.
	ServicesShown(code string) ([]outside.ShownService, error)
	// Alter changes a field on the website without a push.
	Alter(code, field, value string) error
}

// story is a demonstration being played: things happen in the outside systems,
// profilesync reacts, and every number is compared with the oracle's.
type story struct {
	board   string // whose mailing list gets letters, and whose pharmacies have people
	dir     string
	command string
	seed    uint64
	began   time.Time
	screen  *screen.Screen

	register     *odstest.World
	referrals    *erstest.World
	extract      string // the file for the EBSX05 extract
	program      profilesync
	sinks        sinks
	editor       editor
	runPeopleSQL peopleSQL
	letters      map[people.LetterKind]int // sent so far, as expected
	oracle       *oracle.Oracle
	now          func() time.Time

	steps          []step
	recodeRun      string         // the last run that withheld the recode
	recodedTrust   string         // one of those whose board changed
	daemon         program.Daemon // while it runs
	expected       outside.Tally  // the tally of the sinks so far
	edited         string         // the pharmacy that Cara edited
	reshuffledSite string         // the site that gained a service
	reportPage     string         // the file of the daily report
}

// step is one step of the story as summary.json has it.
type step struct {
	Step     int            `json:"step"`
	Name     string         `json:"name"`
	At       time.Time      `json:"at"` // the time being played
	Title    string         `json:"title"`
	Result   string         `json:"said"` // the result in words
	Runs     []runs.Summary `json:"runs"`
	Pushes   *outside.Tally `json:"pushes,omitempty"`          // those that arrived in this step
	Arrived  float64        `json:"arrived_seconds,omitempty"` // from the edit until both sinks showed it
	Drift    *driftFound    `json:"drift,omitempty"`
	Services int            `json:"services,omitempty"` // of e-RS, on the website after this step
	Seconds  float64        `json:"seconds"`
}

// Setting is everything the demonstration is played with.
type Setting struct {
	Systems  *outside.Systems
	Program  *program.Program
	Database string    // the URL of the program's database, which is empty
	Board    string    // whose mailing list gets letters
	Dir      string    // the folder for summary.json, the report and the extract
	Command  string    // how to run the program on that database in a shell
	Seed     uint64    // of the register
	Began    time.Time // the start of the time that is reported
	Screen   *screen.Screen
}

// Play plays the demonstration, writes summary.json and prints a summary. A wrong
// number is an error: the demonstration is a test.
func Play(ctx context.Context, set Setting) error {
	s := &story{
		board: set.Board, dir: set.Dir, command: set.Command, seed: set.Seed, began: set.Began, screen: set.Screen,
		register: set.Systems.Register, referrals: set.Systems.Referrals, extract: filepath.Join(set.Dir, "EBSX05.zip"),
		program: set.Program, sinks: set.Systems, editor: editAs("Cara", set.Database), runPeopleSQL: runPeopleSQL(set.Database),
		letters: map[people.LetterKind]int{}, reportPage: filepath.Join(set.Dir, "report.html"), oracle: oracle.New(), now: time.Now,
	}
	played := s.playChapters(ctx)
	sum := s.summarise(s.seed, s.now().Sub(s.began).Seconds(), played)
	path, err := sum.write(s.dir)
	if played != nil || err != nil {
		return errors.Join(played, err)
	}
	s.table()
	s.farewell(sum, path)
	return nil
}

// playChapters plays all chapters, up to the first wrong number.
func (s *story) playChapters(ctx context.Context) (err error) {
	defer func() {
		if s.daemon != nil { // a chapter failed before the one that stops it
			err = errors.Join(err, s.daemon.Stop())
		}
	}()
	for i, c := range chapters() {
		began := s.now()
		now := step{Step: i + 1, Name: c.name, At: c.at, Title: c.title, Runs: []runs.Summary{}}
		s.screen.Linef("%d. %s. %s", now.Step, c.at.Format("2 January 2006, 15:04"), c.title)
		result, err := c.play(s, ctx, &now)
		now.Result, now.Seconds = result, s.now().Sub(began).Seconds()
		s.steps = append(s.steps, now)
		s.screen.Do("")
		if err != nil {
			return fmt.Errorf("step %d (%s): %w", now.Step, c.name, err)
		}
		s.screen.Say(fmt.Sprintf("%s (%.1f s)", result, now.Seconds))
		s.screen.Linef("")
	}
	return nil
}
