package e2e

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/profilesync/profilesync/connectors/postgres/local"
	"github.com/profilesync/profilesync/connectors/postgres/pgtest"
)

// These tests run the real binary in a separate process, with only the
// environment that a test sets.

// patience limits how long a test waits for a command.
const patience = 2 * time.Minute

// builtVersion is the version that the binary under test was built with.
const builtVersion = "v0.0.0-e2e"

// binary is the program under test, built once by TestMain.
var binary string

// atOnce is how many tests run at the same time, unless -parallel says otherwise: most of
// the time, a test waits for the programs that it started.
const atOnce = 5

func TestMain(m *testing.M) {
	local.SuperviseIfAsked() // before anything is built
	flag.Parse()
	said := false
	flag.Visit(func(f *flag.Flag) { said = said || f.Name == "test.parallel" })
	if !said {
		_ = flag.Set("test.parallel", strconv.Itoa(max(atOnce, runtime.GOMAXPROCS(0)))) // a number
	}
	if err := build(); err != nil {
		_, _ = fmt.Fprintln(os.Stderr, "building the binary:", err)
		os.Exit(1)
	}
	pgtest.MainOfPrograms(m)
}

// build puts the binary beside the test's own, into the folder that `go test`
// removes at the end: after pgtest.MainOfPrograms no code runs that could do so.
func build() error {
	self, err := os.Executable()
	if err != nil {
		return err
	}
	binary = filepath.Join(filepath.Dir(self), "profilesync-under-test")
	out, err := exec.Command("go", "build", "-ldflags", "-w -X main.version="+builtVersion, "-o", binary, "../profilesync").CombinedOutput()
	if err != nil {
		return fmt.Errorf("%w\n%s", err, out)
	}
	return nil
}

// outcome is the result of a command.
type outcome struct {
	code   int
	killed bool
	out    string
	err    string
}

// site is one installation of the program: its settings and its working folder.
type site struct {
	t   *testing.T
	dir string
	env []string // settings without their prefix, as NAME=value
	url string   // the database; empty if the program starts its own
}

// bareSite returns a site without settings.
func bareSite(t *testing.T) *site {
	t.Helper()
	return &site{t: t, dir: t.TempDir()}
}

// newSite returns a site with its own database, migrated and empty.
func newSite(t *testing.T) *site {
	t.Helper()
	s := bareSite(t)
	s.url = pgtest.URL(t)
	s.env = []string{"DATABASE_URL=" + pgtest.AsDaemon(t, s.url), "ODS_DOWNLOADS_URL=" + nobody, // no test asks the real register
		"REPORT_KEYS=" + reportKey, "REPORT_TOKENS=" + reportToken}
	return s
}

// nobody is an address at which nothing answers.
const nobody = "http://127.0.0.1:1"

// started is a running command.
type started struct {
	cmd            *exec.Cmd
	stdout, stderr *output
}

// output is what a command has written so far; a test may read it while the
// command writes.
type output struct {
	lock sync.Mutex
	text bytes.Buffer
}

func (o *output) Write(p []byte) (int, error) {
	o.lock.Lock()
	defer o.lock.Unlock()
	return o.text.Write(p)
}

func (o *output) String() string {
	o.lock.Lock()
	defer o.lock.Unlock()
	return o.text.String()
}

// log returns what the command has written to standard error so far.
func (c started) log() string { return c.stderr.String() }

// start starts a command. It is killed with SIGKILL when ctx ends.
func (s *site) start(ctx context.Context, args ...string) started {
	s.t.Helper()
	c := started{cmd: s.command(ctx, args...), stdout: new(output), stderr: new(output)}
	c.cmd.Stdout, c.cmd.Stderr = c.stdout, c.stderr
	require.NoError(s.t, c.cmd.Start())
	return c
}

// command returns a command that has not started, and whose output is
// discarded.
func (s *site) command(ctx context.Context, args ...string) *exec.Cmd {
	cmd := exec.CommandContext(ctx, binary, args...)
	cmd.Dir = s.dir
	cmd.WaitDelay = 5 * time.Second // a process that inherited the output must not block the test
	for _, name := range []string{"PATH", "HOME", "TMPDIR"} {
		if value, ok := os.LookupEnv(name); ok {
			cmd.Env = append(cmd.Env, name+"="+value)
		}
	}
	cmd.Env = append(cmd.Env, "COLUMNS=100") // as on a terminal; nothing is shortened
	for _, setting := range s.env {
		cmd.Env = append(cmd.Env, "PROFILESYNC_"+setting)
	}
	return cmd
}

// wait waits for the end of a command.
func (c started) wait(t *testing.T) outcome {
	t.Helper()
	err := c.cmd.Wait()
	if exit := new(exec.ExitError); err != nil && !errors.As(err, &exit) && !errors.Is(err, context.DeadlineExceeded) {
		require.NoError(t, err)
	}
	code := c.cmd.ProcessState.ExitCode()
	return outcome{code: code, killed: code == -1, out: c.stdout.String(), err: c.stderr.String()}
}

// do runs a command to its end.
func (s *site) do(args ...string) outcome {
	s.t.Helper()
	ctx, cancel := context.WithTimeout(s.t.Context(), patience)
	defer cancel()
	o := s.start(ctx, args...).wait(s.t)
	require.NoError(s.t, ctx.Err(), "%v did not end; its standard error: %s", args, o.err)
	return o
}

// together runs commands at the same time.
func (s *site) together(commands ...[]string) (outcomes []outcome) {
	s.t.Helper()
	ctx, cancel := context.WithTimeout(s.t.Context(), patience)
	defer cancel()
	running := make([]started, len(commands))
	for i, args := range commands {
		running[i] = s.start(ctx, args...)
	}
	for _, c := range running {
		outcomes = append(outcomes, c.wait(s.t))
	}
	return outcomes
}

// exits runs a command and requires an exit code.
func (s *site) exits(code int, args ...string) outcome {
	s.t.Helper()
	o := s.do(args...)
	require.Equal(s.t, code, o.code, "profilesync %s\nstdout: %s\nstderr: %s", strings.Join(args, " "), o.out, o.err)
	return o
}

// summary is the JSON object (reconcile/RULES.md "The JSON object"), spelt out
// here so that a renamed key in the code is noticed.
type summary struct {
	Run            string          `json:"run"`
	Plan           string          `json:"plan"`
	Digest         string          `json:"digest"`
	Source         string          `json:"source"`
	Report         string          `json:"report"`
	AsOf           string          `json:"as_of"`
	State          string          `json:"state"`
	Records        int             `json:"records"`
	Rejected       int             `json:"rejected"`
	Population     int             `json:"population"`
	Changes        changeCounts    `json:"changes"`
	Fields         map[string]int  `json:"fields"`
	Withheld       []withheld      `json:"withheld"`
	ApprovedAhead  []approvedAhead `json:"approved_ahead"`
	Rehearsal      bool            `json:"rehearsal"`
	PendingClose   int             `json:"pending_close"`
	Contradictions int             `json:"contradictions"`
	Waiting        int             `json:"waiting"`
	Withdrawn      int             `json:"withdrawn"`
	Decisions      map[string]int  `json:"decisions"`
	ElapsedMS      int64           `json:"elapsed_ms"`
	LeftOut        []leftOut       `json:"left_out"`
	Error          string          `json:"error"`

	Noted     map[string]int `json:"noted"`
	NoProfile []noProfile    `json:"no_profile"`
	NewLayout *newLayout     `json:"new_layout"`
	Differs   *differs       `json:"differs"`
	Note      string         `json:"note"`
}

type differs struct {
	New   int          `json:"new"`
	Gone  int          `json:"gone"`
	Other int          `json:"other"`
	Rows  []difference `json:"rows"`
}

type difference struct {
	Code    string  `json:"code"`
	Field   string  `json:"field"`
	Planned *intent `json:"planned"`
	Now     *intent `json:"now"`
}

type intent struct {
	Verb     string `json:"verb"`
	Old      string `json:"old"`
	New      string `json:"new"`
	Withheld string `json:"withheld"`
}

type noProfile struct {
	Because string   `json:"because"`
	Count   int      `json:"count"`
	Codes   []string `json:"codes"`
}

type newLayout struct {
	From        string   `json:"from"`
	To          string   `json:"to"`
	OtherForm   int      `json:"other_form"`
	NotCompared []string `json:"not_compared"`
}

type changeCounts struct {
	Create  int `json:"create"`
	Update  int `json:"update"`
	Close   int `json:"close"`
	Reopen  int `json:"reopen"`
	Dormant int `json:"dormant"`
}

type withheld struct {
	Reason string `json:"reason"`
	Type   string `json:"type"`
	Field  string `json:"field"`
	Count  int    `json:"count"`
	Of     int    `json:"of"`
}

type leftOut struct {
	Code    string `json:"code"`
	Field   string `json:"field"`
	Because string `json:"because"`
}

// keys are always present in the object (reconcile/RULES.md "The JSON object").
var keys = []string{
	"run", "digest", "source", "report", "as_of", "state", "records", "rejected", "population", "changes", "fields", "withheld",
	"pending_close", "contradictions", "elapsed_ms",
}

// asJSON runs a command, requires an exit code, and reads the single object on
// its standard output.
func (s *site) asJSON(code int, args ...string) summary {
	s.t.Helper()
	o := s.exits(code, append(args, "--format", "json")...)
	found := objects[summary](s.t, o.out)
	require.Len(s.t, found, 1)
	requireKeys(s.t, o.out)
	return found[0]
}

func requireKeys(t *testing.T, out string) {
	t.Helper()
	var raw map[string]json.RawMessage
	require.NoError(t, json.Unmarshal([]byte(out), &raw))
	for _, key := range keys {
		require.Contains(t, raw, key)
		require.NotEqual(t, "null", string(raw[key]), key)
	}
	var changes map[string]int
	require.NoError(t, json.Unmarshal(raw["changes"], &changes))
	require.Len(t, changes, 5, "all five keys of changes are always present")
}

// objects reads consecutive JSON values, and refuses unknown keys.
func objects[T any](t *testing.T, out string) (found []T) {
	t.Helper()
	decoder := json.NewDecoder(strings.NewReader(out))
	decoder.DisallowUnknownFields()
	for {
		var one T
		err := decoder.Decode(&one)
		if errors.Is(err, io.EOF) {
			return found
		}
		require.NoError(t, err, "standard output must contain only JSON:\n%s", out)
		found = append(found, one)
	}
}

// reconcile reconciles a listing and requires an exit code.
func (s *site) reconcile(code int, file, asOf string, more ...string) summary {
	s.t.Helper()
	args := append([]string{"reconcile", "--source", "ods", "--files", file, "--as-of", asOf, "--wait"}, more...)
	return s.asJSON(code, args...)
}

// plan plans a listing and requires an exit code.
func (s *site) plan(code int, file, asOf string) summary {
	s.t.Helper()
	return s.asJSON(code, "plan", "--source", "ods", "--files", file, "--as-of", asOf)
}

// listedRun is a row of `runs list`.
type listedRun struct {
	summary

	At      time.Time `json:"at"`
	Ended   time.Time `json:"ended_at"`
	Kind    string    `json:"kind"`
	Parent  int64     `json:"parent"`
	Changed int       `json:"changed"`
	By      string    `json:"by"`
}

// listRuns lists all runs, the newest first.
func (s *site) listRuns(more ...string) (runs []summary) {
	s.t.Helper()
	for _, run := range list[listedRun](s.t, s.exits(0, append([]string{"runs", "list", "--format", "json"}, more...)...)) {
		runs = append(runs, run.summary)
	}
	return runs
}

// planned is a row of `runs show --changes`.
type planned struct {
	Code     string `json:"code"`
	Verb     string `json:"verb"`
	Field    string `json:"field"`
	Old      string `json:"old"`
	New      string `json:"new"`
	Reason   string `json:"reason"`
	Withheld string `json:"withheld"`
	LeftOut  bool   `json:"left_out"`
	AheadIn  string `json:"approved_ahead_in"`
	AheadBy  string `json:"approved_ahead_by"`
	Waits    bool   `json:"waits"`
	Decision string `json:"decision"`
	In       int64  `json:"decided_in"`
	By       string `json:"decided_by"`
	UndoneBy int64  `json:"decision_undone_by"`
	Because  string `json:"because"`
	Fate     string `json:"fate"`
}

// changes lists every change of a run.
func (s *site) changes(run string) []planned {
	s.t.Helper()
	o := s.exits(0, "runs", "show", run, "--changes", "--most", "100000", "--format", "json")
	_, rows, found := strings.Cut(o.out, "\n")
	require.True(s.t, found)
	return objects[planned](s.t, rows)
}

// audited is a row of `profile history`.
type audited struct {
	At    time.Time `json:"at"`
	Field string    `json:"field"`
	Owner string    `json:"owner"`
	Old   string    `json:"old"`
	New   string    `json:"new"`
	Actor string    `json:"actor"`
	Run   int64     `json:"run"`

	Reason string `json:"reason"`
	Role   string `json:"database_role"`
}

func (s *site) history(code string) []audited {
	s.t.Helper()
	return list[audited](s.t, s.exits(0, "profile", "history", code, "--format", "json"))
}

// list reads what a listing command prints: an object a line.
func list[T any](t *testing.T, o outcome) []T {
	t.Helper()
	found := objects[T](t, o.out)
	require.Len(t, found, strings.Count(o.out, "\n"), "an object a line")
	return found
}
