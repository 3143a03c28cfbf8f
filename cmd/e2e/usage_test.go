package e2e

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/stretchr/testify/require"

	"github.com/profilesync/profilesync/connectors/postgres/pgtest"
)

// commandPaths lists every command as it is typed, from the program's own help.
func (s *site) commandPaths() (paths []string) {
	s.t.Helper()
	_, commands, _ := strings.Cut(s.exits(0, "--help").out, "\nCommands:\n")
	for _, match := range regexp.MustCompile(`(?m)^  ([a-z]+(?: [a-z]+)*)  `).FindAllStringSubmatch(commands, -1) {
		paths = append(paths, match[1])
	}
	require.Contains(s.t, paths, "runs approve")
	return paths
}

func TestHelpOfEveryCommandFitsTheScreen(t *testing.T) {
	t.Parallel()
	s := bareSite(t)
	for _, path := range append(s.commandPaths(), "", "runs", "profile") {
		o := s.exits(0, append(strings.Fields(path), "--help")...)
		require.Contains(t, o.out, "Usage: profilesync "+path)
		require.Empty(t, o.err)
		for line := range strings.Lines(o.out) {
			require.LessOrEqual(t, utf8.RuneCountInString(strings.TrimSuffix(line, "\n")), 100, "%s: %s", path, line)
		}
	}
	require.Contains(t, s.exits(0, "--help").out, "Exit codes: 0 done")
	require.Equal(t, s.exits(0, "runs", "--help").out, s.exits(0, "help", "runs").out)
	require.Empty(t, entries(t, s.dir), "help starts no database")
}

func entries(t *testing.T, dir string) []os.DirEntry {
	t.Helper()
	found, err := os.ReadDir(dir)
	require.NoError(t, err)
	return found
}

func TestVersion(t *testing.T) {
	t.Parallel()
	s := bareSite(t)
	require.Equal(t, builtVersion+"\n", s.exits(0, "version").out)
	require.JSONEq(t, `{"version":"`+builtVersion+`"}`, s.exits(0, "version", "--format", "json").out)
}

func TestUsageErrorsExitWith2AndChangeNothing(t *testing.T) {
	t.Parallel()
	listing := writeFile(t, "etr_2025-12-29.csv", "")
	future, noDay := writeFile(t, "etr_2062-11-28.csv", ""), writeFile(t, "etr_2026-02-30.csv", "")
	unnamed := writeFile(t, "trusts.csv", "")
	for name, test := range map[string]struct {
		args []string
		want string
	}{
		"no command":         {nil, "expected one of"},
		"unknown command":    {[]string{"frobnicate"}, "frobnicate"},
		"half a command":     {[]string{"runs"}, "expected one of"},
		"unknown flag":       {[]string{"reconcile", "--frobnicate"}, "--frobnicate"},
		"unknown format":     {[]string{"version", "--format", "xml"}, "--format"},
		"unknown source":     {[]string{"plan", "--source", "nhs", "--files", listing}, "--source"},
		"no date":            {[]string{"reconcile", "--files", listing, "--as-of", "10.4.2025"}, "--as-of"},
		"no such day":        {[]string{"reconcile", "--files", listing, "--as-of", "2025-02-30"}, "--as-of"},
		"a day to come":      {[]string{"reconcile", "--files", listing, "--as-of", "2062-11-28"}, "that day has not come yet (today is"},
		"a name to come":     {[]string{"plan", "--files", future}, "the date in the name of etr_2062-11-28.csv has not come yet (today is"},
		"a name of no day":   {[]string{"plan", "--files", noDay}, "2026-02-30, which is not a day"},
		"a pull to come":     {[]string{"reconcile", "--as-of", "2062-11-28"}, "--as-of 2062-11-28: that day has not come yet (today is"},
		"a pull of a day":    {[]string{"reconcile", "--as-of", "2025-04-10"}, "--as-of 2025-04-10: a pull is for today"},
		"a pull of services": {[]string{"plan", "--source", "ers", "--as-of", "2025-04-10"}, "--as-of 2025-04-10: a pull is for today"},
		"no code":            {[]string{"reconcile", "--ods", "F!", "--files", listing}, "--ods"},
		"no code of profile": {[]string{"profile", "show", "F!"}, "F!"},
		"unknown report":     {[]string{"reconcile", "--files", listing, "--report", "etx"}, "etx"},
		"no report":          {[]string{"plan", "--files", unnamed}, "trusts.csv"},
		"missing file":       {[]string{"reconcile", "--files", "etr_nowhere.csv", "--wait"}, "etr_nowhere.csv"},
		"a device":           {[]string{"reconcile", "--files", ""}, "--files: its value is empty"},
		"empty plan":         {[]string{"plan", "--files="}, "--files: its value is empty"},
		"empty file of two":  {[]string{"plan", "--files", listing, ""}, "--files: its value is empty"},
		"no file":            {[]string{"reconcile", "--files", "--wait"}, "--files"},
		"no file at the end": {[]string{"plan", "--files"}, "--files"},
		"empty code":         {[]string{"reconcile", "--ods", "", "--wait"}, "--ods: its value is empty"},
		"no code at the end": {[]string{"drift", "--ods"}, "--ods"},
		"empty report":       {[]string{"reconcile", "--report", "", "--wait"}, "--report: its value is empty"},
		"empty extract":      {[]string{"ers", "register", "import", ""}, "no such file"},
		"no plan":            {[]string{"reconcile", "--plan", "first"}, `"first" is no number of a plan: want P12 or 12`},
		"a plan of nothing":  {[]string{"reconcile", "--plan", "P0"}, "is no number of a plan"},
		"a plan and a file":  {[]string{"reconcile", "--plan", "P12", "--files", listing}, "--plan and --files cannot be used together"},
		"a plan, a report":   {[]string{"reconcile", "--plan", "P12", "--report", "etr"}, "--plan and --report cannot be used together"},
		"a plan and a code":  {[]string{"reconcile", "--plan", "P12", "--ods", "FA001"}, "--plan and --ods cannot be used together"},
		"a plan and a day":   {[]string{"reconcile", "--plan", "P12", "--as-of", "2025-04-10"}, "--plan and --as-of cannot be used together"},
		"a plan of services": {[]string{"reconcile", "--plan", "P12", "--source", "ers"}, "--plan and --source ers cannot be used together"},
		"no run":             {[]string{"runs", "show", "first"}, "first"},
		"one run too many":   {[]string{"runs", "show", "1", "2"}, "2"},
		"which run":          {[]string{"runs", "approve"}, "run"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := bareSite(t)
			o := s.exits(2, test.args...)
			require.Contains(t, o.err, test.want)
			require.Empty(t, o.out)
			require.Equal(t, 1, strings.Count(o.err, "\n"), "the error is one line: %s", o.err)
			require.Empty(t, entries(t, s.dir), "no database was started")
		})
	}
}

func TestWrongSettingsPreventTheStart(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		settings []string
		want     []string
	}{
		"mode":             {[]string{"MODE=foo"}, []string{"PROFILESYNC_MODE=foo", "production, demo or test"}},
		"now":              {[]string{"NOW=2026-04-09T09:00:00Z"}, []string{"PROFILESYNC_NOW", "demo or test"}},
		"now in no format": {[]string{"MODE=test", "NOW=yesterday"}, []string{"PROFILESYNC_NOW=yesterday"}},
		"types":            {[]string{"TYPES=pharmacy,grocery"}, []string{"PROFILESYNC_TYPES", "grocery"}},
		"missing file":     {[]string{"DATABASE_URL_FILE=/nowhere/secret"}, []string{"PROFILESYNC_DATABASE_URL_FILE: the file that it names"}},
		"a folder":         {[]string{"DATABASE_URL_FILE=/"}, []string{"PROFILESYNC_DATABASE_URL_FILE=/: it is not a file"}},
		"a device":         {[]string{"NOTIFY_KEY_FILE=/dev/null"}, []string{"PROFILESYNC_NOTIFY_KEY_FILE=/dev/null: it is not a file"}},
		"misspelt name":    {[]string{"DATABASE_URI=x"}, []string{"PROFILESYNC_DATABASE_URI", "did you mean PROFILESYNC_DATABASE_URL?"}},
		"misspelt file":    {[]string{"DATABASE_URL_FLIE=/x"}, []string{"did you mean PROFILESYNC_DATABASE_URL_FILE?"}},
		"empty value":      {[]string{"DATABASE_URL="}, []string{"PROFILESYNC_DATABASE_URL: its value is empty"}},
		"no number":        {[]string{"PUSH_WORKERS=many"}, []string{"PROFILESYNC_PUSH_WORKERS=many: want a whole number"}},
		"supervisor":       {[]string{`LOCAL_SUPERVISOR={"dir":"/"}`}, []string{"PROFILESYNC_LOCAL_SUPERVISOR: there is no such setting"}},
		"no database":      {[]string{"DATABASE_URL= "}, []string{"PROFILESYNC_DATABASE_URL (or _FILE): ", "names no host"}},
		"socket by itself": {[]string{"DATABASE_URL=postgres:///"}, []string{"PROFILESYNC_DATABASE_URL (or _FILE): ", "names no"}},
		"database":         {[]string{"DATABASE_URL=postgres://[/"}, []string{"PROFILESYNC_DATABASE_URL (or _FILE): want a database address"}},
		"log level":        {[]string{"LOG_LEVEL=loud"}, []string{"PROFILESYNC_LOG_LEVEL", "loud"}},
		"two at once":      {[]string{"MODE=foo", "TYPES=grocery"}, []string{"PROFILESYNC_MODE", "PROFILESYNC_TYPES"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := bareSite(t).with(test.settings...)
			for _, command := range [][]string{{"runs", "list"}, {"migrate", "--private"}, {"serve", "--private"}} {
				o := s.exits(2, command...)
				for _, word := range test.want {
					require.Contains(t, o.err, word)
				}
				require.Empty(t, o.out)
				require.Empty(t, entries(t, s.dir), "no database was started")
			}
		})
	}
}

func TestWrongSettingsAreNamedInTheSameOrderAtEachStart(t *testing.T) {
	t.Parallel()
	s := bareSite(t).with(
		"MODE=foo", "TYPES=grocery", "LOG_LEVEL=loud", "ODS_DOWNLOADS_URL=here", "ODS_API_URL=there", "DOS_URL=dos", "DOS_READ_URL=read",
		"DOS_FHIR_URL=fhir", "WEBSITE_URL=web", "WEBSITE_SEARCH_URL=search", "PUSH_WORKERS=0", "PROBE_EVERY=0s", "PUSH_BACKOFF=0s",
		"ERS_URL=ers", "ERS_TOKEN_URL=token", "IDLE_MEMBER_DAYS=1", "IDLE_LEAD_DAYS=1", "IDLE_ADMINISTRATOR_DAYS=1",
		`LISTS={"QZZ": "nobody", "QAA": "no one"}`, "MAIL=pigeon",
		"ERS_EXTRACT_FILE=/nowhere/extract", "CALENDAR_URL_FILE=/nowhere/calendar")
	first := s.exits(2, "runs", "list").err
	require.Equal(t, 28, strings.Count(first, "PROFILESYNC_"), first)
	require.Regexp(t, `(?s)PROFILESYNC_MODE.*PROFILESYNC_ERS_EXTRACT_FILE.*PROFILESYNC_CALENDAR_URL_FILE.*PROFILESYNC_MAIL=pigeon`, first)
	for range 3 {
		require.Equal(t, first, s.exits(2, "runs", "list").err)
	}
}

func TestADatabaseThatCannotBeUsedIsNamedWithoutItsSecret(t *testing.T) {
	t.Parallel()
	for name, address := range map[string]string{
		"nobody there":   "postgres://someone:hunter2@127.0.0.1:1/profilesync?connect_timeout=2",
		"no address":     "postgres://someone:hunter2@[/profilesync",
		"unknown option": "postgres://someone:hunter2@127.0.0.1:1/profilesync?sslmode=perhaps",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			o := bareSite(t).with("DATABASE_URL="+address).do("runs", "list")
			require.Contains(t, []int{1, 2}, o.code)
			require.Contains(t, o.err, "database")
			require.NotContains(t, o.err, "hunter2")
			require.Empty(t, o.out)
		})
	}
}

func TestASecretMayBeInAFile(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	path := filepath.Join(s.dir, "database-url")
	require.NoError(t, os.WriteFile(path, []byte(s.url+"\n"), 0o600))
	other := bareSite(t).with("DATABASE_URL_FILE=" + path)
	require.Empty(t, other.listRuns())
	require.Empty(t, entries(t, other.dir), "no private database was started")
}

func TestADatabaseThatIsNotMigratedSaysWhatToDo(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	_, err := s.connect().Exec(t.Context(), "drop schema profilesync cascade")
	require.NoError(t, err)
	require.Contains(t, s.exits(1, "runs", "list").err, "profilesync migrate")
}

func TestMigrateTwiceIsQuiet(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	require.Contains(t, s.with("DATABASE_URL="+s.url).exits(0, "migrate").err, "up to date")
	require.Contains(t, s.exits(1, "migrate").err, "becoming the owner of the schema", "as the daemon")
}

func TestSeveralProgramsMayMigrateAtOnce(t *testing.T) {
	t.Parallel()
	s := bareSite(t).with("DATABASE_URL=" + pgtest.Empty(t))
	migrate := []string{"migrate"}
	for _, o := range s.together(migrate, migrate, migrate, migrate) {
		require.Zero(t, o.code, o.err)
	}
	require.Empty(t, s.listRuns())
}

func TestTheTypesWithProfilesAreConfigurable(t *testing.T) {
	t.Parallel()
	s := newSite(t).with("TYPES=pharmacy")
	run := s.reconcile(0, realData(t, trustsBefore), "2025-12-29")
	require.Zero(t, run.Changes, "no profiles for a type that is not configured")
	require.Equal(t, 273, run.Records)
}

func TestSeveralFilesAreSeveralRuns(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	o := s.exits(0, "reconcile", "--files", realData(t, trustsBefore), realData(t, practices2024),
		"--as-of", "2025-12-29", "--actor", "Two Files", "--wait", "--format", "json")
	runs := objects[summary](t, o.out)
	require.Len(t, runs, 2)
	require.Equal(t, []string{"etr", "epraccur"}, []string{runs[0].Report, runs[1].Report})
	require.Equal(t, 205, runs[0].Population)
	require.Equal(t, 6698, runs[1].Population, "a listing want nothing about the other's report")
	require.Equal(t, 2, s.count("select count(*) from run where actor = 'Two Files'"))
}

func TestTheReportMayBeNamed(t *testing.T) {
	t.Parallel()
	file := writeFile(t, "trusts.csv", readText(t, realData(t, trustsBefore)))
	s := newSite(t)
	require.Equal(t, 205, s.reconcile(0, file, "2025-12-29", "--report", "etr").Changes.Create)
}
