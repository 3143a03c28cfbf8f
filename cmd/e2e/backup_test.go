package e2e

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
)

// run runs a program of Postgres.
func runPostgres(t *testing.T, name string, args ...string) {
	t.Helper()
	out, err := exec.CommandContext(t.Context(), name, args...).CombinedOutput()
	require.NoError(t, err, "%s: %s", name, out)
}

// behind puts a gate before each sink, and returns both.
func (s *site) behindGates() (gated *site, dos, website *gate) {
	s.t.Helper()
	dos, website = newGate(s.t), newGate(s.t)
	return s.with(
			"DOS_URL="+dos.before("DOS_URL", s.setting("DOS_URL")),
			"WEBSITE_URL="+website.before("WEBSITE_URL", s.setting("WEBSITE_URL")),
		),
		dos, website
}

// TestABackupIsRestoredOnAnotherMachine is README.md "Backup and restore": the dump is
// made in the midst of pushes; the old machine then pushes on, and dies. Whatever it
// pushed is not pushed again, and what it did not push arrives.
func TestABackupIsRestoredOnAnotherMachine(t *testing.T) {
	t.Parallel()
	const rows, edited = 60, 20
	s, x := composed(t).withSinks()
	s.reconcile(0, madeUp(t, "edispensary", rows), madeUpDay)
	codes := s.codes()
	x.dos.Seed(codes...)
	old, dosGate, websiteGate := s.behindGates()
	daemons := []daemon{old.serve(), old.serve()}
	s.waitUntilPushed()

	dosGate.close()
	websiteGate.close()
	phone := func(n int) string { return fmt.Sprintf("0113 496 %04d", n) }
	for n := range edited {
		s.edit(codes[n], "phone", phone(n))
	}
	s.eventually(2*16, "select least(count(*), 2 * 16) from push where unclear") // as many as one daemon pushes at a time
	old.exits(0, "tokens", "add", "leaked", "--verbs", "read")
	require.Equal(t, 1, s.count(`with signed_in as (
		insert into session (token_hash, data, expires_at, actor) values ('a', 'x', now() + interval '1 hour', 'u-4711') returning 1
	) select count(*) from signed_in`))
	dump := filepath.Join(s.dir, "directory.dump")
	runPostgres(t, "pg_dump", "--format=custom", "--file="+dump, s.url)
	last := codes[len(codes)-1]
	s.edit(last, "phone", "0113 496 9999") // too late for the dump
	old.exits(0, "tokens", "revoke", "leaked")
	websiteGate.open() // and DoS gets nothing any more
	x.until("the website has all", func() bool { return len(x.website.Effects(last)) == 2 })
	s.eventually(0, "select count(*) from push where sink = 'website' and state = 'wanted'")
	for _, d := range daemons {
		require.NoError(t, d.cmd.Process.Kill())
		require.True(t, d.wait(t).killed)
	}

	restored := withRoles(t)
	restored.env = append(s.without("DATABASE_URL").env, restored.env...)
	runPostgres(t, "pg_restore", "--exit-on-error", "--dbname="+restored.url, dump)
	restored.migrateRoles()
	restored.exits(0, "mail", "stop", "--reason", "restored")
	require.Contains(t, restored.exits(0, "tokens", "list").out, "leaked", "nobody has revoked it here")
	restored.exits(0, "tokens", "revoke", "leaked")
	pushedBefore := x.website.Summary().Effects
	daemons = []daemon{restored.serve(), restored.serve()}
	restored.waitUntilPushed()
	x.awaitDoS()
	require.Equal(t, pushedBefore, x.website.Summary().Effects, "nothing is pushed that was pushed")
	for n, code := range codes {
		want := 1
		if n < edited {
			want = 2
			require.Equal(t, [2]string{bare(phone(n)), bare(phone(n))}, x.phones(code), "an edit from before the dump")
		}
		require.Len(t, x.dos.Effects(code), want, code)
		x.requireRising(code)
	}
	require.Equal(t, edited, restored.count("select count(*) from push_attempt where answer = 'seen' and sink = 'website'"))
	require.Zero(t, restored.count("select count(*) from push where restored and state = 'wanted'"))
	require.Zero(t, restored.count("select count(*) from session where ended_at is null"), "everybody signs in again")

	// What was edited after the dump is lost, and the drift names it.
	_, drifted := restored.drift(3, "website")
	require.Len(t, drifted, 1)
	require.Equal(t, []string{last, "phone"}, []string{drifted[0].Code, drifted[0].Field})
	restored.edit(last, "phone", "0113 496 8888")
	x.showPhone(last, "0113 496 8888")
	restored.waitUntilPushed()
	x.requireRising(last)
	for _, d := range daemons {
		d.stop()
	}
	require.NoError(t, os.Remove(dump))
}
