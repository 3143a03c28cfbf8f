package demo

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"

	"github.com/profilesync/profilesync/cmd/simulator/program"
	"github.com/profilesync/profilesync/cmd/simulator/screen"
	"github.com/profilesync/profilesync/reconcile/runs"
)

// summary is .local/demo/summary.json.
type summary struct {
	OK            bool    `json:"ok"`
	Error         string  `json:"error,omitempty"`
	Seed          uint64  `json:"seed"`
	Organisations int     `json:"organisations"` // in the listings of the first day
	Steps         []step  `json:"steps"`
	Totals        totals  `json:"totals"`
	Seconds       float64 `json:"seconds"` // from the start to the last number
}

// totals are the counts of all steps together. Profiles is how many are open at the
// end; DoS and Website count effects of pushes.
type totals struct {
	Runs     int               `json:"runs"`
	Records  int               `json:"records"`
	Changes  runs.ChangeCounts `json:"changes"`
	Withheld int               `json:"withheld"`
	Profiles int               `json:"profiles"`
	DoS      int               `json:"dos"`
	Website  int               `json:"website"`
	Drifted  int               `json:"drifted"`
	Repaired int               `json:"repaired"`
	Services int               `json:"services"` // of e-RS, on the website at the end
	Letters  int               `json:"letters"`  // to people
}

func (s *story) summarise(seed uint64, seconds float64, err error) summary {
	sum := summary{OK: err == nil, Seed: seed, Steps: s.steps, Seconds: seconds}
	if err != nil {
		sum.Error = err.Error()
	}
	var runs []runs.Summary
	for _, step := range s.steps {
		runs = append(runs, step.Runs...)
	}
	if len(s.steps) > 0 {
		sum.Organisations = totalOf(s.steps[0].Runs).records
	}
	t := totalOf(runs)
	sum.Totals = totals{Runs: t.runs, Records: t.records, Changes: t.changes, Withheld: t.withheld, Profiles: s.oracle.OpenProfiles()}
	for _, step := range s.steps {
		sum.Totals.DoS += step.toDoS()
		sum.Totals.Website += step.toWebsite()
		if step.Services > 0 {
			sum.Totals.Services = step.Services
		}
		if step.Drift != nil {
			sum.Totals.Drifted += len(step.Drift.Fields)
			sum.Totals.Repaired += step.Drift.Repaired
		}
	}
	for _, letters := range s.letters {
		sum.Totals.Letters += letters
	}
	return sum
}

// write replaces summary.json in a folder and returns its path.
func (sum summary) write(dir string) (string, error) {
	text, err := json.MarshalIndent(sum, "", " ")
	if err != nil {
		return "", fmt.Errorf("writing the summary: %w", err)
	}
	path := filepath.Join(dir, "summary.json")
	if err := os.WriteFile(path+".new", append(text, '\n'), 0o600); err != nil {
		return "", fmt.Errorf("writing the summary: %w", err)
	}
	if err := os.Rename(path+".new", path); err != nil {
		return "", fmt.Errorf("writing the summary: %w", err)
	}
	return path, nil
}

// toDoS and toWebsite are the effects of a step's pushes.
func (now step) toDoS() int {
	if now.Pushes == nil {
		return 0
	}
	return now.Pushes.ToDoS()
}

func (now step) toWebsite() int {
	if now.Pushes == nil {
		return 0
	}
	return now.Pushes.ToWebsite()
}

// table prints one line for each step.
func (s *story) table() {
	const row = "%-13s %4s %8s %8s %7s %8s %9s %7s %8s %8s %8s"
	s.screen.Linef(row, "step", "runs", "created", "updated", "closed", "dormant", "held back", "to DoS", "website", "services", "seconds")
	for _, step := range s.steps {
		t := totalOf(step.Runs)
		cells := []any{step.Name}
		for _, n := range []int{
			t.runs, t.changes.Create, t.changes.Update, t.changes.Close, t.changes.Dormant, t.withheld,
			step.toDoS(), step.toWebsite(), step.Services,
		} {
			cells = append(cells, screen.Number(n))
		}
		s.screen.Linef(row, append(cells, fmt.Sprintf("%.1f", step.Seconds))...)
	}
}

// farewell prints the totals and what there is to look at.
func (s *story) farewell(sum summary, path string) {
	s.screen.Linef("\n%s open at the end, every number as the register has it. %.1f s in all.",
		screen.Count(sum.Totals.Profiles, "profile"), sum.Seconds)
	s.screen.Linef("%s pushes to DoS and %s to the website, each effect once; %d of %d drifted fields repaired.",
		screen.Number(sum.Totals.DoS), screen.Number(sum.Totals.Website), sum.Totals.Repaired, sum.Totals.Drifted)
	s.screen.Linef("%s of e-RS shown at the end, as its trusts arranged them.", screen.Count(sum.Totals.Services, "service"))
	s.screen.Linef("%s to people, each once, none after everything was checked.", screen.Count(sum.Totals.Letters, "letter"))
	s.screen.Linef("letters    %s", screen.ShortPath(filepath.Join(s.dir, "mail")))
	s.screen.Linef("report     %s", screen.ShortPath(s.reportPage))
	s.screen.Linef("counts     %s", screen.ShortPath(path))
	s.screen.Linef("\nLook around; the database is still there:")
	for _, args := range []string{
		"runs list",
		"runs show " + s.recodeRun + " --withheld",
		"profile history " + s.recodedTrust,
		"profile history " + s.edited,
		"ers services " + s.reshuffledSite,
		"push list --state no-route",
		"mail list --state cancelled",
		"accounts list --state deactivated",
	} {
		s.screen.Linef("  %s %s", s.command, args)
	}
	s.screen.Linef("\nNext, make run: the same set-up, staying up, with a console in the browser. It says what to try first.")
	s.screen.Linef("  console  http://%s", program.ConsoleAddress)
	s.screen.Linef("  sign in  %s", program.WhoSignsIn())
}
