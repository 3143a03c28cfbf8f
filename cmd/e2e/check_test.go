package e2e

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/profilesync/profilesync/connectors/ers/erstest"
	"github.com/profilesync/profilesync/connectors/notify/notifytest"
	"github.com/profilesync/profilesync/connectors/ods/odstest"
	"github.com/profilesync/profilesync/connectors/smtp/smtptest"
	"github.com/profilesync/profilesync/reconcile/profile"
)

// made is one object of `check`: a setting or a trial.
type made struct {
	Setting string `json:"setting"`
	Value   string `json:"value"`
	From    string `json:"from"`
	File    string `json:"file"`
	Wrong   string `json:"wrong"`

	Trial  string `json:"trial"`
	Result string `json:"result"`
	Detail string `json:"detail"`
	Todo   string `json:"todo"`
}

// check returns the settings and the trials of `check` by their names.
func (s *site) check(code int) (settings, trials map[string]made) {
	s.t.Helper()
	settings, trials = map[string]made{}, map[string]made{}
	for _, m := range objects[made](s.t, s.exits(code, "check", "--format", "json").out) {
		if m.Setting != "" {
			settings[m.Setting] = m
		} else {
			trials[m.Trial] = m
		}
	}
	return settings, trials
}

// checkedSite has every outside system, simulated, with its key.
type checkedSite struct {
	*site
	x      sinks
	relay  *smtptest.Server
	notify *notifytest.Server
}

// outsideTrials are the trials of outside systems, each with what its wrong key is.
var outsideTrials = map[string]struct{ wrong, todo string }{
	"register API":      {"ODS_API_KEY=hush-wrong", "PROFILESYNC_ODS_API_KEY"},
	"e-RS":              {"", "PROFILESYNC_ERS_CREDENTIALS"},
	"DoS change events": {"DOS_API_KEY=hush-wrong", "PROFILESYNC_DOS_API_KEY"},
	"DoS reading":       {"DOS_READ_PASSWORD=hush-wrong", "PROFILESYNC_DOS_READ_PASSWORD"},
	"DoS ingest":        {"DOS_FHIR_KEY_ID=k7", "PROFILESYNC_DOS_FHIR_KEY_ID"},
	"website":           {"WEBSITE_API_KEY=hush-wrong", "PROFILESYNC_WEBSITE_API_KEY"},
	"mail":              {"NOTIFY_KEY=" + strings.TrimSuffix(notifytest.Key, "22b0") + "0000", "PROFILESYNC_NOTIFY_KEY"},
}

func newCheckedSite(t *testing.T) checkedSite {
	t.Helper()
	p := newPeopleSite(t)
	var c checkedSite
	c.site, c.x = p.withSinks()
	var mailed peopleSite
	mailed, c.notify = peopleSite{c.site}.withNotify()
	world, err := odstest.NewWorld(odstest.WorldOptions{
		Seed: 7, APIKey: testKey, Day: profile.NewDate(2026, 3, 2), Counts: map[string]int{"edispensary": 5},
	})
	require.NoError(t, err)
	register := httptest.NewServer(world.Handler())
	t.Cleanup(register.Close)
	clients, credentials := applications(t, []string{"north", "south"})
	_, base := erstest.Start(t, erstest.Options{World: erstest.NewWorld(1, nil, 0), Clients: clients})
	_, private := ersKey()
	c.relay = smtptest.Start(t, smtptest.Options{NoTLS: true, Users: map[string]string{"profiles": "hush-relay"}})
	tokens := erstest.Root(base) + erstest.TokenPath
	file := filepath.Join(c.dir, "ers-credentials")
	require.NoError(t, os.WriteFile(file, credentials, 0o600))
	c.site = mailed.with("ERS_URL="+base, "ERS_TOKEN_URL="+tokens, "ERS_CREDENTIALS_FILE="+file,
		"ODS_DOWNLOADS_URL="+register.URL, "ODS_API_URL="+register.URL+odstest.FHIRPath, "ODS_API_KEY="+testKey,
		"DOS_FHIR_TOKEN_URL="+tokens, "DOS_FHIR_CLIENT_ID=client-north", "DOS_FHIR_KEY_ID=k1", "DOS_FHIR_PRIVATE_KEY="+private,
		"SMTP_HOST="+c.relay.Host(), fmt.Sprintf("SMTP_PORT=%d", c.relay.Port()), "SMTP_TLS=none")
	c.write("insert into holiday (date, title) select current_date + 700, 'A holiday'")
	return c
}

func TestCheckOfAHealthyInstallation(t *testing.T) {
	t.Parallel()
	c := newCheckedSite(t)
	settings, trials := c.check(0)
	for name, trial := range trials {
		require.Equal(t, "ok", trial.Result, "%s: %s", name, trial.Detail)
		require.Empty(t, trial.Todo, name)
	}
	require.Subset(t, slices.Collect(maps.Keys(trials)), slices.Collect(maps.Keys(outsideTrials)))
	require.Regexp(t, `^PostgreSQL \d+\.\d+, \d+ of \d+ connections are used$`, trials["database"].Detail)
	require.Regexp(t, `^version \d+, the one that this program needs$`, trials["schema"].Detail)

	require.Greater(t, len(settings), 70)
	require.Equal(t, made{Setting: "PROFILESYNC_LOG_LEVEL", Value: "info", From: "default"}, settings["PROFILESYNC_LOG_LEVEL"])
	require.Equal(t, made{Setting: "PROFILESYNC_MODE", Value: "test", From: "environment"}, settings["PROFILESYNC_MODE"])
	require.Equal(t, "file", settings["PROFILESYNC_ERS_CREDENTIALS"].From)
	require.Equal(t, filepath.Join(c.dir, "ers-credentials"), settings["PROFILESYNC_ERS_CREDENTIALS"].File)
	require.Equal(t, "[secret]", settings["PROFILESYNC_ERS_CREDENTIALS"].Value)

	o := c.exits(0, "check")
	require.Regexp(t, `PROFILESYNC_DOS_API_KEY +\[secret\] +environment`, o.out)
	require.Regexp(t, `website +ok +answers a reading`, o.out)
	require.NotContains(t, c.exits(0, "check", "--set").out, "PROFILESYNC_LOG_LEVEL")
	c.requireNothingHappened()
}

// requireNothingHappened is that no trial changed anything anywhere.
func (c checkedSite) requireNothingHappened() {
	c.t.Helper()
	require.Empty(c.t, c.x.dos.Summary().Effects, "no change event was queued")
	require.Zero(c.t, c.x.dos.Summary().Kinds["organization-update"])
	require.Empty(c.t, c.x.website.Summary().Effects)
	require.Zero(c.t, c.notify.Summary().Accepted)
	require.Empty(c.t, c.relay.Ledger())
	require.Zero(c.t, c.count("select count(*) from process where ended_at is null"))
}

func TestCheckNamesEachKeyThatIsRefused(t *testing.T) {
	t.Parallel()
	c := newCheckedSite(t)
	for name, wrong := range outsideTrials {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := *c.site
			s.t = t
			site := (&s).with(wrong.wrong)
			if name == "e-RS" {
				_, other := newKey(t)
				text, err := json.Marshal(map[string]string{"name": "north", "client_id": "client-north", "key_id": "k1", "private_key": other})
				require.NoError(t, err)
				site = (&s).without("ERS_CREDENTIALS_FILE").with("ERS_CREDENTIALS=" + string(text))
			}
			_, trials := site.check(1)
			for other, trial := range trials {
				if other != name {
					require.Equal(t, "ok", trial.Result, "%s: %s", other, trial.Detail)
				}
			}
			require.Equal(t, "failed", trials[name].Result)
			require.NotEmpty(t, trials[name].Detail)
			require.Contains(t, trials[name].Todo, wrong.todo)
			o := site.exits(1, "check")
			require.NotContains(t, o.out+o.err, "hush")
			require.NotContains(t, o.out+o.err, "975b-e847b4f1", "no part of a key")
		})
	}
}

func TestCheckOfAMailRelay(t *testing.T) {
	t.Parallel()
	c := newCheckedSite(t)
	right := c.with("MAIL=smtp", "SMTP_USER=profiles", "SMTP_PASSWORD=hush-relay")
	_, trials := right.check(0)
	require.Equal(t, "takes our connection; nothing was sent", trials["mail"].Detail)
	_, trials = right.with("SMTP_PASSWORD=hush-wrong").check(1)
	require.Equal(t, "failed", trials["mail"].Result)
	require.Contains(t, trials["mail"].Todo, "PROFILESYNC_SMTP_PASSWORD")
	c.relay.Down()
	_, trials = right.check(1)
	require.Contains(t, trials["mail"].Todo, "check PROFILESYNC_SMTP_HOST")
	require.Empty(t, c.relay.Ledger())
}

// Nothing else waits for a system that gives no answer.
func TestCheckEndsThoughASystemGivesNoAnswer(t *testing.T) {
	t.Parallel()
	s := newSite(t).with("WEBSITE_URL=http://"+silent(t).address, "WEBSITE_API_KEY=x")
	began := time.Now()
	_, trials := s.check(1)
	require.Less(t, time.Since(began), 20*time.Second)
	require.Contains(t, trials["website"].Detail, "no answer within 10s")
	require.Equal(t, "ok", trials["database"].Result)
	require.Equal(t, "not set", trials["mail"].Result)
}

// An address that is wrong may answer all the same.
func TestCheckNamesAnAddressOfTheWebsiteThatShowsNothing(t *testing.T) {
	t.Parallel()
	s, _ := newStockedSite(t, 20)
	d := s.serve()
	s.waitUntilPushed()
	s.exits(0, "drift")
	d.stop()
	_, trials := s.check(1) // the register is nobody
	require.Equal(t, "ok", trials["website"].Result, trials["website"].Detail)
	for _, setting := range s.env {
		if address, found := strings.CutPrefix(setting, "WEBSITE_URL="); found {
			s = s.with("WEBSITE_URL=" + address + "/elsewhere")
		}
	}
	_, trials = s.check(1)
	require.Equal(t, "failed", trials["website"].Result)
	require.Contains(t, trials["website"].Detail, "which it did before")
	require.Contains(t, trials["website"].Todo, "check PROFILESYNC_WEBSITE_URL")
}

func TestCheckOfAnOldSchemaAndOfNoDatabase(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	s.write("delete from schema_version where version_id = (select max(version_id) from schema_version)")
	_, trials := s.check(1)
	require.Equal(t, "ok", trials["database"].Result)
	require.Equal(t, "failed", trials["schema"].Result)
	require.Contains(t, trials["schema"].Todo, "profilesync migrate")
	require.Contains(t, trials["role"].Detail, "not tried")

	_, trials = s.with("DATABASE_URL=postgres://someone:hush@127.0.0.1:1/profilesync?connect_timeout=2").check(1)
	require.Equal(t, "failed", trials["database"].Result)
	require.NotContains(t, trials["database"].Detail, "hush")
	_, trials = bareSite(t).with("ODS_DOWNLOADS_URL=" + nobody).check(1)
	require.Contains(t, trials["database"].Todo, "PROFILESYNC_DATABASE_URL")
}

func TestCheckOfARoleWithoutRights(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	_, trials := s.check(1) // the register is nobody
	require.Equal(t, "ok", trials["role"].Result, trials["role"].Detail)
	require.Equal(t, "failed", trials["register downloads"].Result)
	_, trials = s.with("DATABASE_URL=" + s.url).check(1)
	require.Equal(t, "warning", trials["role"].Result, "a superuser")
}

func TestCheckShowsWrongSettingsAndTriesNothing(t *testing.T) {
	t.Parallel()
	server := silent(t)
	s := newSite(t).with("LOG_LEVEL=loud", "WEBSIT_URL=x", "WEBSITE_URL=http://user:hush@"+server.address+"/a?key=hush", "DOS_API_KEY=hush")
	settings, trials := s.check(2)
	require.Empty(t, trials)
	require.Contains(t, settings["PROFILESYNC_WEBSIT_URL"].Wrong, "did you mean PROFILESYNC_WEBSITE_URL?")
	require.Contains(t, settings["PROFILESYNC_LOG_LEVEL"].Wrong, "want debug, info, warn or error")
	o := s.exits(2, "check")
	require.Contains(t, o.out, "WRONG")
	require.NotContains(t, o.out+o.err, "hush")
	require.Contains(t, o.err, "PROFILESYNC_LOG_LEVEL=loud")
	require.False(t, server.reached())
}
