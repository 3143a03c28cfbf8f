package dos

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"

	"github.com/profilesync/profilesync/connectors/internal/httpx"
	"github.com/profilesync/profilesync/reconcile/profile"
	"github.com/profilesync/profilesync/reconcile/push"
)

// events is the gateway of change events (CONTRACT.md "Change events").
type events struct {
	address string
	key     func() (string, error)
	client  *httpx.Client
	blindly bool // nothing can be read back: what nobody stated must not go
}

func newEvents(base string, options EventOptions) *events {
	limits := options.Limits.Or(httpx.Limits{PerSecond: 40, MaxBytes: 64 << 10})
	limits.Attempts = 1 // the job decides, after reading back
	return &events{
		address: base + "/v1/change-event",
		key:     options.Key,
		client: httpx.New(httpx.Options{
			Name:   "change events of DoS",
			Limits: limits,
			// Its body tells a wrong key from an address that is not on the list.
			Pass:              func(status int) bool { return status == http.StatusForbidden },
			CorrelationHeader: "correlation-id",
		}),
	}
}

const sending = "sending the change event"

// push sends the event of a delivery once.
func (e *events) push(ctx context.Context, d push.Delivery) (push.Receipt, error) {
	content, err := body(d, e.blindly)
	if err != nil {
		return push.Receipt{}, err
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, e.address, bytes.NewReader(content))
	if err != nil {
		return push.Receipt{}, asSinkError(d.Code, sending, err)
	}
	key, err := secret(e.key)
	if err != nil {
		return push.Receipt{}, unauthorized(d.Code, 0, "the API key: "+err.Error())
	}
	req.Header.Set("X-Api-Key", key)
	req.Header.Set("Sequence-Number", strconv.FormatInt(d.Sequence, 10))
	req.Header.Set("Correlation-Id", d.Key)
	req.Header.Set("Content-Type", "application/json")
	resp, err := e.client.Do(req)
	if err != nil {
		return push.Receipt{}, asSinkError(d.Code, sending, err)
	}
	defer func() { _ = resp.Body.Close() }() // it has been read
	return receipt(d.Code, resp)
}

// receipt reads the answer to a push. Only the gateway's own words are a yes:
// anything else may come from something in between.
func receipt(code profile.ODSCode, resp *http.Response) (push.Receipt, error) {
	content, err := io.ReadAll(resp.Body)
	if resp.StatusCode == http.StatusForbidden {
		return push.Receipt{}, forbidden(code, message(content))
	}
	if err != nil {
		return push.Receipt{}, asSinkError(code, sending, fmt.Errorf("reading the answer: %w", err))
	}
	if resp.StatusCode != http.StatusOK || message(content) != "Change event received" {
		return push.Receipt{}, &push.SinkError{
			Sink: push.SinkDoS, Answer: push.AnswerUnclear, Status: resp.StatusCode,
			Reason: code.String() + ": " + sending + ": malformed success, not the words that DoS says yes with",
		}
	}
	return push.Receipt{Status: resp.StatusCode}, nil
}

// message is the word of the gateway, or nothing. It writes Message and message
// by turns, which encoding/json takes as one.
func message(content []byte) string {
	var answer struct {
		Message string `json:"Message"`
	}
	if err := json.Unmarshal(content, &answer); err != nil {
		return ""
	}
	return answer.Message
}

func forbidden(code profile.ODSCode, message string) *push.SinkError {
	if strings.HasPrefix(message, "Access Denied") {
		return unauthorized(code, http.StatusForbidden, "this machine's address is not on the allow-list of DoS: ask for it to be added")
	}
	return unauthorized(code, http.StatusForbidden, "DoS refused the API key of change events: configure the right one")
}

// unauthorized pauses the sink; nothing is dropped.
func unauthorized(code profile.ODSCode, status int, reason string) *push.SinkError {
	return &push.SinkError{
		Sink: push.SinkDoS, Answer: push.AnswerUnauthorized, Status: status,
		Reason: code.String() + ": " + reason,
	}
}

// secret asks for a secret; an empty one is none.
func secret(source func() (string, error)) (string, error) {
	value, err := source()
	if err != nil {
		return "", err
	}
	if value == "" {
		return "", errNoSecret
	}
	return value, nil
}
