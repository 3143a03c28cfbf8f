package smtp_test

import (
	"context"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/profilesync/profilesync/connectors/smtp"
	"github.com/profilesync/profilesync/connectors/smtp/smtptest"
	"github.com/profilesync/profilesync/reconcile/people"
)

func TestTryingARelaySendsNothing(t *testing.T) {
	t.Parallel()
	for _, implicit := range []bool{false, true} {
		relay := smtptest.Start(t, smtptest.Options{Implicit: implicit, Users: map[string]string{"profiles": "secret"}})
		o := with(options(relay), func(o *smtp.Options) {
			o.Username, o.Password = "profiles", func() (string, error) { return "secret", nil }
			if implicit {
				o.TLS = smtp.Implicit
			}
		})
		require.NoError(t, sender(t, o).Try(t.Context()))

		o.Password = func() (string, error) { return "canary-wrong", nil }
		failed := new(people.MailError)
		require.ErrorAs(t, sender(t, o).Try(t.Context()), &failed)
		require.Equal(t, people.MailAlert, failed.Answer)
		require.NotContains(t, failed.Error(), "canary")

		o.Roots = nil
		require.ErrorAs(t, sender(t, o).Try(t.Context()), &failed)
		require.Contains(t, failed.Reason, "no TLS that can be trusted")

		relay.Down()
		require.ErrorAs(t, sender(t, o).Try(t.Context()), &failed)
		require.Contains(t, failed.Reason, "connection refused")
		require.Empty(t, relay.Ledger())
	}
}

func TestTryingARelayEndsWithItsContext(t *testing.T) {
	t.Parallel()
	relay := smtptest.Start(t, smtptest.Options{})
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	require.Error(t, sender(t, options(relay)).Try(ctx))
}
