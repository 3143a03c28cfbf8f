package smtp

import (
	"context"
	"net"

	"github.com/profilesync/profilesync/reconcile/people"
)

// trying is the step after the connection is open: NOOP.
const trying stage = "NOOP"

// Try returns nil if the relay takes our connection: with TLS and authentication as
// configured, and then NOOP and QUIT. Nothing is sent to anybody. Errors are
// *people.MailError.
func (s *Sender) Try(ctx context.Context) error {
	var c call
	client, err := s.client(func(dialing context.Context, _, _ string) (net.Conn, error) {
		conn, err := s.dial(dialing)
		if err == nil {
			c = call{conn, context.AfterFunc(ctx, func() { _ = conn.Close() })}
		}
		return conn, err
	}, message{ascii: true})
	if err != nil {
		return &people.MailError{Answer: people.MailAlert, Reason: "preparing the connection", Err: err}
	}
	relay, err := client.DialToSMTPClientWithContext(ctx)
	if c.conn != nil {
		defer c.close()
	}
	if err != nil {
		return failure(ctx, opening, err)
	}
	if err := relay.UpdateDeadline(s.options.Timeout); err != nil {
		return failure(ctx, trying, err)
	}
	if err := relay.Noop(); err != nil {
		return failure(ctx, trying, err)
	}
	_ = relay.Quit() // a courtesy
	return nil
}
