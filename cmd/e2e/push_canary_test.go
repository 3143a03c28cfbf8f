package e2e

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/profilesync/profilesync/connectors/website/websitetest"
)

// canary stands in everything that is somebody's own: it must be seen nowhere.
const canary = "canary"

// TestNobodysDataAndNoSecretIsSaidAnywhere sets the canary wherever personal data
// and secrets can stand, lets everything go wrong, and looks at all that is
// written for operators.
func TestNobodysDataAndNoSecretIsSaidAnywhere(t *testing.T) {
	t.Parallel()
	s, x := newSite(t).withSinks()
	s.reconcile(0, madeUp(t, "edispensary", 40), madeUpDay)
	x.dos.Seed(s.codes()...)
	s.putCanaries()
	s = s.with("LOG_LEVEL=debug")
	x.website.Fault(websitetest.Fault{Names: []websitetest.FaultName{"error-422"}, Times: 3})
	all := faults()
	for i := range all {
		all[i].hits = 3
	}
	stop := x.rotate(all)
	defer stop()
	d := s.serve()
	codes := s.codes()
	s.eventually(0, "select count(*) from push where accepted_sequence = 0 and state <> 'refused'")
	said := s.sayEverything(codes)
	stop()
	x.dos.Heal()
	x.website.Heal()
	s.atRest()
	require.Positive(t, s.count("select count(*) from push where state = 'refused'"), "some were refused")
	require.Positive(t, s.count("select count(*) from push_attempt where answer not in ('accepted', 'seen', 'unchanged')"))
	said += s.do("drift", "--ods", codes[0]).err

	// What the canary must be in, so that its absence elsewhere proves something.
	require.Contains(t, x.onWebsite(codes[1]).contact("Email"), canary)
	d.stop()
	s.requireSilence(map[string]string{"the daemon's log": d.said(), "errors of commands": said})

	wrong := s.with("DOS_API_KEY="+canary+"-wrong", "WEBSITE_API_KEY="+canary+"-wrong", "DOS_READ_PASSWORD="+canary+"-wrong")
	said = wrong.do("push", "retry", codes[2], codes[3]).err + wrong.do("drift").err + wrong.do("push", "preview", codes[2]).err
	d = wrong.serve()
	s.edit(codes[4], "phone", "0113 496 0004")
	s.eventually(1, "select count(*) from route where sink = 'website' and paused = 'unauthorized'")
	d.stop()
	require.Contains(t, said, "sink paused")
	s.requireSilence(map[string]string{"the daemon's log with wrong keys": d.said(), "errors of commands with wrong keys": said})
}

// putCanaries writes somebody's data wherever an editor can.
func (s *site) putCanaries() {
	s.t.Helper()
	conn := s.connect()
	for _, statement := range []string{
		"select set_config('profilesync.actor', 'canary.editor@example.org', false)",
		"update profile set email = 'jane.canary@example.org', description = 'Ask for Jane Canary', phone = '0113 496 0000 Jane Canary'",
		`update profile set website = 'https://www.example.org:8443/jane.canary%40example.org'
			where code in (select code from profile order by code limit 1)`,
		"insert into facility (code, name, value) select code, 'Contact', 'Jane Canary' from profile",
		"insert into service (code, source, name) select code, 'editor', 'Jane Canary''s clinic' from profile",
	} {
		_, err := conn.Exec(s.t.Context(), statement)
		require.NoError(s.t, err)
	}
	s.exits(0, "hold", "add", s.codes()[5], "--field", "phone", "--reason", "Jane Canary is ill", "--actor", "canary.person@example.org")
}

// sayEverything runs the commands that talk to sinks while these fail, and
// returns what they complain about.
func (s *site) sayEverything(codes []string) string {
	s.t.Helper()
	said := s.do("push", "retry", codes[0], codes[1]).err + s.do("drift", "--repair").err + s.do("push", "preview", codes[0]).err
	const nobody = "=http://jane:canary-secret@127.0.0.1:1"
	said += s.with("WEBSITE_URL"+nobody, "DOS_READ_URL"+nobody).do("drift", "--ods", codes[0]).err
	said += s.with("WEBSITE_URL=http://jane:canary-secret@[bad").do("push", "list").err
	secret := filepath.Join(s.t.TempDir(), "canary-key")
	require.NoError(s.t, os.WriteFile(secret, []byte("canary-secret"), 0o600))
	return said + s.with("DOS_FHIR_TOKEN_URL=https://token.example.org", "DOS_FHIR_CLIENT_ID=id", "DOS_FHIR_KEY_ID=kid",
		"DOS_FHIR_PRIVATE_KEY_FILE="+secret).do("drift", "--ods", codes[0]).err
}

// requireSilence looks for the canary and for the secrets of the site in what
// was said, and in all that the queue and the pushes keep for operators.
func (s *site) requireSilence(said map[string]string) {
	s.t.Helper()
	for what, query := range map[string]string{
		"job arguments": "select coalesce(string_agg(args::text || metadata::text || tags::text, E'\n'), '') from river.river_job",
		"job errors":    "select coalesce(string_agg(errors::text, E'\n'), '') from river.river_job",
		"attempts":      "select coalesce(string_agg(reason, E'\n'), '') from push_attempt",
		"pushes":        "select coalesce(string_agg(reason, E'\n'), '') from push",
		"routes":        "select coalesce(string_agg(paused, E'\n'), '') from route",
		"drift checks":  "select coalesce(string_agg(reason, E'\n'), '') from drift_check",
	} {
		said[what] = one[string](s, query)
	}
	require.NotEmpty(s.t, said["attempts"])
	for what, text := range said {
		for _, private := range []string{canary, dosKey, dosPassword, websiteKey} {
			for line := range strings.Lines(text) {
				require.NotContains(s.t, strings.ToLower(line), private, what)
			}
		}
	}
}
