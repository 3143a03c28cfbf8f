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

// MinToken is the least number of characters of a bearer token of receipts: at
// least 128 bits even when written in hex.
const MinToken = 32

const (
	maxReceipt     = 16 << 10
	receiptTimeout = 4 * time.Second // Notify waits 5
)

// Receipts handles the delivery receipts that Notify posts (CONTRACT.md "Receipts"),
// each with the bearer token set there, of at least 32 characters. Take stores one.
// It may be called late and more than once for the same receipt, and must then
// change nothing (Acceptance.ID and Acceptance.At identify it). Take must log its own errors.
//
// Notify sends again only after 429, 5xx and silence, so only failures that may pass
// get such an answer:
//
//	204  accepted, or about a message that is not ours
//	400  not a receipt of an e-mail, and never will be
//	401  another token: polling has to find what is lost
//	405  not a POST; 413 more than 16 KiB
//	503  Take failed or took more than 4 seconds, or the body broke off
func Receipts(token string, take func(context.Context, Receipt) error) (http.Handler, error) {
	if len(token) < MinToken {
		return nil, errors.New("the token of delivery receipts has fewer than 32 characters")
	}
	want := sha256.Sum256([]byte(token))
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Cache-Control", "no-store")
		switch {
		case r.Method != http.MethodPost:
			w.Header().Set("Allow", http.MethodPost)
			w.WriteHeader(http.StatusMethodNotAllowed)
		case !authorized(r, want):
			w.Header().Set("WWW-Authenticate", "Bearer")
			w.WriteHeader(http.StatusUnauthorized)
		default:
			w.WriteHeader(receive(w, r, take))
		}
	}), nil
}

// authorized compares hashes, so that neither the time nor the length reveals
// anything about the token.
func authorized(r *http.Request, want [sha256.Size]byte) bool {
	scheme, token, _ := strings.Cut(r.Header.Get("Authorization"), " ")
	got := sha256.Sum256([]byte(token))
	return strings.EqualFold(scheme, "bearer") && subtle.ConstantTimeCompare(got[:], want[:]) == 1
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
