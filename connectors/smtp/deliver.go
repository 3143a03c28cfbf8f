package smtp

import (
	"context"
	"io"
	"net"
	"time"

	"github.com/wneessen/go-mail/smtp"

	"github.com/profilesync/profilesync/reconcile/people"
)

// call is one connection. Until the final dot the end of the caller's context
// closes it.
type call struct {
	conn   net.Conn
	detach func() bool // stops the context from closing it; false: it has closed it
}

// deliver has one conversation with the relay.
func (s *Sender) deliver(ctx context.Context, m message) *people.MailError {
	var c call
	client, err := s.client(func(dialing context.Context, _, _ string) (net.Conn, error) {
		conn, err := s.dial(dialing)
		if err == nil {
			c = call{conn, context.AfterFunc(ctx, func() { _ = conn.Close() })}
		}
		return conn, err
	}, m)
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
	at, err := s.converse(ctx, c, relay, m)
	failed := failure(ctx, at, err)
	// QUIT is a courtesy, and only sent if the relay has answered: it would end a
	// message that broke off, and the relay would accept it.
	if (failed == nil || failed.Status != 0) && relay.UpdateDeadline(s.options.Farewell) == nil {
		_ = relay.Quit()
	}
	return failed
}

func (c call) close() {
	c.detach()
	_ = c.conn.Close() // nothing more is sent
}

// converse returns the step that failed, unless the error is nil.
func (s *Sender) converse(ctx context.Context, c call, relay *smtp.Client, m message) (stage, error) {
	content, at, err := s.envelope(relay, m)
	if err != nil {
		return at, err
	}
	if _, err := content.Write(m.raw); err != nil {
		return writing, err
	}
	if !c.detach() {
		return writing, ctx.Err()
	}
	if err := relay.UpdateDeadline(s.options.Verdict); err != nil {
		return writing, err
	}
	hurry := context.AfterFunc(ctx, func() { _ = c.conn.SetDeadline(time.Now().Add(s.options.Farewell)) })
	defer hurry()
	return waiting, content.Close()
}

// envelope names the sender and the recipient.
func (s *Sender) envelope(relay *smtp.Client, m message) (io.WriteCloser, stage, error) {
	if err := relay.UpdateDeadline(s.options.Timeout); err != nil {
		return nil, from, err
	}
	if able, _ := relay.Extension("SMTPUTF8"); !able && !m.ascii {
		return nil, to, errForeign
	}
	if err := relay.Mail("<" + m.from + ">"); err != nil {
		return nil, from, err
	}
	if err := relay.Rcpt("<" + m.to + ">"); err != nil {
		return nil, to, err
	}
	content, err := relay.Data()
	return content, data, err
}
