package e2e

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/profilesync/profilesync/connectors/website/websitetest"
)

// canary is in all personal data and secrets: it must not appear anywhere else.
const canary = "canary"

// TestNoPersonalDataOrSecretIsWrittenForOperators puts the canary wherever
// there can be personal data and secrets, lets everything go wrong, and checks
// everything that is written for operators.
func TestNoPersonalDataOrSecretIsWrittenForOperators(t *testing.T) {
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
	output := s.collectErrors(codes)
	stop()
	x.dos.Heal()
	x.website.Heal()
	s.waitUntilPushed()
	require.Positive(t, s.count("select count(*) from push where state = 'refused'"), "some were refused")
	require.Positive(t, s.count("select count(*) from push_attempt where answer not in ('accepted', 'seen', 'unchanged')"))
	output += s.do("drift", "--ods", codes[0]).err

	// The canary must be here, so that its absence elsewhere proves something.
	accepted := one[string](s, "select min(code) from push where sink = 'website' and state = 'accepted'")
	require.Contains(t, x.onWebsite(accepted).contact("Email"), canary)
	d.stop()
	s.requireNoCanary(map[string]string{"the daemon's log": d.log(), "errors of commands": output})

	wrong := s.with("DOS_API_KEY="+canary+"-wrong", "WEBSITE_API_KEY="+canary+"-wrong", "DOS_READ_PASSWORD="+canary+"-wrong")
	output = wrong.do("push", "retry", codes[2], codes[3]).err + wrong.do("drift").err + wrong.do("push", "preview", codes[2]).err
	d = wrong.serve()
	s.edit(codes[4], "phone", "0113 496 0004")
	s.eventually(1, "select count(*) from route where sink = 'website' and paused = 'unauthorized'")
	d.stop()
	require.Contains(t, output, "sink paused")
	s.requireNoCanary(map[string]string{"the daemon's log with wrong keys": d.log(), "errors of commands with wrong keys": output})
}

// putCanaries writes personal data wherever an editor can.
func (s *site) putCanaries() {
	s.t.Helper()
	conn := s.connect()
	for _, statement := range []string{
		"select set_config('profilesync.actor', 'canary.editor@example.org', false)",
		"update profile set email = 'jane.canary@example.org', description = 'Ask for Jane Canary', phone = '0113 496 0000'",
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

// collectErrors runs the commands that talk to sinks while the sinks fail, and
// returns their standard error.
func (s *site) collectErrors(codes []string) string {
	s.t.Helper()
	output := s.do("push", "retry", codes[0], codes[1]).err + s.do("drift", "--repair").err + s.do("push", "preview", codes[0]).err
	const nobody = "=http://jane:canary-secret@127.0.0.1:1"
	output += s.with("WEBSITE_URL"+nobody, "DOS_READ_URL"+nobody).do("drift", "--ods", codes[0]).err
	output += s.with("WEBSITE_URL=http://jane:canary-secret@[bad").do("push", "list").err
	secret := filepath.Join(s.t.TempDir(), "canary-key")
	require.NoError(s.t, os.WriteFile(secret, []byte("canary-secret"), 0o600))
	return output + s.with("DOS_FHIR_TOKEN_URL=https://token.example.org", "DOS_FHIR_CLIENT_ID=id", "DOS_FHIR_KEY_ID=kid",
		"DOS_FHIR_PRIVATE_KEY_FILE="+secret).do("drift", "--ods", codes[0]).err
}

// requireNoCanary requires that neither the canary nor the secrets of the site
// are in the given texts, or in anything that the queue and the pushes store
// for operators.
func (s *site) requireNoCanary(texts map[string]string) {
	s.t.Helper()
	for what, query := range map[string]string{
		"job arguments": "select coalesce(string_agg(args::text || metadata::text || tags::text, E'\n'), '') from river.river_job",
		"job errors":    "select coalesce(string_agg(errors::text, E'\n'), '') from river.river_job",
		"attempts":      "select coalesce(string_agg(reason, E'\n'), '') from push_attempt",
		"pushes":        "select coalesce(string_agg(reason, E'\n'), '') from push",
		"routes":        "select coalesce(string_agg(paused, E'\n'), '') from route",
		"drift checks":  "select coalesce(string_agg(reason, E'\n'), '') from drift_check",
	} {
		texts[what] = one[string](s, query)
	}
	require.NotEmpty(s.t, texts["attempts"])
	for what, text := range texts {
		for _, private := range []string{canary, dosKey, dosPassword, websiteKey} {
			for line := range strings.Lines(text) {
				require.NotContains(s.t, strings.ToLower(line), private, what)
			}
		}
	}
}
