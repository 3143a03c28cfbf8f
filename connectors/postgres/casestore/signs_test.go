package casestore_test

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/profilesync/profilesync/connectors/postgres/pgtest"
)

// signs is what shows that a pharmacy with one person has closed, but for a board's word.
// %[1]s is its code, %[2]d the account of the person.
var signs = map[string]string{
	"DoS has no active service of its type": `insert into quality_finding (code, kind, service, about, detail, owner, first_check, last_check)
		values ('%[1]s', 'missing-service-type', '', 'type 13', '', 'dos-lead', 1, 1)`,
	"all its services have left e-RS": `insert into service (code, source, external_id, name, withdrawn)
		values ('%[1]s', 'ers', '%[2]d', 'Feet', true)`,
	"letters to all its people come back": "update account set dead_at = now() where id = %[2]d",
	"nobody has checked it for two quarters": `insert into section_check (code, section, account_id, at)
		values ('%[1]s', 'contact', %[2]d, now() - interval '10 months')`,
	"nobody of it has signed in for 180 days": "update account set last_active_at = now() - interval '182 days' where id = %[2]d",
}

// shop adds a pharmacy with one person, and what shows that it has closed.
func (w *world) shop(number int, shows ...string) (code string) {
	w.Helper()
	code = fmt.Sprintf("FB%03d", number)
	w.Exec("insert into profile (code, name, type, icb) values ($1, 'Shop', 'pharmacy', 'QAA')", code)
	account := pgtest.One[int64](w.Database,
		"insert into account (email, name, state) values ($1 || '@example.org', 'S', 'active') returning id", code)
	w.Exec("insert into membership (account_id, code, role) values ($1, $2, 'account-manager')", account, code)
	for _, sql := range shows {
		w.shows(code, sql)
	}
	return code
}

// shows writes a statement about a shop, in which %[1]s is its code, and %[2]d its person.
func (w *world) shows(code, sql string) {
	w.Helper()
	account := pgtest.One[int64](w.Database, "select account_id from membership where code = $1 order by 1 limit 1", code)
	w.Exec(strings.NewReplacer("%[1]s", code, "%[2]d", fmt.Sprint(account)).Replace(sql))
}

// mayHaveClosed lists the signs of the standing cases of places that may have closed.
func (w *world) mayHaveClosed() []string {
	return pgtest.All[string](w.Database,
		"select code || ': ' || (facts ->> 'signs') from cases where kind = 'closed-in-reality' and state <> 'gone' order by code")
}

// One sign is none; any two open one case that names both, in order.
func TestTwoSignsOpenACase(t *testing.T) {
	t.Parallel()
	w, want := newWorld(t), []string{}
	names := slices.Sorted(maps.Keys(signs))
	for i, a := range names {
		w.shop(900+i, signs[a])
		for j, b := range names[i+1:] {
			want = append(want, fmt.Sprintf("%s: %s; %s", w.shop(10*i+j, signs[a], signs[b]), a, b))
		}
	}
	all := w.shop(500, slices.Collect(maps.Values(signs))...)
	want = append(want, all+": "+strings.Join(names, "; "))
	w.looks()
	require.Equal(t, want, w.mayHaveClosed())
	w.Exec("update profile set hidden = true where code < 'FB500'")
	w.Exec("update profile set status = 'closed' where code = 'FB500'")
	w.looks()
	require.Empty(t, w.mayHaveClosed(), "only open profiles that the public sees")
}

// What looks like a sign and is none.
func TestWhatIsNoSign(t *testing.T) {
	t.Parallel()
	const (
		another = `insert into account (email, name, state) values ('%[1]s-2@example.org', 'T', 'active');
			insert into membership (account_id, code, role) values (currval('account_id_seq'), '%[1]s', 'editor')`
		inDoS = `insert into drift_check (sink, actor, whole, state, ended_at) values ('dos', 'schedule', true, 'done', now());
			insert into drift (check_id, code, field, want, shown, given_up) values (1, '%[1]s', 'missing', '', '', false)`
	)
	idle, dead, unchecked := signs["nobody of it has signed in for 180 days"], signs["letters to all its people come back"],
		signs["nobody has checked it for two quarters"]
	ers, dos := signs["all its services have left e-RS"], signs["DoS has no active service of its type"]
	for name, shows := range map[string][]string{
		"DoS says it twice":        {dos, inDoS},
		"another one signed in":    {idle, dos, another},
		"another one gets letters": {dead, dos, another},
		"179 days":                 {strings.Replace(idle, "182", "178", 1), dos},
		"one service is left":      {ers, dos, "insert into service (code, source, external_id, name) values ('%[1]s', 'ers', 'x', 'Feet')"},
		"checked since":            {unchecked, dos, checks + "('%[1]s', 'services', %[2]d)"},
		"checked two quarters ago": {strings.Replace(unchecked, "10 months", "5 months", 1), dos},
		"a type that is checked once a year": {
			unchecked, idle, "update profile set type = 'gp-practice' where code = '%[1]s'",
		},
		"never checked": {dos},
		"a finding that has gone": {
			unchecked, dos, "update quality_finding set gone_at = now()",
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			w.shop(1, shows...)
			w.looks()
			require.Empty(t, w.mayHaveClosed())
		})
	}
}

// An address that does not exist reaches nobody, though its account is active.
func TestAPlaceThatOnlyADeadAddressBelongsToHasNoRecipient(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.shop(1)
	w.shop(2, signs["letters to all its people come back"])
	w.looks()
	require.Equal(t, []string{"FB002"}, pgtest.All[string](w.Database,
		"select subject from cases where kind = 'no-recipient' and state <> 'gone'"))
}
