package e2e

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/profilesync/profilesync/connectors/ers/erstest"
	"github.com/profilesync/profilesync/connectors/realdata"
	"github.com/profilesync/profilesync/reconcile/profile"
)

// through is a place whose commands ask a daemon: it has no database.
func (s *site) through(d daemon, token string) *site {
	other := *s
	other.env = []string{"SERVER=" + d.api(), "SERVER_TOKEN=" + token, "SERVER_PATIENCE=20s"}
	for _, setting := range s.env {
		if strings.HasPrefix(setting, "MODE=") || strings.HasPrefix(setting, "NOW=") {
			other.env = append(other.env, setting)
		}
	}
	return &other
}

const remoteNow = "2026-06-05T09:00:00Z"

// twins are two installations with the same data: the commands of one work on its database,
// those of the other ask its daemon.
type twins struct {
	t      *testing.T
	direct *site
	remote *site
	behind *site // the database of remote
	ran    int

	dir     string // with extracts of e-RS
	service string // the id of one of its services
}

func newTwins(t *testing.T) twins {
	t.Helper()
	w := twins{t: t, dir: t.TempDir()}
	services := erstest.NewWorld(4, []erstest.Site{{Code: "R00A1", Name: "Hospital"}}, 3)
	_, ersURL := erstest.Start(t, erstest.Options{World: services})
	w.service = string(services.IDs()[0])
	for name, text := range map[string][]byte{
		"EBSX05.csv": services.Extract(profile.NewDate(2026, 5, 1)), "x.csv": []byte("a,b\n1,2\n"), "bad.json": []byte("nonsense"),
		"columns.json": []byte(twoColumns), "two.csv": []byte("a,b\n11,R00A1\n12,R00A1\n"), "same.json": []byte(`{"ID":"a","Site":"a"}`),
	} {
		require.NoError(t, os.WriteFile(filepath.Join(w.dir, name), text, 0o600))
	}
	for _, place := range []**site{&w.direct, &w.behind} {
		s, x := newSite(t).with("MODE=test", "NOW="+remoteNow).withSinks()
		s.write(`insert into account (email, name, state, created_at, last_active_at) select 'canary' || n || '@example.nhs.uk',
			'Jane Canary ' || n, case n when 3 then 'deactivated' else 'active' end, '2026-01-01', '2026-03-01' from generate_series(1, 3) n`)
		s = s.with("ERS_URL="+ersURL, "ERS_AUTH=none")
		x.dos.Seed("FAA00", "FAA01", "FAA02", "FAA03")
		d := s.serve()
		*place = s
		token := s.token("cli", "read,reconcile,approve,administer,people")
		if place == &w.behind {
			w.remote = s.through(d, token)
		}
	}
	return w
}

// moving is what differs between two runs of one command.
var moving = []struct {
	what *regexp.Regexp
	as   string
}{
	{regexp.MustCompile(`\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)`), "INSTANT"},
	{regexp.MustCompile(`\d\d:\d\d:\d\d`), "TIME"},
	{regexp.MustCompile(`\d\d:\d\d\b`), "TIME"},
	{regexp.MustCompile(`(?m)^\{"time":.*\n`), ""}, // what a command logs here, a daemon logs there
	{regexp.MustCompile(`(correlation|request) [0-9a-f-]{36,}`), "$1 ID"},
	{regexp.MustCompile(`psync_[\w-]{43}`), "TOKEN"},
	{regexp.MustCompile(`"elapsed_ms":\d+`), `"elapsed_ms":N`},
	{regexp.MustCompile(`\b1\d{12}\b`), "SEQUENCE"},
	{regexp.MustCompile(`(?m)^.* \.\.\.\n`), ""}, // progress, as it was caught
	{regexp.MustCompile(`(?m)^elapsed.*\n`), ""},
}

func settled(text string) string {
	for _, m := range moving {
		text = m.what.ReplaceAllString(text, m.as)
	}
	return text
}

// both runs a command in both places, and requires the same of both.
func (w *twins) both(code int, command string) {
	w.t.Helper()
	args := strings.Fields(command)
	for i, arg := range args {
		args[i] = strings.NewReplacer("_", " ", "DIR", w.dir, "SERVICE", w.service).Replace(arg)
		if day, ok := strings.CutPrefix(arg, "FILE"); ok {
			args[i] = realdata.Path(w.t, "cases", "names-held", "edispensary_"+day+".csv")
		}
	}
	w.same(code, w.direct, w.remote, args)
}

// acts are the commands that are told who asks, where no token says it.
var acts = regexp.MustCompile(`^(plan|reconcile|runs (approve|reject|undo|cancel)|listings reset|profile (kind|undo)|push retry|drift|` +
	`hold (add|remove)|accounts (inactive|approve|reactivate|leave)|mail (stop|resume)|cases (wait|resume|set-aside)|` +
	`closure (say|confirm|take-back)|ers register (import|add)|tokens (add|revoke)|` +
	`checks run|sessions end)\b`)

func (w *twins) same(code int, direct, remote *site, args []string) {
	w.t.Helper()
	w.ran++
	here := args
	if acts.MatchString(strings.Join(args, " ")) {
		here = append(slices.Clone(args), "--actor", "token:cli")
	}
	want, got := direct.do(here...), remote.do(args...)
	line := "profilesync " + strings.Join(args, " ")
	require.Equal(w.t, settled(want.out), settled(got.out), "%s\nhere: %s\nthere: %s", line, want.err, got.err)
	require.Equal(w.t, settled(want.err), settled(got.err), line)
	require.Equal(w.t, want.code, got.code, line)
	require.Equal(w.t, want.code, code, "%s\n%s%s", line, want.out, want.err)
}

func (w *twins) script(lines string) {
	w.t.Helper()
	for line := range strings.Lines(lines) {
		code, command, found := strings.Cut(strings.TrimSpace(line), " ")
		if found {
			w.both(int(code[0]-'0'), command)
		}
	}
}

// Every command that the API can do prints the same, as a table and as JSON, and ends with
// the same exit code, whether it works on the database or asks a daemon. Spaces are written
// as _.
func TestCommandsSayTheSameThroughADaemon(t *testing.T) {
	t.Parallel()
	w := newTwins(t)
	w.script(`
		0 plan --files FILE1 --as-of 2026-06-01
		0 plan --files FILE1 --as-of 2026-06-01 --format json --changes
		2 plan --files FILE1 --as-of 2026-07-01
		2 plan --files nowhere.csv
		2 plan --as-of 2026-06-01
		0 plan --files FILE1 --as-of 2026-06-10 --rehearse
		0 reconcile --plan P1 --wait
		1 reconcile --plan P1 --wait
		1 reconcile --plan P99
		2 reconcile --plan P1 --report etr
		2 reconcile --report bogus
		2 reconcile --source ers --files FILE1
		2 reconcile --files FILE1 --as-of 2026-06-06 --wait
		3 plan --files FILE2 --as-of 2026-06-10 --rehearse
		0 runs waiting --plan P4
		0 runs waiting --plan P4 --format json
		2 runs approve --plan P4 --digest 0123456789abcdef
		1 runs approve --plan P4 --digest 0123456789abcdef --until 2026-06-12
		2 runs approve --plan P4 --until 2026-06-12
		3 reconcile --files FILE2 --as-of 2026-06-02 --wait --format json
		1 reconcile --files FILE1 --as-of 2026-05-02 --wait
		0 runs list
		0 runs list --most 1 --format json
		0 runs show 2
		0 runs show 2 --withheld --most 2
		0 runs show 2 --changes --format json
		1 runs show 99
		0 runs waiting 2
		0 runs waiting --format json
		2 runs waiting --icb ZZZ
		1 runs waiting 99
		2 runs approve
		1 runs approve 2 --digest 0123456789abcdef
		1 runs approve --all --digest 0123456789abcdef
		1 runs approve 2 --type trust
		0 runs approve 2 --code FAA00,FAA01
		1 runs approve 2 --code FAA00
		0 runs reject 2 --code FAA02 --format json
		1 runs reject 1
		0 runs undo 6 --preview
		2 runs undo 6
		2 runs undo 6 --confirm 7
		0 runs undo 6 --yes
		0 runs undo 6 --yes
		1 runs undo 99 --preview
		0 runs undo 1 --preview --format json
		1 runs cancel 1
		1 runs waiting --plan P99
		0 listings list
		0 listings list --format json
		2 listings reset edispensary --to 2027-01-01 --reason x
		0 listings reset edispensary --to 2026-06-01 --reason mistyped
	`)
	w.direct.waitUntilPushed()
	w.behind.waitUntilPushed()
	w.script(`
		0 profile show FAA00
		0 profile show FAA00 --format json
		2 profile show FZZ99
		0 profile show FAA00 --at 2026-06-05
		2 profile show FAA00 --at 2030-01-01
		0 profile history FAA00
		0 profile history FAA00 --format json
		0 profile why FAA00
		0 profile why FAA00 name --format json
		1 profile undo FAA00 phone
		1 profile kind FAA00 hospital --reason x
		0 hold add FAA00 --field phone --reason disputed
		2 hold add FAA00 --sink dos --until 2020-01-01 --reason x
		2 hold add FZZ99 --sink dos --reason x
		0 hold list
		0 hold list FAA00 --format json
		0 hold remove 1
		1 hold remove 99
		0 push list
		0 push list --state accepted --sink website --format json
		0 push preview FAA00
		0 push preview FAA00 --sink dos --format json
		0 push retry FAA00 FAA01 --sink website
		0 drift --ods FAA00 FAA01
		0 drift --ods FAA00 --sink website --repair --format json
		2 drift --ods FZZ99
		0 checks run --ods FAA00
		2 push retry FZZ99
		0 closure say FAA03 --reason the_board_says_so
		0 closure say FAA03 --reason again
		0 closure list
		0 closure list --format json
		0 closure confirm FAA03 --reason seen --format json
		0 closure take-back FAA03 --reason mistaken
		0 closure list --code FAA05
		2 closure list --code FZZ99
		0 checks list
		2 checks list --code FZZ99
		1 cases show 0
		1 cases show 9999
		2 cases list --board ZZZ
		1 cases wait 9999 --for the_board --until 2999-01-01
		0 quarantine list
		0 contradictions list --format json
		0 flags list
		0 ers owners
		0 ers services FAA00
		0 accounts list
		0 accounts list --state active --format json
		0 accounts show u-3
		1 accounts show u-99
		0 accounts reactivate u-3 --reason came_back
		1 accounts reactivate u-3 --reason came_back
		0 accounts leave u-3 --until 2026-12-01 --reason a_child
		2 accounts leave u-3 --until 2036-12-01 --reason a_child
		0 accounts inactive --preview --date 2026-09-01
		0 accounts inactive --preview --date 2026-09-01 --format json
		0 accounts inactive --apply
		1 accounts approve 99
		0 remind --preview --date 2026-07-01
		0 mail show
		0 mail stop --reason a_wrong_text
		0 mail show --format json
		0 mail resume
		0 mail list
		1 report
		1 report verify 2026-06-05
		0 report make
		0 report list
		0 report --format csv
		0 report --format json
		2 report --region QZZ
		1 report --date 2020-01-01
		0 report verify 2026-06-05
		0 report deliver 2026-06-05
		0 report deliver 2026-06-05 --format json
		2 report deliver yesterday
		0 report link
		0 report link --date 2026-06-05 --format json
		1 report link --date 2020-01-01
		2 report link --date bogus
		2 remind --post --date 2026-07-01
		0 remind --post
		0 remind --send-now FAA00
		0 remind --send-now FAA00 --format json
		2 remind --send-now FZZ99
		2 mail send
		0 mail templates
		0 mail templates report-ready --format json
	`)
	for _, s := range []*site{w.direct, w.behind} {
		s.write("insert into profile (code, name, type) values ('R00A1', 'Hospital', 'trust-site')")
	}
	w.script(`
		0 ers register list
		0 ers register add SERVICE --site R00A1
		0 ers register add SERVICE --site R00A1 --format json
		1 ers register add SERVICE --site FAA00
		1 ers register add 99999999 --site R00A1
		2 ers register add SERVICE --site RZZ99
		2 ers register add x --site R00A1
		0 ers register import DIR/EBSX05.csv
		0 ers register import DIR/EBSX05.csv --format json
		1 ers register import DIR/x.csv
		2 ers register import DIR/nowhere.csv
		0 ers register import DIR/two.csv --columns DIR/columns.json --format json
		2 ers register import DIR/two.csv --columns DIR/bad.json
		2 ers register import DIR/two.csv --columns DIR/same.json
		0 ers register list --site R00A1
		0 ers register list --state known --most 2 --format json
		2 ers register list --site RZZ99
		0 ers codes
		0 ers codes --pull --kind SPECIALTY
		0 ers codes --format json
		0 tokens add nightly --verbs read,reconcile --until 2026-06-30
		1 tokens add nightly --verbs read
		2 tokens add No_Name --verbs read
		2 tokens add x --verbs rule
		2 tokens add x --verbs read --until 2020-01-01
		0 tokens add hourly --verbs read --format json
		0 tokens revoke nightly
		1 tokens revoke nightly
		1 sessions end u-1
		0 sessions list
		0 actions list --by nobody
		2 actions list --most 0
	`)
	reads := w.ran
	for _, command := range []string{
		"cases list", "cases list --format json", "cases show 1", "cases show 1 --format json", "checks list",
		"cases look", "cases look --format json", "cases letters --preview", "cases letters --preview --full",
		"cases letters --preview --format json", "cases letters --post", "cases letters --post --format json",
		"status", "status --format json", "tokens list", "tokens list --all", "tokens list --format json",
	} {
		args := strings.Fields(command)
		o := w.behind.do(args...)
		w.same(o.code, w.behind, w.remote, args) // on the same database
	}
	t.Logf("%d commands, %d of them on the same database", w.ran, w.ran-reads)
}

// Who shows no token, a wrong one, or one without the verb is told which setting or which
// verb is missing; so is who asks for what only the database has.
func TestRefusalsThroughADaemon(t *testing.T) {
	t.Parallel()
	s := newSite(t).with("MODE=test", "NOW="+remoteNow)
	d := s.serve()
	file := realdata.Path(t, "cases", "names-held", "edispensary_1.csv")
	reads := s.through(d, s.token("reader", "read"))
	for _, refused := range []struct {
		from *site
		code int
		says string
		args string
	}{
		{reads.without("SERVER_TOKEN"), 2, "setting PROFILESYNC_SERVER_TOKEN (or _FILE) is missing: PROFILESYNC_SERVER is set", "runs list"},
		{
			s.through(d, "psync_"+strings.Repeat("x", 43)), 2,
			"setting PROFILESYNC_SERVER_TOKEN (or _FILE): the token is not accepted: it is wrong, has expired, or was revoked", "runs list",
		},
		{reads, 1, "start-run-of-file needs the verb reconcile, which token:reader does not have", "reconcile --files " + file},
		{reads, 1, "make-plan-of-file needs the verb reconcile, which token:reader does not have", "plan --files " + file},
		{reads, 1, "approve needs the verb approve, which token:reader does not have", "runs approve --all"},
		{reads, 1, "stop-mail needs the verb administer, which token:reader does not have", "mail stop --reason x"},
		{reads, 1, "list-tokens needs the verb administer, which token:reader does not have", "tokens list"},
		{
			s.through(d, s.token("keeper", "read,administer")), 1,
			"token:keeper may not approve, people, and so cannot make a token that may", "tokens add x --verbs read,approve,people",
		},
		{reads, 2, "--actor and PROFILESYNC_SERVER cannot be used together: the token says who asks", "mail stop --reason x --actor ann"},
		{reads, 2, "--private and PROFILESYNC_SERVER cannot be used together", "runs list --private"},
		{
			reads.with("DATABASE_URL=" + s.url), 2, "setting PROFILESYNC_SERVER and PROFILESYNC_DATABASE_URL (or _FILE) are both set",
			"runs list",
		},
		{reads.without("SERVER=").with("SERVER=http://console.example"), 2, "setting PROFILESYNC_SERVER: want https", "runs list"},
		{
			reads.without("SERVER=").without("SERVER_PATIENCE").with("SERVER="+nobody, "SERVER_PATIENCE=1s"), 2,
			"setting PROFILESYNC_SERVER=" + nobody + ": dial tcp 127.0.0.1:1: connect: connection refused", "runs list",
		},
		{reads.without("SERVER="), 2, "setting PROFILESYNC_SERVER is missing: PROFILESYNC_SERVER_TOKEN is set", "runs list"},
	} {
		o := refused.from.exits(refused.code, strings.Fields(refused.args)...)
		require.Contains(t, o.err, refused.says, refused.args)
		require.Empty(t, o.out)
		require.NotContains(t, o.err, "psync_")
	}
	for _, command := range []string{
		"serve", "migrate",
	} {
		o := reads.exits(2, strings.Fields(command)...)
		require.Contains(t, o.err, "needs the database: PROFILESYNC_SERVER is set", command)
	}
	require.Regexp(t, `daemon +ok +http://127.0.0.1:\d+ answers, and takes the token`, reads.exits(0, "check").out)
	require.Zero(t, s.count("select count(*) from run"))
}
