package e2e

import (
	"os"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/profilesync/profilesync/connectors/dos/dostest"
)

// A name that does not exist is an error, which names the nearest that does.
func TestAWrongNameIsAnErrorThatNamesTheNearest(t *testing.T) {
	t.Parallel()
	s := fullSite(t)
	for command, want := range map[string]string{
		"profile show FA0O1":                       "no profile has the code FA0O1; did you mean FA001?",
		"profile show FA0O1 --at 2026-11-19":       "did you mean FA001?",
		"profile history FA0O1":                    "did you mean FA001?",
		"profile why FA0O1 phone":                  "did you mean FA001?",
		"profile why FA001 phon":                   "did you mean phone?",
		"profile undo FA0O1 phone":                 "did you mean FA001?",
		"profile kind RXX0 clinic --reason x":      "did you mean RXX01?",
		"hold add FA0O1 --sink dos --reason x":     "did you mean FA001?",
		"hold add FA001 --field phon --reason x":   "did you mean phone?",
		"hold list FA0O1":                          "did you mean FA001?",
		"push retry FA001 FA0O1":                   "did you mean FA001?",
		"push preview FA0O1":                       "did you mean FA001?",
		"push list --state bogus":                  `"bogus": want wanted, accepted, refused, waits, held or no-route; did you mean waits?`,
		"push list --sink dso":                     "did you mean dos?",
		"drift --ods FA0O1":                        "did you mean FA001?",
		"checks run --ods FA0O1":                   "did you mean FA001?",
		"checks list --code FA0O1":                 "did you mean FA001?",
		"closure say FA0O1 --reason x":             "did you mean FA001?",
		"closure list --code FA0O1":                "did you mean FA001?",
		"remind --send-now FA0O1":                  "did you mean FA001?",
		"ers services FA0O1":                       "did you mean FA001?",
		"ers register list --site RXX0":            "did you mean RXX01?",
		"cases list --code FA0O1":                  "did you mean FA001?",
		"cases list --board QAB":                   "--board QAB: no profile is of it; did you mean QAA?",
		"runs waiting --icb QAB":                   "--icb QAB: no profile is of it; did you mean QAA?",
		"runs reject --region QAB":                 "--region QAB: no profile is of it; did you mean QAA?",
		"report --region QAB":                      "--region QAB: the report of 2026-11-20 knows no such board; did you mean QAA?",
		"report link --region QAB":                 "did you mean QAA?",
		"report --format csv --section withhold":   "did you mean withheld?",
		"quarantine list --report edispensry":      "did you mean edispensary?",
		"mail list --state delivred":               "did you mean delivered?",
		"accounts list --state activ":              "did you mean active?",
		"listings reset etrx --to 2026-01-01":      "missing flags",
		"reconcile --as-of 10.4.2025 --files FILE": "want a day as YYYY-MM-DD",
	} {
		args := strings.Fields(strings.ReplaceAll(command, "FILE", madeUp(t, "edispensary", 1)))
		o := s.exits(2, args...)
		require.Contains(t, o.err, want, command)
		require.Empty(t, o.out, command)
	}
}

// What is not written has not been done, and a database that does not answer is a wrong
// setting, for every command.
func TestEveryCommandFailsIfItsResultCannotBeWritten(t *testing.T) {
	t.Parallel()
	s := fullSite(t)
	for path := range lists {
		full, err := os.OpenFile("/dev/full", os.O_WRONLY, 0)
		require.NoError(t, err)
		cmd := s.command(t.Context(), strings.Fields(path+" "+listArguments[path])...)
		complaint := new(output)
		cmd.Stdout, cmd.Stderr = full, complaint
		require.Error(t, cmd.Run())
		require.NoError(t, full.Close())
		require.Equal(t, 1, cmd.ProcessState.ExitCode(), "%s: %s", path, complaint)
		require.Contains(t, complaint.String(), "standard output: ", path)
	}
}

func TestADatabaseThatDoesNotAnswerIsAWrongSetting(t *testing.T) {
	t.Parallel()
	good := newSite(t)
	for name, address := range map[string]string{
		"nobody there": "postgres://someone:hunter2@127.0.0.1:1/profilesync",
		"no such host": "postgres://someone:hunter2@nowhere.invalid/profilesync",
		"no database":  databaseNamed(good.url, "nothing"),
	} {
		for _, args := range [][]string{{"runs", "list"}, {"migrate"}, {"report"}, {"push", "list"}} {
			o := bareSite(t).with("DATABASE_URL="+address).exits(2, args...)
			require.Contains(t, o.err, "setting PROFILESYNC_DATABASE_URL (or _FILE): ", name)
			require.NotContains(t, o.err, "hunter2")
			require.Empty(t, o.out)
		}
	}
}

// databaseNamed is the address of another database of the same server.
func databaseNamed(url, name string) string {
	before, query, _ := strings.Cut(url, "?")
	return before[:strings.LastIndex(before, "/")+1] + name + "?" + query
}

// A push that a paused route keeps waiting gives 3, with a daemon and without.
func TestAPushThatStillWaitsNeedsAPerson(t *testing.T) {
	t.Parallel()
	s, x := newStockedSite(t, 20)
	s.serve()
	s.waitUntilPushed()
	require.NoError(t, x.dos.Stand(dostest.Fault{Names: []dostest.FaultName{"unauthorized"}}))
	code := s.codes()[0]
	began := time.Now()
	o := s.exits(3, "push", "retry", code, "--sink", "dos", "--wait", "1s")
	require.Less(t, time.Since(began), 20*time.Second)
	require.Contains(t, o.err, "dos has not answered within 1s")
	require.Contains(t, o.out, "wanted")
	require.Contains(t, o.err, "profilesync push list")
}
