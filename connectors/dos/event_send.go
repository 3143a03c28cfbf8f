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
			// Its body tells a wrong key from an address that is not on the allow-list.
			Pass:              func(status int) bool { return status == http.StatusForbidden },
			CorrelationHeader: "correlation-id",
		}),
	}
}

const sendingEvent = "sending the change event"

// push sends the event of a delivery once.
func (e *events) push(ctx context.Context, d push.Delivery) (push.Receipt, error) {
	content, err := body(d)
	if err != nil {
		return push.Receipt{}, err
	}
	ctx = httpx.WithRecord(ctx, d.Code.String())
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, e.address, bytes.NewReader(content))
	if err != nil {
		return push.Receipt{}, asSinkError(d.Code, sendingEvent, err)
	}
	key, err := secret(e.key)
	if err != nil {
		return push.Receipt{}, unauthorized(d.Code, 0, "the API key: "+err.Error())
	}
	req.Header.Set("X-Api-Key", key)
	req.Header.Set("Sequence-Number", strconv.FormatInt(d.Sequence, 10))
	req.Header.Set("Correlation-Id", httpx.TraceOr(ctx, d.Key))
	req.Header.Set("Content-Type", "application/json")
	resp, err := e.client.Do(req)
	if err != nil {
		return push.Receipt{}, asSinkError(d.Code, sendingEvent, err)
	}
	defer func() { _ = resp.Body.Close() }() // it has been read by then
	return receipt(d.Code, resp)
}

// receipt reads the answer to a push. Only the gateway's exact text is a success:
// anything else may come from something in between.
func receipt(code profile.ODSCode, resp *http.Response) (push.Receipt, error) {
	content, err := io.ReadAll(resp.Body)
	if resp.StatusCode == http.StatusForbidden {
		return push.Receipt{}, forbidden(code, message(content))
	}
	if err != nil {
		return push.Receipt{}, asSinkError(code, sendingEvent, fmt.Errorf("reading the answer: %w", err))
	}
	if resp.StatusCode != http.StatusOK || message(content) != "Change event received" {
		return push.Receipt{}, &push.SinkError{
			Sink: push.SinkDoS, Answer: push.AnswerUnclear, Status: resp.StatusCode,
			Reason: code.String() + ": " + sendingEvent + ": malformed success, not the text with which DoS accepts an event",
		}
	}
	return push.Receipt{Status: resp.StatusCode}, nil
}

// message returns the gateway's message, or nothing. The gateway writes both Message
// and message, which encoding/json treats as the same.
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

// secret reads a secret; an empty one is an error.
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
