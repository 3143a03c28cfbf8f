package notify

import (
	"context"
	"crypto/sha256"
	"crypto/subtle"
	"errors"
	"io"
	"net/http"
	"strings"
	"time"
)

const (
	maxReceipt     = 16 << 10
	receiptTimeout = 4 * time.Second // Notify waits 5
)

// Receipts handles the delivery receipts that Notify posts (CONTRACT.md "Receipts"),
// each with the bearer token set there. Tokens returns those that are accepted, and is
// asked at each request, so that they can be replaced while in use. Take stores one
// receipt. It may be called late and more than once for the same receipt, and must then
// change nothing (Acceptance.ID and Acceptance.At identify it). Both must log their own
// errors.
//
// Notify sends again only after 429, 5xx and silence, so only failures that may pass
// get such an answer:
//
//	204  accepted, or about a message that is not ours
//	400  not a receipt of an e-mail, and never will be
//	401  another token: polling has to find what is lost
//	405  not a POST; 413 more than 16 KiB
//	503  Tokens failed, Take failed or took more than 4 seconds, or the body broke off
func Receipts(tokens func() ([]string, error), take func(context.Context, Receipt) error) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Cache-Control", "no-store")
		if r.Method != http.MethodPost {
			w.Header().Set("Allow", http.MethodPost)
			w.WriteHeader(http.StatusMethodNotAllowed)
			return
		}
		accepted, err := tokens()
		switch {
		case err != nil: // it may be mended before Notify gives up
			w.WriteHeader(http.StatusServiceUnavailable)
		case !authorized(r, accepted):
			w.Header().Set("WWW-Authenticate", "Bearer")
			w.WriteHeader(http.StatusUnauthorized)
		default:
			w.WriteHeader(receive(w, r, take))
		}
	})
}

// authorized compares hashes, so that neither the time nor the length reveals
// anything about a token.
func authorized(r *http.Request, accepted []string) bool {
	scheme, token, _ := strings.Cut(r.Header.Get("Authorization"), " ")
	same, got := 0, sha256.Sum256([]byte(token))
	for _, one := range accepted {
		want := sha256.Sum256([]byte(one))
		same |= subtle.ConstantTimeCompare(got[:], want[:])
	}
	return strings.EqualFold(scheme, "bearer") && same == 1
}

func receive(w http.ResponseWriter, r *http.Request, take func(context.Context, Receipt) error) (status int) {
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxReceipt))
	if _, ok := errors.AsType[*http.MaxBytesError](err); ok {
		return http.StatusRequestEntityTooLarge
	}
	if err != nil {
		return http.StatusServiceUnavailable
	}
	receipt, err := decodeReceipt(body)
	switch {
	case errors.Is(err, errNotEmail), err == nil && receipt.Reference == "":
		return http.StatusNoContent
	case err != nil:
		return http.StatusBadRequest
	}
	ctx, cancel := context.WithTimeout(r.Context(), receiptTimeout)
	defer cancel()
	if err := take(ctx, receipt); err != nil {
		return http.StatusServiceUnavailable
	}
	return http.StatusNoContent
}
