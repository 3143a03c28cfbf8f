// Package problem turns what an action refuses into an answer of the API: its status
// (RFC 9457), and its text with inputs named as the caller names them.
package problem

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"regexp"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/profilesync/profilesync/cmd/profilesync/actions"
	"github.com/profilesync/profilesync/cmd/profilesync/guard"
	"github.com/profilesync/profilesync/connectors/postgres"
)

// ErrNotBegun is answered with 503: nothing was begun.
var ErrNotBegun = errors.New("what is not audited is not done")

// TooLongError means that an operation was stopped when its time was over.
type TooLongError struct{ Within time.Duration }

func (e TooLongError) Error() string {
	return fmt.Sprintf("it took longer than %s and was stopped: look what it did before you ask again", e.Within)
}

// statusOf is the status for each kind of error.
var statusOf = map[actions.Kind]int{
	actions.Invalid: http.StatusUnprocessableEntity, actions.Missing: http.StatusNotFound, actions.Conflict: http.StatusConflict,
	actions.Forbidden: http.StatusForbidden, actions.Unset: http.StatusNotImplemented, actions.Busy: http.StatusServiceUnavailable,
}

// flagName matches a flag of a command in a text: inputs have the same names here.
var flagName = regexp.MustCompile(`--([a-z]+(?:-[a-z]+)*)`)

// InputsHeader with the value InputsAsFlags names inputs in problems as the command line
// does.
const (
	InputsHeader  = "Profilesync-Inputs"
	InputsAsFlags = "flags"
)

type flagsKey struct{}

// WithInputsOf notes how the caller of a request wants inputs named.
func WithInputsOf(hc huma.Context) huma.Context {
	return huma.WithValue(hc, flagsKey{}, hc.Header(InputsHeader) == InputsAsFlags)
}

// namesFlags reports whether the caller wants inputs named as flags.
func namesFlags(ctx context.Context) bool {
	flags, _ := ctx.Value(flagsKey{}).(bool)
	return flags
}

// InWords is the text of an error, with inputs named as here.
func InWords(err error) string {
	return flagName.ReplaceAllStringFunc(err.Error(), func(name string) string {
		return strings.ReplaceAll(strings.TrimPrefix(name, "--"), "-", "_")
	})
}

// Of is what an error of an operation is answered with. What is nobody's business is logged. 503
// says that nothing was begun, so that asking again is safe.
func Of(ctx context.Context, log *slog.Logger, operation string, err error) error {
	if already, ok := errors.AsType[huma.StatusError](err); ok {
		return already
	}
	if large, ok := errors.AsType[*http.MaxBytesError](err); ok {
		return huma.NewError(http.StatusRequestEntityTooLarge, fmt.Sprintf("the file is larger than %d MiB (PROFILESYNC_FILE_LIMIT_MIB)",
			large.Limit>>20))
	}
	if status, ok := statusOf[actions.KindOf(err)]; ok {
		err = refusal(ctx, status, actions.MayBeDone(ctx, err))
		if status == http.StatusServiceUnavailable {
			err = soon(err)
		}
		return err
	}
	switch {
	case errors.Is(err, postgres.ErrNoText):
		return huma.NewError(http.StatusUnprocessableEntity, postgres.ErrNoText.Error())
	case errors.Is(err, guard.ErrStreams):
		return soon(huma.NewError(http.StatusServiceUnavailable, guard.ErrStreams.Error()))
	case errors.As(err, new(TooLongError)):
		log.WarnContext(ctx, "an operation took too long", "operation", operation)
		return huma.NewError(http.StatusInternalServerError, err.Error())
	case errors.Is(err, ErrNotBegun):
		return huma.NewError(http.StatusServiceUnavailable, "it cannot be recorded at this moment, so it was not begun: ask again")
	}
	if errors.Is(ctx.Err(), context.Canceled) {
		log.InfoContext(ctx, "an operation was cut off: its caller is gone, or the daemon stops", "operation", operation)
		return huma.NewError(http.StatusInternalServerError, operation+" was cut off")
	}
	log.ErrorContext(ctx, "an operation failed", "operation", operation, "error", err)
	return huma.NewError(http.StatusInternalServerError, operation+" failed; the daemon's log says why")
}

// soon says when to ask again.
func soon(err error) error { return huma.ErrorWithHeaders(err, http.Header{"Retry-After": {"2"}}) }

// refusal names the input that is wrong, if one is.
func refusal(ctx context.Context, status int, err error) error {
	own, ok := errors.AsType[*actions.Error](err)
	switch {
	case ok && own.Field != "" && namesFlags(ctx):
		return huma.NewError(status, own.Error(), &huma.ErrorDetail{Location: own.Field, Message: own.Error()})
	case namesFlags(ctx):
		return huma.NewError(status, err.Error())
	}
	if !ok || own.Field == "" {
		return huma.NewError(status, InWords(err))
	}
	field := strings.ReplaceAll(own.Field, "-", "_")
	text := field + strings.TrimPrefix(InWords(err), own.Field)
	return huma.NewError(status, text, &huma.ErrorDetail{Location: field, Message: text})
}

// NoSuchOperation answers what is no operation, and names the document that lists them.
func NoSuchOperation(document string) http.HandlerFunc {
	body := `{"title":"Not Found","status":404,"detail":"there is no such operation: ` + document + ` lists them"}` + "\n"
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/problem+json")
		w.WriteHeader(http.StatusNotFound)
		_, _ = w.Write([]byte(body))
	}
}
