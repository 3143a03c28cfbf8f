package smtp_test

import (
	"context"
	"errors"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/profilesync/profilesync/connectors/smtp"
	"github.com/profilesync/profilesync/connectors/smtp/smtptest"
	"github.com/profilesync/profilesync/reconcile"
)

// Every stage, every kind of answer. What the relay says names the canary.
func TestAnswers(t *testing.T) {
	t.Parallel()
	const spoken = " " + address + " (" + name + ", 123 4567) is not welcome"
	const open, after, cut = "opening the connection", "after the message", ": the connection was cut"
	type fault = smtptest.Fault
	for name, c := range map[string]struct {
		fault  fault
		want   reconcile.MailAnswer
		reason string
	}{
		"greeting busy":        {fault{Stage: smtptest.Greeting, Code: 421}, reconcile.MailRetry, open},
		"greeting refused":     {fault{Stage: smtptest.Greeting, Code: 554, Text: "5.7.1" + spoken}, reconcile.MailAlert, open + " 5.7.1"},
		"greeting cut":         {fault{Stage: smtptest.Greeting, Cut: true}, reconcile.MailRetry, open + cut},
		"EHLO refused":         {fault{Stage: smtptest.EHLO, Times: -1, Code: 550}, reconcile.MailAlert, open},
		"EHLO cut":             {fault{Stage: smtptest.EHLO, Cut: true}, reconcile.MailRetry, open + cut},
		"TLS not now":          {fault{Stage: smtptest.StartTLS, Code: 454, Text: "4.7.0"}, reconcile.MailRetry, open + " 4.7.0"},
		"TLS refused":          {fault{Stage: smtptest.StartTLS, Code: 501}, reconcile.MailAlert, open},
		"TLS cut":              {fault{Stage: smtptest.StartTLS, Cut: true}, reconcile.MailRetry, open + cut},
		"sign-in not now":      {fault{Stage: smtptest.Auth, Code: 454}, reconcile.MailRetry, open},
		"sign-in refused":      {fault{Stage: smtptest.Auth, Code: 535, Text: "5.7.8" + spoken}, reconcile.MailAlert, open + " 5.7.8"},
		"sender not now":       {fault{Stage: smtptest.Mail, Code: 451}, reconcile.MailRetry, "MAIL"},
		"sender, too much":     {fault{Stage: smtptest.Mail, Code: 452}, reconcile.MailRetry, "MAIL"},
		"sender, closing":      {fault{Stage: smtptest.Mail, Code: 421, Text: "4.3.2"}, reconcile.MailRetry, "MAIL 4.3.2"},
		"sender refused":       {fault{Stage: smtptest.Mail, Code: 550}, reconcile.MailAlert, "MAIL"},
		"sign in first":        {fault{Stage: smtptest.Mail, Code: 530, Text: "5.7.0"}, reconcile.MailAlert, "MAIL 5.7.0"},
		"sender cut":           {fault{Stage: smtptest.Mail, Cut: true}, reconcile.MailRetry, "MAIL" + cut},
		"recipient not now":    {fault{Stage: smtptest.Rcpt, Code: 450}, reconcile.MailRetry, "RCPT"},
		"recipients, too many": {fault{Stage: smtptest.Rcpt, Code: 452}, reconcile.MailRetry, "RCPT"},
		"recipients, as 552":   {fault{Stage: smtptest.Rcpt, Code: 552}, reconcile.MailRetry, "RCPT"},
		"recipient, closing":   {fault{Stage: smtptest.Rcpt, Code: 421}, reconcile.MailRetry, "RCPT"},
		"nobody":               {fault{Stage: smtptest.Rcpt, Code: 550, Text: "no such user" + spoken}, reconcile.MailNobody, "RCPT"},
		"nobody, enhanced":     {fault{Stage: smtptest.Rcpt, Code: 550, Text: "5.1.1" + spoken}, reconcile.MailNobody, "RCPT 5.1.1"},
		"nobody, by 554":       {fault{Stage: smtptest.Rcpt, Code: 554, Text: "5.1.10" + spoken}, reconcile.MailNobody, "RCPT 5.1.10"},
		"mailbox disabled":     {fault{Stage: smtptest.Rcpt, Code: 550, Text: "5.2.1" + spoken}, reconcile.MailNobody, "RCPT 5.2.1"},
		"moved away":           {fault{Stage: smtptest.Rcpt, Code: 551}, reconcile.MailNobody, "RCPT"},
		"no such name":         {fault{Stage: smtptest.Rcpt, Code: 553}, reconcile.MailNobody, "RCPT"},
		"not an address":       {fault{Stage: smtptest.Rcpt, Code: 501}, reconcile.MailNobody, "RCPT"},
		"domain without mail":  {fault{Stage: smtptest.Rcpt, Code: 556}, reconcile.MailNobody, "RCPT"},
		"relaying denied":      {fault{Stage: smtptest.Rcpt, Code: 550, Text: "5.7.1" + spoken}, reconcile.MailAlert, "RCPT 5.7.1"},
		"relay says no":        {fault{Stage: smtptest.Rcpt, Code: 554, Text: "no" + spoken}, reconcile.MailAlert, "RCPT"},
		"recipient cut":        {fault{Stage: smtptest.Rcpt, Cut: true}, reconcile.MailRetry, "RCPT" + cut},
		"data not now":         {fault{Stage: smtptest.Data, Code: 451}, reconcile.MailRetry, "DATA"},
		"data refused":         {fault{Stage: smtptest.Data, Code: 554}, reconcile.MailRefused, "DATA"},
		"data, other answer":   {fault{Stage: smtptest.Data, Code: 250}, reconcile.MailAlert, "DATA"},
		"data cut":             {fault{Stage: smtptest.Data, Cut: true}, reconcile.MailRetry, "DATA" + cut},
		"message not now":      {fault{Stage: smtptest.Dot, Code: 451}, reconcile.MailRetry, after},
		"message, no room":     {fault{Stage: smtptest.Dot, Code: 452}, reconcile.MailRetry, after},
		"message, closing":     {fault{Stage: smtptest.Dot, Code: 421}, reconcile.MailRetry, after},
		"message refused":      {fault{Stage: smtptest.Dot, Code: 550, Text: "5.6.0" + spoken}, reconcile.MailRefused, after + " 5.6.0"},
		"message, odd answer":  {fault{Stage: smtptest.Dot, Code: 354, Taken: true}, reconcile.MailUnclear, after},
		"message cut":          {fault{Stage: smtptest.Dot, Cut: true}, reconcile.MailUnclear, after + cut},
		"message taken, cut":   {fault{Stage: smtptest.Dot, Cut: true, Taken: true}, reconcile.MailUnclear, after + cut},
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
			require.Equal(t, c.fault.Code, failed.Status)
			taken := 0
			if c.fault.Taken {
				taken = 1
			}
			require.Len(t, relay.Ledger(), taken)

			relay.Heal()
			_, err = s.Send(t.Context(), letter(t))
			require.NoError(t, err, "the next attempt meets nothing of the last")
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
	require.Equal(t, reconcile.MailRetry, failed.Answer)
	require.Equal(t, "opening the connection: connection refused", failed.Reason)
	require.NoError(t, relay.Up())
	_, err = s.Send(t.Context(), letter(t))
	require.NoError(t, err)
}

// Only after the final dot does silence mean that nobody knows.
func TestSilence(t *testing.T) {
	t.Parallel()
	for at, want := range map[smtptest.Stage]reconcile.MailAnswer{
		smtptest.Greeting: reconcile.MailRetry, smtptest.EHLO: reconcile.MailRetry, smtptest.StartTLS: reconcile.MailRetry,
		smtptest.Mail: reconcile.MailRetry, smtptest.Rcpt: reconcile.MailRetry, smtptest.Data: reconcile.MailRetry,
		smtptest.Dot: reconcile.MailUnclear,
	} {
		t.Run(string(at), func(t *testing.T) {
			t.Parallel()
			relay := smtptest.Start(t, smtptest.Options{})
			o := options(relay)
			// Only the stage that is silent runs into its bound.
			o.Timeout, o.Verdict = 150*time.Millisecond, 150*time.Millisecond
			if at == smtptest.Dot {
				o.Timeout = 20 * time.Second
			}
			relay.Fault(smtptest.Fault{Stage: at, Times: -1, Wait: make(chan struct{})})
			_, err := sender(t, o).Send(t.Context(), letter(t))
			failed := refused(t, err)
			require.Equal(t, want, failed.Answer)
			require.Contains(t, failed.Reason, ": no answer in time")
		})
	}
}

// The end of the caller's context breaks off what was not taken, and shortens
// the wait for the verdict on what may have been.
func TestContextEnds(t *testing.T) {
	t.Parallel()
	for at, want := range map[smtptest.Stage]reconcile.MailAnswer{
		smtptest.Greeting: reconcile.MailRetry, smtptest.Rcpt: reconcile.MailRetry, smtptest.Data: reconcile.MailRetry,
		smtptest.Dot: reconcile.MailUnclear,
	} {
		t.Run(string(at), func(t *testing.T) {
			t.Parallel()
			relay := smtptest.Start(t, smtptest.Options{})
			o := options(relay)
			o.Timeout, o.Verdict, o.Farewell = time.Hour, time.Hour, time.Millisecond
			met := make(chan struct{})
			relay.Fault(smtptest.Fault{Stage: at, Wait: make(chan struct{}), Meet: met})
			ctx, cancel := context.WithCancel(t.Context())
			context.AfterFunc(t.Context(), cancel)
			go func() { <-met; cancel() }()
			_, err := sender(t, o).Send(ctx, letter(t))
			require.Equal(t, want, refused(t, err).Answer)
			require.ErrorIs(t, err, context.Canceled)
		})
	}
}

// A message of which only a part went out was not taken, and the rest never
// follows.
func TestBrokenOffInTheMiddle(t *testing.T) {
	t.Parallel()
	for name, waits := range map[string]bool{"cut": false, "context": true} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			relay := smtptest.Start(t, smtptest.Options{})
			met := make(chan struct{})
			fault := smtptest.Fault{Stage: smtptest.Content, Cut: true, Meet: met}
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
			require.Equal(t, reconcile.MailRetry, failed.Answer)
			if !waits { // the context may end before the first byte
				require.Equal(t, "sending the message: the connection was cut", failed.Reason)
			}
			require.Empty(t, relay.Ledger())
		})
	}
}

// An answer that is on its way when the context ends is still heard.
func TestVerdictIsHeardAfterTheContext(t *testing.T) {
	t.Parallel()
	relay := smtptest.Start(t, smtptest.Options{})
	met, answer := make(chan struct{}), make(chan struct{})
	relay.Fault(smtptest.Fault{Stage: smtptest.Dot, Wait: answer, Meet: met})
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	go func() { <-met; cancel(); close(answer) }()
	_, err := sender(t, options(relay)).Send(ctx, letter(t))
	require.NoError(t, err)
}

func TestEncryptionThatCannotBeHad(t *testing.T) {
	t.Parallel()
	plain := smtptest.Start(t, smtptest.Options{NoTLS: true})
	strange := smtptest.Start(t, smtptest.Options{})
	implicit := smtptest.Start(t, smtptest.Options{Implicit: true})
	for name, o := range map[string]smtp.Options{
		"not offered":              options(plain),
		"not trusted":              with(options(strange), func(o *smtp.Options) { o.Roots = plain.Roots() }),
		"not trusted, implicit":    with(options(implicit), func(o *smtp.Options) { o.Roots, o.TLS = plain.Roots(), smtp.Implicit }),
		"plain where TLS is meant": with(options(plain), func(o *smtp.Options) { o.TLS = smtp.Implicit }),
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
			require.Equal(t, reconcile.MailAlert, refused(t, err).Answer)
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
