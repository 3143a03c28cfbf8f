package apim

import (
	"context"
	"errors"
	"net/http"

	"github.com/profilesync/profilesync/connectors/internal/httpx"
)

// Source gives tokens; *Tokens is one.
type Source interface {
	Token(ctx context.Context) (string, error)
	Expire(token string)
}

// Authorized calls send with a token. If the API answers 401, it drops the token
// and calls send once more with a new one; a second 401 is an unauthorised *Error
// (CONTRACT.md "Tokens"). With a nil source it calls send with an empty token:
// sandboxes need none.
//
// Send builds and makes one request, and returns the *httpx.StatusError of an
// answer that it does not accept.
func Authorized(ctx context.Context, source Source, send func(token string) error) error {
	if source == nil {
		return send("")
	}
	var err error
	for range 2 {
		token, missing := source.Token(ctx)
		if missing != nil {
			return missing
		}
		if err = send(token); !rejected(err) {
			return err
		}
		source.Expire(token)
	}
	return &Error{
		Class: Unauthorised, Status: http.StatusUnauthorized, cause: err,
		Reason: "the API refuses a new token too: check that the application is subscribed to this API in this environment",
	}
}

func rejected(err error) bool {
	var status *httpx.StatusError
	return errors.As(err, &status) && status.Status == http.StatusUnauthorized
}
