package e2e

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"github.com/profilesync/profilesync/connectors/calendar/calendartest"
	"github.com/profilesync/profilesync/connectors/notify"
	"github.com/profilesync/profilesync/connectors/notify/notifytest"
	"github.com/profilesync/profilesync/reconcile/people"
)

// callbackToken is the bearer token of delivery receipts.
var callbackToken = strings.Repeat("receipt-", 5)

// withNotify makes the site send through a simulated GOV.UK Notify whose
// templates are the texts that the program prints for it.
func (p peopleSite) withNotify() (peopleSite, *notifytest.Server) {
	p.t.Helper()
	ids := map[people.LetterKind]string{}
	var templates []notifytest.Template
	for _, kind := range people.LetterKinds() {
		subject, body, err := notify.Template(kind)
		require.NoError(p.t, err)
		ids[kind] = uuid.NewSHA1(uuid.NameSpaceOID, []byte(kind)).String()
		templates = append(templates, notifytest.Template{ID: ids[kind], Subject: subject, Body: body})
	}
	text, err := json.Marshal(ids)
	require.NoError(p.t, err)
	server, url := notifytest.Start(p.t, notifytest.Options{Templates: templates})
	_, holidays := calendartest.Start(p.t, calendartest.Options{})
	return peopleSite{p.with("MAIL=notify", "NOTIFY_URL="+url, "NOTIFY_KEY="+notifytest.Key, "NOTIFY_TEMPLATES="+string(text),
		"NOTIFY_CALLBACK_TOKEN="+callbackToken, "CALENDAR_URL="+holidays, "MAIL_CANARY_PAUSE=0s", "MAIL_SETTLE=1s")}, server
}

// Must hold 4: two daemons at once do nothing twice. Delivery receipts are
// accepted by the listener.
func TestTwoDaemonsSendByNotifyOnce(t *testing.T) {
	t.Parallel()
	p, server := newPeopleSite(t).withNotify()
	p.began("2026-09-30T11:00:00Z")
	now := p.at("2026-10-01T08:30:00Z")
	first, second := now.serve(), now.serve()
	p.eventually(3, "select count(*) from letter where state = 'accepted' and kind = 'check-opening'")
	p.eventually(1, "select count(*) from letter where state = 'accepted' and kind = 'report-ready'")
	p.eventually(1, "select case when count(*) > 20 then 1 else 0 end from holiday")
	require.Zero(t, server.Summary().Twice)
	require.Equal(t, 4, server.Summary().Accepted)
	named := 0
	for _, message := range server.Messages() {
		subject, body := server.Text(message)
		require.NotContains(t, strings.ToLower(subject), personCanary)
		require.NotContains(t, body, "((")
		if strings.Contains(body, personSecret) {
			named++
		}
	}
	require.Equal(t, 3, named)
	server.Advance(10 * time.Minute)
	posted, err := server.PostReceipts(t.Context(), "http://"+first.address()+"/notify/receipts", callbackToken)
	require.NoError(t, err)
	require.NotZero(t, posted)
	p.eventually(4, "select count(*) from letter where state = 'delivered'")
	status, _ := second.get("/notify/receipts")
	require.Equal(t, 405, status)
	first.stop()
	second.stop()
	require.Equal(t, 4, server.Summary().Accepted)
}

// An invalid key or missing templates prevent the start.
func TestWrongNotifySettingsPreventTheStart(t *testing.T) {
	t.Parallel()
	p, _ := newPeopleSite(t).withNotify()
	for setting, want := range map[string]string{
		"NOTIFY_KEY=short": "PROFILESYNC_NOTIFY_KEY", "NOTIFY_TEMPLATES={}": "check-opening", "NOTIFY_TEMPLATES=x": "NOTIFY_TEMPLATES",
	} {
		o := p.with(setting).exits(2, "mail", "show")
		require.Contains(t, o.err, want)
		require.NotContains(t, o.err, "short")
	}
	require.Contains(t, p.with("NOTIFY_CALLBACK_TOKEN=short").exits(2, "serve").err, "32 characters")
}
