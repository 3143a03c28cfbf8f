package serve

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"net"
	"net/url"
	"regexp"
	"strings"
	"syscall"

	"github.com/jackc/pgx/v5/pgconn"

	"github.com/profilesync/profilesync/jobs/queue"
	"github.com/profilesync/profilesync/reconcile/people"
)

// lostness is how surely an error means that the database cannot be reached.
type lostness int

const (
	notLost       lostness = iota
	perhapsLost            // a timeout: during a known outage it is not news
	certainlyLost          // the connection could not be made, or broke
)

// ourRecords judges our own records, which carry errors as values.
type ourRecords struct{}

func (ourRecords) message(string) lostness { return notLost }

func (ourRecords) attribute(a slog.Attr) (lostness, error) {
	err, ok := a.Value.Any().(error)
	if !ok || isOfOutsideSystem(err) {
		return notLost, nil
	}
	return classifyLoss(err), err
}

// isOfOutsideSystem reports whether an error comes from an outside system, not
// from the database.
func isOfOutsideSystem(err error) bool {
	var unavailable queue.Unavailable
	var request *url.Error
	var mail *people.MailError
	return errors.As(err, &unavailable) || errors.As(err, &request) || errors.As(err, &mail)
}

// broken are the errors of a connection that broke or could not be made.
var broken = []error{
	pgconn.ErrConnClosed, io.EOF, io.ErrUnexpectedEOF, net.ErrClosed, syscall.ECONNREFUSED, syscall.ECONNRESET, syscall.EPIPE,
}

func classifyLoss(err error) lostness {
	var connect *pgconn.ConnectError
	var pg *pgconn.PgError
	switch {
	case errors.As(err, &connect):
		return certainlyLost
	case errors.As(err, &pg):
		if serverIsAway(pg.Code) {
			return certainlyLost
		}
		return notLost
	}
	for _, end := range broken {
		if errors.Is(err, end) {
			return certainlyLost
		}
	}
	if errors.Is(err, context.DeadlineExceeded) || pgconn.Timeout(err) {
		return perhapsLost
	}
	return notLost
}

// serverIsAway reports whether the server itself says by its error code that it
// is unavailable: the connection failed (class 08), or it is shutting down,
// crashed or starting up.
func serverIsAway(code string) bool {
	return strings.HasPrefix(code, "08") || code == "57P01" || code == "57P02" || code == "57P03"
}

// brokenText and lateText match the same errors in the texts of the job queue.
var (
	brokenText = regexp.MustCompile("failed to connect to `|conn closed|connection refused|connection reset by peer|broken pipe|" +
		`unexpected EOF|EOF$|use of closed network connection|\(SQLSTATE (08...|57P0[123])\)`)
	lateText = regexp.MustCompile(`context deadline exceeded|i/o timeout`)
)

// queueRecords judges the records of the job queue, which talks only to the
// database and mostly logs errors as texts.
type queueRecords struct{}

// consequences match what the queue logs after such errors, without repeating
// them.
var consequences = regexp.MustCompile(
	`: (Too many errors; giving up$|Current leader stepping down because the reelection deadline elapsed)`)

func (queueRecords) message(text string) lostness {
	if consequences.MatchString(text) {
		return perhapsLost
	}
	return notLost
}

func (queueRecords) attribute(a slog.Attr) (lostness, error) {
	if a.Key != "err" && a.Key != "error" {
		return notLost, nil
	}
	if err, ok := a.Value.Any().(error); ok {
		return classifyLoss(err), err
	}
	text := a.Value.String()
	switch {
	case brokenText.MatchString(text):
		return certainlyLost, errors.New(text)
	case lateText.MatchString(text):
		return perhapsLost, errors.New(text)
	default:
		return notLost, nil
	}
}
