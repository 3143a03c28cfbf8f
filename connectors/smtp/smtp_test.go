package smtp_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"mime"
	"mime/multipart"
	"mime/quotedprintable"
	"net/mail"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/profilesync/profilesync/connectors/internal/letters"
	"github.com/profilesync/profilesync/connectors/smtp"
	"github.com/profilesync/profilesync/connectors/smtp/smtptest"
	"github.com/profilesync/profilesync/reconcile/people"
)

func TestSend(t *testing.T) {
	t.Parallel()
	relay := smtptest.Start(t, smtptest.Options{UTF8: true})
	mailed, err := sender(t, options(relay)).Send(t.Context(), letter(t))
	require.NoError(t, err)
	taken := relay.Ledger()
	require.Len(t, taken, 1)
	m := taken[0]
	golden(t, "check-opening.eml", m.Raw)
	require.Equal(t, people.Acceptance{ID: m.ID, Version: letters.Version(), State: people.MailDelivered}, mailed)
	require.Equal(t, "profiles@example.org", m.From)
	require.Equal(t, address, m.To)
	require.Equal(t, "BODY=8BITMIME", m.Params, "SMTPUTF8 is not asked for without need")
	require.Equal(t, "profiles.example.org", m.HELO)
	require.True(t, m.TLS)
	require.True(t, m.Answered)
	require.NotContains(t, string(m.Raw), "reminder/2026-Q4")

	subject, body, err := letters.Render(letter(t))
	require.NoError(t, err)
	parsed, err := mail.ReadMessage(strings.NewReader(string(m.Raw)))
	require.NoError(t, err)
	require.Equal(t, subject, parsed.Header.Get("Subject"))
	require.Equal(t, "<"+address+">", parsed.Header.Get("To"))
	require.Equal(t, "auto-generated", parsed.Header.Get("Auto-Submitted"))
	read, err := io.ReadAll(quotedprintable.NewReader(parsed.Body))
	require.NoError(t, err)
	require.Equal(t, strings.TrimSpace(body), strings.TrimSpace(strings.ReplaceAll(string(read), "\r\n", "\n")))
}

func TestEveryText(t *testing.T) {
	t.Parallel()
	relay := smtptest.Start(t, smtptest.Options{Implicit: true, Users: map[string]string{"profiles": "secret"}})
	o := with(options(relay), func(o *smtp.Options) {
		o.TLS, o.Username, o.Password = smtp.Implicit, "profiles", func() (string, error) { return "secret", nil }
	})
	s := sender(t, o)
	for _, kind := range people.LetterKinds() {
		l := letter(t, func(l *people.Letter) { l.Kind = kind })
		for _, word := range []string{"person", "ends", "last_active", "reactivate", "day", "region", "changes", "link"} {
			l.Facts.Words[word] = name
		}
		_, err := s.Send(t.Context(), l)
		require.NoError(t, err)
	}
	for _, m := range relay.Ledger() {
		require.True(t, m.TLS)
		require.Equal(t, "profiles", m.User)
	}
	require.Len(t, relay.Ledger(), len(people.LetterKinds()))
	require.Len(t, relay.Twice(), 1, "the Message-ID depends only on the reference")
}

func TestAttachments(t *testing.T) {
	t.Parallel()
	relay := smtptest.Start(t, smtptest.Options{})
	s := sender(t, options(relay))
	table := strings.Repeat("code,change\r\nFA123,\"Fferyllfa’r Enghraifft\"\r\n.\r\n", 5000)
	_, err := s.SendWith(t.Context(), letter(t), []smtp.Attachment{
		{Name: "changes\r\n \"2026\".csv", ContentType: "text/csv; charset=utf-8", Data: []byte(table)},
		{Name: "empty.txt", ContentType: "text/plain"},
	})
	require.NoError(t, err)
	parsed, err := mail.ReadMessage(strings.NewReader(string(relay.Ledger()[0].Raw)))
	require.NoError(t, err)
	kind, params, err := mime.ParseMediaType(parsed.Header.Get("Content-Type"))
	require.NoError(t, err)
	require.Equal(t, "multipart/mixed", kind)
	parts := multipart.NewReader(parsed.Body, params["boundary"])
	var names []string
	for part, err := parts.NextRawPart(); !errors.Is(err, io.EOF); part, err = parts.NextRawPart() {
		require.NoError(t, err)
		names = append(names, part.FileName())
	}
	require.Equal(t, []string{"", "changes__ _2026_.csv", "empty.txt"}, names)

	for _, unfit := range []smtp.Attachment{{Name: "a"}, {ContentType: "text/csv"}, {Name: "a", ContentType: "text/csv;\r\n a=b"}} {
		_, err := s.SendWith(t.Context(), letter(t), []smtp.Attachment{unfit})
		require.Equal(t, people.MailRefused, refused(t, err).Answer)
	}
	require.Len(t, relay.Ledger(), 1)
}

// Letters sent at the same time share nothing.
func TestOneRecipientEach(t *testing.T) {
	t.Parallel()
	relay := smtptest.Start(t, smtptest.Options{})
	s := sender(t, options(relay))
	var all sync.WaitGroup
	for i := range 20 {
		to := fmt.Sprintf("canary%d@example.org", i)
		l := letter(t, sentTo(t, to), func(l *people.Letter) {
			l.Reference, l.Name = to, people.NewPersonName(fmt.Sprintf("Bird%d.", i))
		})
		all.Go(func() {
			if _, err := s.Send(t.Context(), l); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	require.Equal(t, 20, relay.Conversations())
	require.Empty(t, relay.Twice())
	for _, m := range relay.Ledger() {
		i := strings.TrimSuffix(strings.TrimPrefix(m.To, "canary"), "@example.org")
		require.Equal(t, 1, strings.Count(string(m.Raw), "canary"))
		require.Equal(t, 1, strings.Count(string(m.Raw), "Bird"))
		require.Contains(t, string(m.Raw), "Bird"+i+".")
	}
}

func TestAddressesThatCannotBeWrittenTo(t *testing.T) {
	t.Parallel()
	relay := smtptest.Start(t, smtptest.Options{})
	able := smtptest.Start(t, smtptest.Options{UTF8: true})
	s := sender(t, options(relay))
	for _, unfit := range []string{"canary..bird@example.org", "canary.@example.org", "canáry@example.org"} {
		_, err := s.Send(t.Context(), letter(t, sentTo(t, unfit)))
		require.Equal(t, people.MailNoSuchAddress, refused(t, err).Answer)
	}
	require.Empty(t, relay.Ledger())
	_, err := sender(t, options(able)).Send(t.Context(), letter(t, sentTo(t, "canáry@example.org")))
	require.NoError(t, err)
	require.Equal(t, "canáry@example.org", able.Ledger()[0].To)
	require.Contains(t, able.Ledger()[0].Params, "SMTPUTF8")
}

func TestLetterThatCannotBeFilledIn(t *testing.T) {
	t.Parallel()
	relay := smtptest.Start(t, smtptest.Options{})
	_, err := sender(t, options(relay)).Send(t.Context(), letter(t, func(l *people.Letter) { delete(l.Facts.Words, "deadline") }))
	require.Equal(t, people.MailAlert, refused(t, err).Answer)
	require.Zero(t, relay.Conversations())
}

func TestTurn(t *testing.T) {
	t.Parallel()
	relay := smtptest.Start(t, smtptest.Options{NoTLS: true})
	turns, stop := 0, errors.New("not today")
	o := with(options(relay), func(o *smtp.Options) {
		o.TLS = smtp.None
		o.Turn = func(context.Context) error {
			if turns++; turns > 2 {
				return stop
			}
			return nil
		}
	})
	s := sender(t, o)
	for range 2 {
		_, err := s.Send(t.Context(), letter(t))
		require.NoError(t, err)
	}
	_, err := s.Send(t.Context(), letter(t))
	require.ErrorIs(t, err, stop)
	require.Equal(t, people.MailRetry, refused(t, err).Answer)
	require.Equal(t, 2, relay.Conversations())
}

func TestNothingCanBeLookedUp(t *testing.T) {
	t.Parallel()
	relay := smtptest.Start(t, smtptest.Options{})
	s := sender(t, options(relay))
	_, err := s.Send(t.Context(), letter(t))
	require.NoError(t, err)
	_, found, err := s.Find(t.Context(), letter(t).Reference)
	require.NoError(t, err)
	require.False(t, found)
	require.False(t, s.Lookup())
}

func TestOptionsThatMakeNoSense(t *testing.T) {
	t.Parallel()
	password := func() (string, error) { return "secret", nil }
	for want, change := range map[string]func(*smtp.Options){
		"mail relay: want a host": func(o *smtp.Options) { o.Host = "" },
		`mail relay: encryption "tls": want starttls, implicit or none`:      func(o *smtp.Options) { o.TLS, o.Port = "tls", 25 },
		"mail relay: port 70000: want 1 to 65535":                            func(o *smtp.Options) { o.Port = 70000 },
		"mail relay: no encryption is for loopback addresses only":           func(o *smtp.Options) { o.TLS = smtp.None },
		"mail relay: want both a user name and a password, or none":          func(o *smtp.Options) { o.Username = "x" },
		"mail relay: want both a user name and a password, or none, as well": func(o *smtp.Options) { o.Password = password },
		"mail relay: want no times below 0":                                  func(o *smtp.Options) { o.Verdict = -1 },
		"sender of mail: want an address":                                    func(o *smtp.Options) { o.From = "canary" },
		"replies to mail: want an address, or nothing":                       func(o *smtp.Options) { o.ReplyTo = "canary" },
	} {
		o := smtp.Options{Headers: headers(), Host: "relay.example.org"}
		change(&o)
		_, err := smtp.New(o)
		require.EqualError(t, err, strings.TrimSuffix(want, ", as well"))
	}
	for _, host := range []string{"localhost", "127.0.0.1", "::1"} {
		_, err := smtp.New(smtp.Options{Headers: headers(), Host: host, TLS: smtp.None})
		require.NoError(t, err)
	}
}
