package notify

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/profilesync/profilesync/reconcile/people"
)

const someID = "201b576e-c09b-467b-9dfa-9c3b689ee730"

func raw(tb testing.TB, name string) []byte {
	tb.Helper()
	var text json.RawMessage
	sample(tb, name, &text)
	return text
}

func TestSamples(t *testing.T) {
	t.Parallel()
	const reference = "reminder/2026-Q3/TES73/u-4711/stage-2"
	got, err := decodeSent(raw(t, "sample-post-email-201.json"))
	require.NoError(t, err)
	require.Equal(t, Receipt{reference, people.Acceptance{ID: someID, Version: 1, State: people.MailSending}}, got)

	at := time.Date(2026, 12, 1, 8, 0, 10, 321_000_000, time.UTC)
	got, err = decodeNotification(raw(t, "sample-get-notification-200.json"))
	require.NoError(t, err)
	require.Equal(t, Receipt{reference, people.Acceptance{ID: someID, Version: 1, State: people.MailDelivered, At: at}}, got)

	got, err = decodeReceipt(raw(t, "sample-callback-delivery.json"))
	require.NoError(t, err)
	require.Equal(t, Receipt{reference, people.Acceptance{ID: someID, Version: 1, State: people.MailDead, At: at}}, got)

	var ours, theirs map[string]any
	sample(t, "sample-post-email-request.json", &theirs)
	text, err := json.Marshal(message{})
	require.NoError(t, err)
	require.NoError(t, json.Unmarshal(text, &ours))
	for property := range theirs {
		require.Contains(t, ours, property)
	}
}

// examples returns the examples of one answer in Notify's published description.
func examples(tb testing.TB, file, method, status string) map[string]json.RawMessage {
	tb.Helper()
	var described map[string]struct {
		Responses map[string]struct {
			Content map[string]struct {
				Examples map[string]struct {
					Value json.RawMessage `json:"value"`
				} `json:"examples"`
			} `json:"content"`
		} `json:"responses"`
	}
	sample(tb, file, &described)
	all := make(map[string]json.RawMessage)
	for name, example := range described[method].Responses[status].Content["application/json"].Examples {
		all[name] = example.Value
	}
	require.NotEmpty(tb, all)
	return all
}

func TestPublishedExamples(t *testing.T) {
	t.Parallel()
	for name, body := range examples(t, "POST_notification_email.json", "post", "201") {
		got, err := decodeSent(body)
		require.NoError(t, err, name)
		require.Equal(t, "your reference", got.Reference)
	}
	for file, method := range map[string]string{
		"POST_notification_email.json": "post", "GET_data_for_message.json": "get", "GET_data_for_messages.json": "get",
	} {
		for name, body := range examples(t, file, method, "400") {
			require.NotEmpty(t, decodeRefusal(body).Errors, name)
		}
	}
	for _, body := range examples(t, "GET_data_for_message.json", "get", "404") {
		require.True(t, decodeRefusal(body).hasOnly(noResultFound))
	}
}

func TestParseTime(t *testing.T) {
	t.Parallel()
	want := time.Date(2024, 5, 17, 15, 58, 38, 342_838_000, time.UTC)
	for _, text := range []string{
		"2024-05-17T15:58:38.342838Z", "2024-05-17 15:58:38.342838", "2024-05-17T15:58:38.342838", "2024-05-17T16:58:38.342838+01:00",
	} {
		got, err := parseTime(text)
		require.NoError(t, err, text)
		require.Equal(t, want, got, text)
	}
	for _, text := range []string{"yesterday", "2024-05-17", "0001-01-01T00:00:00Z", "9999-01-01T00:00:00Z", "2023-02-29 00:00:00"} {
		_, err := parseTime(text)
		require.ErrorIs(t, err, errTime, text)
	}
}

func TestStates(t *testing.T) {
	t.Parallel()
	const created, sent, completed = "2026-01-01T00:00:01Z", "2026-01-01T00:00:02Z", "2026-01-01 00:00:03" // in both ways
	const ended = "2026-01-01T00:00:03Z"
	for status, want := range map[string]struct {
		state people.MailState
		at    string
	}{
		"created": {people.MailSending, sent}, "sending": {people.MailSending, sent},
		"delivered": {people.MailDelivered, ended}, "permanent-failure": {people.MailDead, ended},
		"temporary-failure": {people.MailBounced, ended}, "technical-failure": {people.MailFailed, ended},
		"returned-letter": {}, "Delivered": {}, "": {},
	} {
		body, err := json.Marshal(map[string]any{
			"id": someID, "type": "email", "status": status, "created_at": created, "sent_at": sent, "completed_at": completed,
		})
		require.NoError(t, err)
		got, err := decodeNotification(body)
		if want.state == "" {
			require.ErrorIs(t, err, errUnknownStatus, status)
			continue
		}
		require.NoError(t, err)
		require.Equal(t, want.state, got.State, status)
		require.Equal(t, want.at, got.At.Format(time.RFC3339), status)
	}
}

func TestOddBodies(t *testing.T) {
	t.Parallel()
	for body, want := range map[string]error{
		``: errUnreadable, `null`: errUnreadable, `[]`: errUnreadable, `{"id":7}`: errUnreadable,
		`{"id":"x","type":"email","status":"sent"}`:                                                 errUnreadable,
		`{"id":"` + someID + `","type":"sms","status":"sent"}`:                                      errNotEmail,
		`{"id":"` + someID + `","type":"email","status":"sent","sent_at":"soon"}`:                   errUnreadable,
		`{"id":"` + someID + `","type":"email","status":"sent","template":{"version":1.5}}`:         errUnreadable,
		`{"id":"` + someID + `","type":"email","status":"sent","template":{"version":2.0}}`:         nil,
		`{"id":"` + someID + `","type":"email","status":"sent","reference":null,"created_at":null}`: nil,
	} {
		_, err := decodeNotification([]byte(body))
		require.ErrorIs(t, err, want, body)
	}
	for _, body := range []string{``, `{}`, `{"notifications":null}`, `{"notifications":[{"id":""}]}`} {
		_, err := decodePage([]byte(body))
		require.ErrorIs(t, err, errUnreadable, body)
	}
	p, err := decodePage([]byte(`{"notifications":[{"id":"` + someID + `","type":"email","status":"odd"}]}`))
	require.NoError(t, err)
	require.Equal(t, page{last: someID}, p)
}

// FuzzDecode: any input is either decoded completely or refused.
func FuzzDecode(f *testing.F) {
	f.Add([]byte(`{"id":"` + someID + `","reference":"a","type":"email","notification_type":"email","status":"delivered",
		"completed_at":"2026-12-01 08:00:10.321","template":{"version":1},"template_version":3}`))
	f.Add([]byte(`{"notifications":[{"id":"` + someID + `","type":"email","status":"sending"}],"links":{}}`))
	f.Add([]byte(`{"status_code":400,"errors":[{"error":"BadRequestError","message":"Missing personalisation: deadline"}]}`))
	f.Fuzz(func(t *testing.T, body []byte) {
		for _, decode := range []func([]byte) (Receipt, error){decodeSent, decodeNotification, decodeReceipt} {
			got, err := decode(body)
			if err != nil {
				require.Zero(t, got)
				continue
			}
			require.True(t, isUUID(got.ID))
			require.NotEmpty(t, got.State)
			require.GreaterOrEqual(t, got.Version, 0)
		}
		if p, err := decodePage(body); err == nil {
			require.True(t, p.last == "" || isUUID(p.last))
		}
		require.LessOrEqual(t, len(decodeRefusal(body).text()), 2000)
	})
}

func FuzzParseTime(f *testing.F) {
	f.Add("2024-05-17 15:58:38.342838")
	f.Fuzz(func(t *testing.T, text string) {
		at, err := parseTime(text)
		if err != nil || text == "" {
			require.Zero(t, at)
			return
		}
		again, err := parseTime(at.Format(time.RFC3339Nano))
		if at.Year() < 2000 || at.Year() > 2099 { // an offset took it over the edge
			return
		}
		require.NoError(t, err)
		require.Equal(t, at, again)
	})
}
