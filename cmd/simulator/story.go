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
	"github.com/profilesync/profilesync/reconcile/profile"
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

// chapter is one step to be played; it returns what came of it, in words.
type chapter struct {
	name  string
	at    time.Time
	title string
	play  func(*story, context.Context, *step) (said string, err error)
}

// chapters are the whole story, in the order in which they build on each other.
func chapters() []chapter {
	at := func(month time.Month, day, hour int) time.Time {
		return time.Date(2026, month, day, hour, 0, 0, 0, profile.London())
	}
	return []chapter{
		{"first", at(3, 1, 5), "The first reconciliation: every active organisation gets a profile", (*story).first},
		{"month", at(3, 31, 5), "A month goes by in the register", (*story).month},
		{"recode", at(4, 1, 5), "Twelve boards merged into six overnight", (*story).recode},
		{"approve", at(4, 1, 10), "Ann looks at what was held back, and approves exactly that", (*story).approve},
		{"undo", at(4, 1, 11), "Bob was not asked: he takes it back", (*story).undo},
		{"again", at(4, 2, 5), "The register still says so: it is proposed again", (*story).again},
		{"approve-again", at(4, 2, 10), "Bob has read the law, and approves", (*story).approveAgain},
		{"ask", at(4, 2, 12), "A pharmacy has a new name today: the API is asked about it alone", (*story).ask},
		{"last", at(4, 3, 5), "One more night: complete listings of everything", (*story).last},
		{"push", at(4, 3, 9), "The daemon starts: every profile goes to DoS and to the public website", (*story).push},
		{"edit", at(4, 3, 9), "Cara, an editor, saves three times, last that the pharmacy closes today", (*story).edit},
		{"drift", at(4, 3, 9), "Somebody changes three entries of the website behind our back", (*story).drift},
		{"services", at(4, 4, 6), "An extract names the services of trusts; e-RS says what they are", (*story).services},
		{"reshuffle", at(4, 5, 6), "A trust renames two services, moves one to another site, and ends one", (*story).reshuffle},
		{"gone", at(4, 6, 6), "On another day, the service that ended is still not there", (*story).gone},
		{"quarter", at(4, 7, 9), "A quarter begins: people are asked to check their pharmacies", (*story).morning},
		{"warning", at(5, 10, 9), "Two people were last here on 1 December: they are warned", (*story).morning},
		{"reminder", at(6, 2, 9), "Half of the pharmacies were checked; 28 days are left for the others", (*story).morning},
		{"idle", at(6, 9, 9), "One account ends; the other is the only account manager, and stays", (*story).morning},
		{"overdue", at(7, 1, 9), "The quarter is over: account managers and the board's list are told", (*story).morning},
		{"report", at(7, 2, 7), "The daily change report of all of it, and whether it is what was frozen", (*story).report},
	}
}

// first is the day on which the story begins.
func firstDay() profile.Date { return dayOf(chapters()[0].at) }

func dayOf(at time.Time) profile.Date { return profile.DateIn(at, profile.London()) }

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

func (s *story) first(ctx context.Context, now *step) (string, error) {
	runs, err := s.listings(ctx, now)
	total := totalOf(runs)
	return fmt.Sprintf("%s made, one for each active organisation; %s listed.",
		count(total.changes.Create, "profile"), count(total.contradictions, "contradiction")), err
}

func (s *story) month(ctx context.Context, now *step) (string, error) {
	played, err := s.world.Churn(dayOf(now.At))
	if err != nil {
		return "", err
	}
	if err := s.sinks.seed(); err != nil {
		return "", err
	}
	e := played.Events
	s.screen.say(fmt.Sprintf("In it %d organisations open, %d close, %d fall dormant, %d move, %d get another name.",
		e["opened"], e["closed"], e["dormant"], e["moved"]+e["readdressed"], e["renamed"]))
	runs, err := s.listings(ctx, now)
	total := totalOf(runs)
	return fmt.Sprintf("Profiles: %s. %s wait until the listing of another day says so too.", changed(total.changes),
		count(total.pending, "closure")), err
}

func (s *story) recode(ctx context.Context, now *step) (string, error) {
	if _, err := s.world.Recode(dayOf(now.At)); err != nil {
		return "", err
	}
	held, runs, err := s.massChange(ctx, now)
	return fmt.Sprintf("%d of %d trusts change board in one step: held back until a person says yes. The rest goes on: %s.",
		held.Count, held.Of, changed(totalOf(runs).changes)), err
}

func (s *story) again(ctx context.Context, now *step) (string, error) {
	if err := s.world.Advance(dayOf(now.At)); err != nil {
		return "", err
	}
	held, runs, err := s.massChange(ctx, now)
	return fmt.Sprintf("%d of %d trusts held back again. The rest goes on: %s.", held.Count, held.Of, changed(totalOf(runs).changes)), err
}

// massChange has the listings read and wants the recode withheld.
func (s *story) massChange(ctx context.Context, now *step) (held runs.Withheld, runs []runs.Summary, err error) {
	if runs, err = s.listings(ctx, now); err != nil {
		return held, runs, err
	}
	for _, r := range runs {
		if r.Report == "etr" && len(r.Withheld) == 1 && r.Withheld[0].Field == "icb" {
			s.recoded, s.trust = r.Run, s.oracle.held["etr"][0].code
			return r.Withheld[0], runs, nil
		}
	}
	return held, runs, errors.New("the recode of the trusts was not held back: no run of etr withheld the field icb")
}

func (s *story) approve(ctx context.Context, now *step) (string, error) {
	return s.approval(ctx, now, "Ann")
}

func (s *story) approveAgain(ctx context.Context, now *step) (string, error) {
	return s.approval(ctx, now, "Bob")
}

func (s *story) approval(ctx context.Context, now *step, actor string) (string, error) {
	run, err := s.decide(ctx, now, s.oracle.approval("etr"), "runs", "approve", s.recoded, "--actor", actor)
	said := fmt.Sprintf("%s the new board; the audit names %s.", count(run.Changes.Update, "trust")+" get", actor)
	if n := len(run.LeftOut); n > 0 {
		said += fmt.Sprintf(" %d left out: closed since.", n)
	}
	return said, err
}

func (s *story) undo(ctx context.Context, now *step) (string, error) {
	approved := s.steps[len(s.steps)-1].Runs[0].Run
	run, err := s.decide(ctx, now, s.oracle.undo("etr"), "runs", "undo", approved, "--actor", "Bob")
	return fmt.Sprintf("Exactly those %s have the old board again.", count(run.Changes.Update, "trust")), err
}

// ask renames one pharmacy and has the API asked about it.
func (s *story) ask(ctx context.Context, now *step) (string, error) {
	code, err := s.openPharmacy()
	if err != nil {
		return "", err
	}
	if err := s.world.Rename(code, "NEW LEAF PHARMACY"); err != nil {
		return "", err
	}
	s.oracle.reports[pharmacies][code].set("name", "NEW LEAF PHARMACY")
	want := s.oracle.decision("api")
	want.Population = s.oracle.all()
	want.Changes.Update, want.Fields["name"] = 1, 1
	_, err = s.decide(ctx, now, want, "reconcile", "--source", "ods", "--ods", code, "--wait", "--actor", "Ann")
	return code + " renamed at once, and nothing else touched.", err
}

func (s *story) openPharmacy() (string, error) {
	facts, err := s.world.Facts(pharmacies)
	if err != nil {
		return "", err
	}
	for _, fact := range facts {
		p := s.oracle.reports[pharmacies][fact.Code]
		if p != nil && p.status == profile.StatusOpen && fact.Standing == profile.Active {
			return fact.Code, nil
		}
	}
	return "", errors.New("the register has no open pharmacy")
}

func (s *story) last(ctx context.Context, now *step) (string, error) {
	if err := s.world.Advance(dayOf(now.At)); err != nil {
		return "", err
	}
	summaries, err := s.listings(ctx, now)
	total := totalOf(summaries)
	if err == nil && (total.changes != runs.ChangeCounts{} || total.withheld+total.pending > 0) {
		err = fmt.Errorf("the last night was to find nothing, but: %s, %d withheld, %d pending",
			changed(total.changes), total.withheld, total.pending)
	}
	return count(total.records, "record") + " read, nothing to do: profiles and register agree.", err
}
