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
	waiting stage = "after the message" // the only one in which it may have been accepted
)

// errForeign says that the relay cannot write to an address.
var errForeign = errors.New("the address has letters beyond ASCII, and the relay does not offer SMTPUTF8")

// failure says what to do after an error, and returns nil after none. It repeats
// neither the relay's text nor go-mail's, since they hold the address.
func failure(ctx context.Context, at stage, err error) *people.MailError {
	if err == nil {
		return nil
	}
	if reply, ok := errors.AsType[*textproto.Error](err); ok {
		return &people.MailError{
			Answer: answerTo(at, reply.Code, enhancedCodeOf(reply.Msg)), Status: reply.Code,
			Reason: strings.TrimSpace(string(at) + " " + enhancedCodeOf(reply.Msg)),
		}
	}
	failed := &people.MailError{Answer: people.MailRetry, Reason: string(at) + ": " + errorText(err), Err: ctx.Err()}
	switch {
	case errors.Is(err, errForeign):
		failed.Answer = people.MailNoSuchAddress
	case at == waiting:
		failed.Answer = people.MailUnclear
	case at == opening && !isNetworkError(err):
		failed.Answer = people.MailAlert
	}
	return failed
}

// answerTo says what an answer of the relay means (RFC 5321 section 4.2, and
// RFC 3463 for the enhanced code, which may be empty).
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

// answerToRecipient tells addresses that do not exist from relays that do not let
// us write. Marking everybody's address dead because of one wrong setting cannot be
// undone, so in doubt it blames the setting.
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

// enhancedCodeOf returns the enhanced status code (RFC 3463) at the start of an answer;
// empty for none.
func enhancedCodeOf(answer string) string { return enhancedCode.FindString(answer) }

// isNetworkError reports whether it is a network problem, which ends by itself.
func isNetworkError(err error) bool {
	var network net.Error
	return !isTLSError(err) && (errors.As(err, &network) || errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) ||
		errors.Is(err, net.ErrClosed) || errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded))
}

// isTLSError reports whether it is a TLS problem, which does not end by itself.
func isTLSError(err error) bool {
	var alert tls.AlertError
	var certificate *tls.CertificateVerificationError
	var record tls.RecordHeaderError
	var remote *net.OpError // an alert that the relay sent
	return errors.As(err, &certificate) || errors.As(err, &record) || errors.As(err, &alert) ||
		errors.As(err, &remote) && remote.Op == "remote error"
}

// errorText puts an error in our own words.
func errorText(err error) string {
	var network net.Error
	var name *net.DNSError
	switch {
	case errors.Is(err, errForeign):
		return err.Error()
	case isTLSError(err):
		return "no TLS that can be trusted"
	case errors.As(err, &name):
		return "the host's name was not found"
	case errors.Is(err, syscall.ECONNREFUSED):
		return "connection refused"
	case errors.Is(err, context.Canceled), errors.Is(err, net.ErrClosed):
		return "broken off"
	case errors.Is(err, os.ErrDeadlineExceeded), errors.As(err, &network) && network.Timeout():
		return "no answer in time"
	case isNetworkError(err):
		return "the connection was cut"
	}
	return "the relay does not offer what is needed"
}
