package smtp_test

import (
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/profilesync/profilesync/connectors/smtp"
	"github.com/profilesync/profilesync/connectors/smtp/smtptest"
	"github.com/profilesync/profilesync/reconcile/people"
	"github.com/profilesync/profilesync/reconcile/profile"
)

// `go test ./connectors/smtp -update` rewrites the golden files.
var update = flag.Bool("update", false, "rewrite the golden files")

// The canaries may appear in the message and nowhere else.
const (
	address = "canary.address@example.org"
	name    = "Canary Bird-Example"
)

func letter(tb testing.TB, changes ...func(*people.Letter)) people.Letter {
	tb.Helper()
	to, err := people.ParseEmailAddress(address)
	require.NoError(tb, err)
	l := people.Letter{
		Reference: "reminder/2026-Q4/FA123/42/check-opening", Kind: people.LetterOpening,
		To: to, Name: people.NewPersonName(name),
		Facts: people.LetterFacts{
			Words: map[string]string{
				"quarter": "October to December 2026", "deadline": "31 December 2026", "sign_in": "https://profiles.example.org/sign-in",
			},
			Lists: map[string][]string{"organisations": {
				"FA123 Example Pharmacy (pharmacy, every quarter): opening hours, bank-holiday hours for 25 December 2026",
				"FZZ99 Fferyllfa’r Enghraifft (pharmacy, every quarter): services",
			}, "cases": {"New: the profile of Fferyllfa’r Enghraifft (FZZ99) was refused by DoS (case 12, by 30 November 2026)."}},
		},
	}
	for _, change := range changes {
		change(&l)
	}
	return l
}

func sentTo(tb testing.TB, address string) func(*people.Letter) {
	tb.Helper()
	to, err := people.ParseEmailAddress(address)
	require.NoError(tb, err)
	return func(l *people.Letter) { l.To = to }
}

func headers() smtp.Headers {
	return smtp.Headers{
		From: "NHS directory of services profile team <profiles@example.org>", ReplyTo: "help@example.org",
		Now: func() time.Time { return time.Date(2026, 10, 1, 8, 0, 0, 0, profile.London()) },
	}
}

// options returns valid options for a relay.
func options(relay *smtptest.Server) smtp.Options {
	return smtp.Options{
		Headers: headers(), Host: relay.Host(), Port: relay.Port(), Roots: relay.Roots(), HELO: "profiles.example.org",
		Timeout: 20 * time.Second, Verdict: 20 * time.Second,
	}
}

func sender(tb testing.TB, o smtp.Options) *smtp.Sender {
	tb.Helper()
	s, err := smtp.New(o)
	require.NoError(tb, err)
	return s
}

// refused returns the error of a send, and checks that its text and causes hold no
// canary.
func refused(tb testing.TB, err error) *people.MailError {
	tb.Helper()
	var failed *people.MailError
	require.ErrorAs(tb, err, &failed)
	for cause := err; cause != nil; cause = errors.Unwrap(cause) {
		text := strings.ToLower(cause.Error() + fmt.Sprintf("%+v %#v", cause, cause))
		for _, canary := range []string{"canary", "bird", "123 4567"} {
			require.NotContains(tb, text, canary)
		}
	}
	return failed
}

// golden compares a message; the file has lines ending in "\n".
func golden(t *testing.T, name string, raw []byte) {
	t.Helper()
	got := strings.ReplaceAll(string(raw), "\r\n", "\n")
	require.Equal(t, strings.Count(got, "\n"), strings.Count(string(raw), "\r\n"), "every line ends in CRLF")
	path := filepath.Join("testdata", name)
	if *update {
		require.NoError(t, os.WriteFile(path, []byte(got), 0o644))
	}
	want, err := os.ReadFile(path)
	require.NoError(t, err)
	require.Equal(t, string(want), got)
}
