package smtp

import (
	"context"
	"crypto/tls"
	"errors"
	"io"
	"net"
	"net/textproto"
	"os"
	"regexp"
	"strings"
	"syscall"

	"github.com/profilesync/profilesync/reconcile/people"
)

// stage is a step of a delivery. Its text is for people.
type stage string

const (
	opening stage = "opening the connection" // greeting, EHLO, TLS, authentication
	from    stage = "MAIL"
	to      stage = "RCPT"
	data    stage = "DATA"
	writing stage = "sending the message"
	waiting stage = "after the message" // the only one in which it may have been taken
)

// errForeign is an address that the relay cannot write to.
var errForeign = errors.New("the address has letters beyond ASCII, and the relay does not offer SMTPUTF8")

// failure tells what to do after an error, nil after none. Neither the relay's
// words nor go-mail's are repeated: they hold the address.
func failure(ctx context.Context, at stage, err error) *people.MailError {
	if err == nil {
		return nil
	}
	var said *textproto.Error
	if errors.As(err, &said) {
		return &people.MailError{
			Answer: answerTo(at, said.Code, enhanced(said.Msg)), Status: said.Code,
			Reason: strings.TrimSpace(string(at) + " " + enhanced(said.Msg)),
		}
	}
	failed := &people.MailError{Answer: people.MailRetry, Reason: string(at) + ": " + errorText(err), Err: ctx.Err()}
	switch {
	case errors.Is(err, errForeign):
		failed.Answer = people.MailNoSuchAddress
	case at == waiting:
		failed.Answer = people.MailUnclear
	case at == opening && !passing(err):
		failed.Answer = people.MailAlert
	}
	return failed
}

// answerTo reads an answer of the relay (RFC 5321 section 4.2, and RFC 3463 for
// the enhanced code, which may be empty).
func answerTo(at stage, code int, enhanced string) people.MailAnswer {
	switch {
	case code >= 400 && code < 500:
		return people.MailRetry
	case code < 400 && at == waiting:
		return people.MailUnclear
	case at == to:
		return answerToRecipient(code, enhanced)
	case code >= 500 && (at == data || at == waiting):
		return people.MailRefused
	}
	return people.MailAlert
}

// answerToRecipient parts addresses that do not exist from relays that do not
// let us write: marking everybody's address for one wrong setting cannot be
// mended, so in doubt it is the setting.
func answerToRecipient(code int, enhanced string) people.MailAnswer {
	switch {
	case strings.HasPrefix(enhanced, "5.7."): // relaying denied, sender not allowed
		return people.MailAlert
	case code == 552: // too many recipients, or a full mailbox: RFC 5321 section 4.5.3.1.10
		return people.MailRetry
	case strings.HasPrefix(enhanced, "5.1."), strings.HasPrefix(enhanced, "5.2."):
		return people.MailNoSuchAddress
	case code == 501, code == 550, code == 551, code == 553, code == 556: // 556: a domain without mail, RFC 7504
		return people.MailNoSuchAddress
	}
	return people.MailAlert
}

var enhancedCode = regexp.MustCompile(`^[245]\.\d{1,3}\.\d{1,3}\b`)

// enhanced is the code that an answer begins with, of the third kind of digits
// of RFC 3463; empty for none.
func enhanced(answer string) string { return enhancedCode.FindString(answer) }

// passing are troubles of the network, which end by themselves.
func passing(err error) bool {
	var network net.Error
	return !untrusted(err) && (errors.As(err, &network) || errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) ||
		errors.Is(err, net.ErrClosed) || errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded))
}

// untrusted are troubles of TLS, which do not.
func untrusted(err error) bool {
	var alert tls.AlertError
	var certificate *tls.CertificateVerificationError
	var record tls.RecordHeaderError
	var remote *net.OpError // an alert that the relay sent
	return errors.As(err, &certificate) || errors.As(err, &record) || errors.As(err, &alert) ||
		errors.As(err, &remote) && remote.Op == "remote error"
}

// errorText are ours for an error.
func errorText(err error) string {
	var network net.Error
	var name *net.DNSError
	switch {
	case errors.Is(err, errForeign):
		return err.Error()
	case untrusted(err):
		return "no TLS that can be trusted"
	case errors.As(err, &name):
		return "the host's name was not found"
	case errors.Is(err, syscall.ECONNREFUSED):
		return "connection refused"
	case errors.Is(err, context.Canceled), errors.Is(err, net.ErrClosed):
		return "broken off"
	case errors.Is(err, os.ErrDeadlineExceeded), errors.As(err, &network) && network.Timeout():
		return "no answer in time"
	case passing(err):
		return "the connection was cut"
	}
	return "the relay does not offer what is needed"
}
