package smtp_test

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/profilesync/profilesync/connectors/internal/simulate"
	"github.com/profilesync/profilesync/connectors/smtp"
	"github.com/profilesync/profilesync/connectors/smtp/smtptest"
	"github.com/profilesync/profilesync/reconcile/people"
)

// at returns a fault at one stage.
func at(stage smtptest.Stage, name simulate.Name, text ...string) simulate.Fault {
	return simulate.Fault{Kinds: []smtptest.Stage{stage}, Names: []simulate.Name{name}, Text: strings.Join(text, "")}
}

func always(f simulate.Fault) simulate.Fault {
	f.Times = -1
	return f
}

// silent returns a fault that stops answering at a stage.
func silent(stage smtptest.Stage) simulate.Fault {
	return simulate.Fault{Kinds: []smtptest.Stage{stage}, Wait: make(chan struct{})}
}

// Every stage, every kind of answer. The relay's texts contain the canary.
func TestAnswers(t *testing.T) {
	t.Parallel()
	const spoken = " " + address + " (" + name + ", 123 4567) is not welcome"
	const open, after, cut = "opening the connection", "after the message", ": the connection was cut"
	for name, c := range map[string]struct {
		fault  simulate.Fault
		want   people.MailAnswer
		reason string
	}{
		"greeting busy":        {at(smtptest.Greeting, simulate.Error(421)), people.MailRetry, open},
		"greeting refused":     {at(smtptest.Greeting, simulate.Error(554), "5.7.1"+spoken), people.MailAlert, open + " 5.7.1"},
		"greeting cut":         {at(smtptest.Greeting, simulate.DroppedBefore), people.MailRetry, open + cut},
		"EHLO refused":         {always(at(smtptest.EHLO, simulate.Error(550))), people.MailAlert, open},
		"EHLO cut":             {at(smtptest.EHLO, simulate.DroppedBefore), people.MailRetry, open + cut},
		"TLS not now":          {at(smtptest.StartTLS, simulate.Error(454), "4.7.0"), people.MailRetry, open + " 4.7.0"},
		"TLS refused":          {at(smtptest.StartTLS, simulate.Error(501)), people.MailAlert, open},
		"TLS cut":              {at(smtptest.StartTLS, simulate.DroppedBefore), people.MailRetry, open + cut},
		"sign-in not now":      {at(smtptest.Auth, simulate.Error(454)), people.MailRetry, open},
		"sign-in refused":      {at(smtptest.Auth, simulate.Error(535), "5.7.8"+spoken), people.MailAlert, open + " 5.7.8"},
		"sender not now":       {at(smtptest.Mail, simulate.Error(451)), people.MailRetry, "MAIL"},
		"sender, too much":     {at(smtptest.Mail, simulate.Error(452)), people.MailRetry, "MAIL"},
		"sender, closing":      {at(smtptest.Mail, simulate.Error(421), "4.3.2"), people.MailRetry, "MAIL 4.3.2"},
		"sender refused":       {at(smtptest.Mail, simulate.Error(550)), people.MailAlert, "MAIL"},
		"sign in first":        {at(smtptest.Mail, simulate.Error(530), "5.7.0"), people.MailAlert, "MAIL 5.7.0"},
		"sender cut":           {at(smtptest.Mail, simulate.DroppedBefore), people.MailRetry, "MAIL" + cut},
		"recipient not now":    {at(smtptest.Rcpt, simulate.Error(450)), people.MailRetry, "RCPT"},
		"recipients, too many": {at(smtptest.Rcpt, simulate.Error(452)), people.MailRetry, "RCPT"},
		"recipients, as 552":   {at(smtptest.Rcpt, simulate.Error(552)), people.MailRetry, "RCPT"},
		"recipient, closing":   {at(smtptest.Rcpt, simulate.Error(421)), people.MailRetry, "RCPT"},
		"nobody":               {at(smtptest.Rcpt, simulate.Error(550), "no such user"+spoken), people.MailNoSuchAddress, "RCPT"},
		"nobody, enhanced":     {at(smtptest.Rcpt, simulate.Error(550), "5.1.1"+spoken), people.MailNoSuchAddress, "RCPT 5.1.1"},
		"nobody, by 554":       {at(smtptest.Rcpt, simulate.Error(554), "5.1.10"+spoken), people.MailNoSuchAddress, "RCPT 5.1.10"},
		"mailbox disabled":     {at(smtptest.Rcpt, simulate.Error(550), "5.2.1"+spoken), people.MailNoSuchAddress, "RCPT 5.2.1"},
		"moved away":           {at(smtptest.Rcpt, simulate.Error(551)), people.MailNoSuchAddress, "RCPT"},
		"no such name":         {at(smtptest.Rcpt, simulate.Error(553)), people.MailNoSuchAddress, "RCPT"},
		"not an address":       {at(smtptest.Rcpt, simulate.Error(501)), people.MailNoSuchAddress, "RCPT"},
		"domain without mail":  {at(smtptest.Rcpt, simulate.Error(556)), people.MailNoSuchAddress, "RCPT"},
		"relaying denied":      {at(smtptest.Rcpt, simulate.Error(550), "5.7.1"+spoken), people.MailAlert, "RCPT 5.7.1"},
		"relay says no":        {at(smtptest.Rcpt, simulate.Error(554), "no"+spoken), people.MailAlert, "RCPT"},
		"recipient cut":        {at(smtptest.Rcpt, simulate.DroppedBefore), people.MailRetry, "RCPT" + cut},
		"data not now":         {at(smtptest.Data, simulate.Error(451)), people.MailRetry, "DATA"},
		"data refused":         {at(smtptest.Data, simulate.Error(554)), people.MailRefused, "DATA"},
		"data, other answer":   {at(smtptest.Data, simulate.Error(250)), people.MailAlert, "DATA"},
		"data cut":             {at(smtptest.Data, simulate.DroppedBefore), people.MailRetry, "DATA" + cut},
		"message not now":      {at(smtptest.Dot, simulate.Error(451)), people.MailRetry, after},
		"message, no room":     {at(smtptest.Dot, simulate.Error(452)), people.MailRetry, after},
		"message, closing":     {at(smtptest.Dot, simulate.Error(421)), people.MailRetry, after},
		"message refused":      {at(smtptest.Dot, simulate.Error(550), "5.6.0"+spoken), people.MailRefused, after + " 5.6.0"},
		"message, odd answer":  {at(smtptest.Dot, simulate.ErrorAfter(354)), people.MailUnclear, after},
		"message cut":          {at(smtptest.Dot, simulate.DroppedBefore), people.MailUnclear, after + cut},
		"message taken, cut":   {at(smtptest.Dot, simulate.DroppedAfter), people.MailUnclear, after + cut},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			relay := smtptest.Start(t, smtptest.Options{Users: map[string]string{"profiles": "secret"}})
			o := options(relay)
			o.Username, o.Password = "profiles", func() (string, error) { return "secret", nil }
			s := sender(t, o)
			relay.Fault(c.fault)
			_, err := s.Send(t.Context(), letter(t))
			failed := refused(t, err)
			require.Equal(t, c.want, failed.Answer)
			require.Equal(t, c.reason, failed.Reason)
			require.Equal(t, c.fault.Names[0].Status(), failed.Status)
			taken := 0
			if c.fault.Names[0].After() {
				taken = 1
			}
			require.Len(t, relay.Ledger(), taken)

			relay.Heal()
			_, err = s.Send(t.Context(), letter(t))
			require.NoError(t, err, "the next attempt is not affected by the last")
			require.Len(t, relay.Ledger(), taken+1)
			require.Len(t, relay.Twice(), taken)
		})
	}
}

func TestNoConnection(t *testing.T) {
	t.Parallel()
	relay := smtptest.Start(t, smtptest.Options{})
	relay.Down()
	s := sender(t, options(relay))
	_, err := s.Send(t.Context(), letter(t))
	failed := refused(t, err)
	require.Equal(t, people.MailRetry, failed.Answer)
	require.Equal(t, "opening the connection: connection refused", failed.Reason)
	require.NoError(t, relay.Up())
	_, err = s.Send(t.Context(), letter(t))
	require.NoError(t, err)
}

// Silence makes the outcome unclear only after the final dot.
func TestSilence(t *testing.T) {
	t.Parallel()
	for stage, want := range map[smtptest.Stage]people.MailAnswer{
		smtptest.Greeting: people.MailRetry, smtptest.EHLO: people.MailRetry, smtptest.StartTLS: people.MailRetry,
		smtptest.Mail: people.MailRetry, smtptest.Rcpt: people.MailRetry, smtptest.Data: people.MailRetry,
		smtptest.Dot: people.MailUnclear,
	} {
		t.Run(string(stage), func(t *testing.T) {
			t.Parallel()
			relay := smtptest.Start(t, smtptest.Options{})
			o := options(relay)
			// Only the silent stage reaches its timeout.
			o.Timeout, o.Verdict = 150*time.Millisecond, 150*time.Millisecond
			if stage == smtptest.Dot {
				o.Timeout = 20 * time.Second
			}
			relay.Fault(always(silent(stage)))
			_, err := sender(t, o).Send(t.Context(), letter(t))
			failed := refused(t, err)
			require.Equal(t, want, failed.Answer)
			require.Contains(t, failed.Reason, ": no answer in time")
		})
	}
}

// The end of the caller's context breaks off a message that was not accepted, and
// shortens the wait for the answer about one that may have been.
func TestContextEnds(t *testing.T) {
	t.Parallel()
	for stage, want := range map[smtptest.Stage]people.MailAnswer{
		smtptest.Greeting: people.MailRetry, smtptest.Rcpt: people.MailRetry, smtptest.Data: people.MailRetry,
		smtptest.Dot: people.MailUnclear,
	} {
		t.Run(string(stage), func(t *testing.T) {
			t.Parallel()
			relay := smtptest.Start(t, smtptest.Options{})
			o := options(relay)
			o.Timeout, o.Verdict, o.Farewell = time.Hour, time.Hour, time.Millisecond
			met := make(chan struct{})
			fault := silent(stage)
			fault.Do = func() { close(met) }
			relay.Fault(fault)
			ctx, cancel := context.WithCancel(t.Context())
			context.AfterFunc(t.Context(), cancel)
			go func() { <-met; cancel() }()
			_, err := sender(t, o).Send(ctx, letter(t))
			require.Equal(t, want, refused(t, err).Answer)
			require.ErrorIs(t, err, context.Canceled)
		})
	}
}

// A message that was sent only in part was not accepted, and the rest is never
// sent.
func TestBrokenOffInTheMiddle(t *testing.T) {
	t.Parallel()
	for name, waits := range map[string]bool{"cut": false, "context": true} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			relay := smtptest.Start(t, smtptest.Options{})
			met := make(chan struct{})
			fault := at(smtptest.Content, simulate.DroppedBefore)
			fault.Do = func() { close(met) }
			if waits {
				fault.Wait = t.Context().Done()
			}
			relay.Fault(fault)
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			go func() {
				if <-met; waits {
					cancel()
				}
			}()
			large := smtp.Attachment{Name: "large", ContentType: "text/plain", Data: make([]byte, 24<<20)}
			_, err := sender(t, options(relay)).SendWith(ctx, letter(t), []smtp.Attachment{large})
			failed := refused(t, err)
			require.Equal(t, people.MailRetry, failed.Answer)
			if !waits { // the context may end before the first byte
				require.Equal(t, "sending the message: the connection was cut", failed.Reason)
			}
			require.Empty(t, relay.Ledger())
		})
	}
}

// An answer that is on its way when the context ends is still read.
func TestVerdictIsReadAfterTheContext(t *testing.T) {
	t.Parallel()
	relay := smtptest.Start(t, smtptest.Options{})
	met, answer := make(chan struct{}), make(chan struct{})
	relay.Fault(simulate.Fault{Kinds: []smtptest.Stage{smtptest.Dot}, Wait: answer, Do: func() { close(met) }})
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	go func() { <-met; cancel(); close(answer) }()
	_, err := sender(t, options(relay)).Send(ctx, letter(t))
	require.NoError(t, err)
}

func TestUnavailableEncryption(t *testing.T) {
	t.Parallel()
	plain := smtptest.Start(t, smtptest.Options{NoTLS: true})
	strange := smtptest.Start(t, smtptest.Options{})
	implicit := smtptest.Start(t, smtptest.Options{Implicit: true})
	for name, o := range map[string]smtp.Options{
		"not offered":           options(plain),
		"not trusted":           with(options(strange), func(o *smtp.Options) { o.Roots = plain.Roots() }),
		"not trusted, implicit": with(options(implicit), func(o *smtp.Options) { o.Roots, o.TLS = plain.Roots(), smtp.Implicit }),
		"plain but TLS wanted":  with(options(plain), func(o *smtp.Options) { o.TLS = smtp.Implicit }),
		"no sign-in offered": with(options(strange), func(o *smtp.Options) {
			o.Username, o.Password = "profiles", func() (string, error) { return "secret", nil }
		}),
		"no password": with(options(strange), func(o *smtp.Options) {
			o.Username, o.Password = "profiles", func() (string, error) { return "", errors.New("no file") }
		}),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := sender(t, o).Send(t.Context(), letter(t))
			require.Equal(t, people.MailAlert, refused(t, err).Answer)
		})
	}
	t.Cleanup(func() {
		require.Empty(t, slices.Concat(plain.Ledger(), strange.Ledger(), implicit.Ledger()))
	})
}

func with(o smtp.Options, change func(*smtp.Options)) smtp.Options {
	change(&o)
	return o
}
