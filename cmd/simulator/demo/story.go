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

// profilesync is the real program (program), at a played instant each time.
type profilesync interface {
	// run runs a command to its end and hands on each run it tells of.
	Runs(ctx context.Context, at time.Time, each func(runs.Summary), args ...string) (code int, err error)
	// list does so for the rows that other commands print.
	Rows(ctx context.Context, at time.Time, each func(row json.RawMessage) error, args ...string) (code int, err error)
	// page writes the newest report as a page to a file.
	WriteReport(ctx context.Context, at time.Time, path string) error
	// serve starts the daemon.
	Serve(ctx context.Context, at time.Time) (program.Daemon, error)
}

// directories are both sinks, as those see them who look from outside: by their
// ledgers and by what they show.
type directories interface {
	// seed lets DoS know new organisations.
	SeedDoS() error
	// tally counts the effects of pushes so far.
	Tally() outside.Tally
	// refused are the practices whose record DoS did not take, by code.
	RefusedPractices() []string
	// entries are what both show of a pharmacy.
	Entries(code string) outside.Entries
	// clinics are the services of a site on the website.
	ServicesShown(code string) ([]outside.ShownService, error)
	// alter changes a field on the website behind our back.
	Alter(code, field, value string) error
}

// story plays the demonstration: it lets things happen in the world, has
// profilesync look, and holds every number against the oracle.
type story struct {
	board   string // whose list of people profilesync writes to
	dir     string
	command string
	seed    uint64
	began   time.Time
	screen  *screen.Screen

	world     *odstest.World
	referrals *erstest.World
	extract   string // the file of the EBSX05 extract
	program   profilesync
	sinks     directories
	editor    editor
	people    crowd
	letters   map[people.LetterKind]int // that went out
	oracle    *oracle.Oracle
	now       func() time.Time

	steps   []step
	recoded string         // the run that withheld the recode last
	trust   string         // one of those whose board changed
	daemon  program.Daemon // from the first push on
	pushed  outside.Tally  // what the sinks must have come to
	edited  string         // the pharmacy that Cara edited
	moved   string         // the site that got a service
	page    string         // the report
}

// step is one step of the story as summary.json has it.
type step struct {
	Step     int            `json:"step"`
	Name     string         `json:"name"`
	At       time.Time      `json:"at"` // the played instant
	Title    string         `json:"title"`
	Said     string         `json:"said"` // what came of it
	Runs     []runs.Summary `json:"runs"`
	Pushes   *outside.Tally `json:"pushes,omitempty"`          // what it brought to the sinks
	Arrived  float64        `json:"arrived_seconds,omitempty"` // from an edit until both sinks showed it
	Drift    *found         `json:"drift,omitempty"`
	Services int            `json:"services,omitempty"` // of e-RS, that the website shows after it
	Seconds  float64        `json:"seconds"`
}

// setting is all that a story is played with.
type Setting struct {
	Systems  *outside.Systems
	Program  *program.Program
	Database string    // the URL of the database of that program, which is empty
	Board    string    // whose list of people the program writes to
	Dir      string    // where the files go
	Command  string    // how a shell runs the program on that database
	Seed     uint64    // of the register
	Began    time.Time // when somebody began to wait
	Screen   *screen.Screen
}

// play plays the story, writes summary.json and shows what came of it. A wrong
// number is an error: the demonstration is a test.
func Play(ctx context.Context, set Setting) error {
	s := &story{
		board: set.Board, dir: set.Dir, command: set.Command, seed: set.Seed, began: set.Began, screen: set.Screen,
		world: set.Systems.Register, referrals: set.Systems.Referrals, extract: filepath.Join(set.Dir, "EBSX05.zip"),
		program: set.Program, sinks: set.Systems, editor: editAs("Cara", set.Database), people: crowdOf(set.Database),
		letters: map[people.LetterKind]int{}, page: filepath.Join(set.Dir, "report.html"), oracle: oracle.New(), now: time.Now,
	}
	told := s.tell(ctx)
	sum := s.summarise(s.seed, s.now().Sub(s.began).Seconds(), told)
	path, err := sum.write(s.dir)
	if told != nil || err != nil {
		return errors.Join(told, err)
	}
	s.table()
	s.farewell(sum, path)
	return nil
}

// tell plays all chapters; the first wrong number ends the story.
func (s *story) tell(ctx context.Context) (err error) {
	defer func() {
		if s.daemon != nil { // it was to be stopped in the last chapter
			err = errors.Join(err, s.daemon.Stop())
		}
	}()
	for i, c := range chapters() {
		began := s.now()
		now := step{Step: i + 1, Name: c.name, At: c.at, Title: c.title, Runs: []runs.Summary{}}
		s.screen.Linef("%d. %s. %s", now.Step, c.at.Format("2 January 2006, 15:04"), c.title)
		said, err := c.play(s, ctx, &now)
		now.Said, now.Seconds = said, s.now().Sub(began).Seconds()
		s.steps = append(s.steps, now)
		s.screen.Do("")
		if err != nil {
			return fmt.Errorf("step %d (%s): %w", now.Step, c.name, err)
		}
		s.screen.Say(fmt.Sprintf("%s (%.1f s)", said, now.Seconds))
		s.screen.Linef("")
	}
	return nil
}
