package dos

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"

	"github.com/profilesync/profilesync/connectors/internal/httpx"
	"github.com/profilesync/profilesync/reconcile/push"
)

// TryEvents returns nil if DoS accepts the key of change events, and changes nothing:
// the gateway looks at the key first, and then refuses what it gets, since it has
// neither a sequence number nor an ODS code (CONTRACT.md "Change events"). Errors are
// *push.SinkError.
func (s *Sink) TryEvents(ctx context.Context) error {
	if s.events == nil {
		return &push.SinkError{Sink: push.SinkDoS, Answer: push.AnswerRefused, Reason: "no change events are configured"}
	}
	return s.events.try(ctx)
}

func (e *events) try(ctx context.Context) error {
	const trying = "trying the key of change events"
	failed := func(answer push.Answer, status int, reason string) error {
		return &push.SinkError{Sink: push.SinkDoS, Answer: answer, Status: status, Reason: reason}
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, e.address, strings.NewReader("{}"))
	if err != nil {
		return failed(push.AnswerRefused, 0, "the address of change events cannot be used")
	}
	key, err := secret(e.key)
	if err != nil {
		return failed(push.AnswerUnauthorized, 0, "the API key: "+err.Error())
	}
	req.Header.Set("X-Api-Key", key)
	req.Header.Set("Content-Type", "application/json")
	answer, err := e.client.Fetch(req)
	status, answered := errors.AsType[*httpx.StatusError](err)
	switch {
	case answered && status.Status == http.StatusBadRequest:
		return nil // the key was looked at before the event
	case answered:
		return failed(push.AnswerTo(status.Status), status.Status, fmt.Sprintf("%s: %v", trying, err))
	case err != nil:
		return failed(push.AnswerUnclear, 0, fmt.Sprintf("%s: %v", trying, err))
	case answer.Status == http.StatusForbidden && strings.HasPrefix(message(answer.Body), "Access Denied"):
		return failed(push.AnswerUnauthorized, answer.Status, "this machine's address is not on the allow-list of DoS")
	case answer.Status == http.StatusForbidden:
		return failed(push.AnswerUnauthorized, answer.Status, "DoS refused the API key of change events")
	}
	return failed(
		push.AnswerUnclear,
		answer.Status,
		trying+": an event without a number was not refused, so this is hardly the gateway of DoS",
	)
}
