package website

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"mime"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"github.com/profilesync/profilesync/connectors/internal/httpx"
	"github.com/profilesync/profilesync/reconcile/push"
)

// Push sends the whole document once (CONTRACT.md "The write API"). An update reads
// the current one first, so that it changes only what the delivery states. If the
// website shows another version than the delivery's, or nothing, that is a conflict
// and nothing is sent. A delivery that cannot be encoded is refused without any
// request. Errors are *push.SinkError.
func (s *Sink) Push(ctx context.Context, d push.Delivery) (push.Receipt, error) {
	body, err := s.body(ctx, d)
	if err != nil {
		return push.Receipt{}, err
	}
	req, err := s.put(ctx, d, body)
	if err != nil {
		return push.Receipt{}, err
	}
	answer, err := s.push.Fetch(req)
	if err != nil {
		return push.Receipt{}, failure(requestName(req), err)
	}
	if answer.Status >= http.StatusMultipleChoices {
		return push.Receipt{}, refusal(req, d, body, answer)
	}
	if why := whyDoubtful(d, answer); why != "" {
		return push.Receipt{}, &push.SinkError{
			Sink: push.SinkWebsite, Answer: push.AnswerUnclear, Status: answer.Status, Reason: requestName(req) + ": " + why,
		}
	}
	return push.Receipt{Status: answer.Status, Version: answer.Header.Get("ETag")}, nil
}

// body returns the document of a delivery. An update changes what the website shows
// now, which must be the version that the delivery was made for.
func (s *Sink) body(ctx context.Context, d push.Delivery) ([]byte, error) {
	ours, err := profileOf(d)
	if err == nil && (d.Code == "" || d.Key == "" || d.Sequence <= 0) {
		err = fmt.Errorf("delivery of %q without code, key or sequence number", d.Code)
	}
	if err != nil {
		return nil, unsent(d, push.AnswerRefused, 0, err.Error())
	}
	if d.Version == "" {
		return newDocument(d, ours)
	}
	now, err := s.find(ctx, d.Code)
	switch {
	case err != nil:
		return nil, err
	case now.tag == "":
		return nil, unsent(d, push.AnswerConflict, now.status, "the website no longer shows it: read it, plan again")
	case quoted(now.tag) != quoted(d.Version):
		return nil, unsent(d, push.AnswerConflict, now.status, "the website shows another version than we expected: read it, plan again")
	}
	body, err := updatedDocument(d, ours, now)
	if err != nil {
		return nil, unsent(d, push.AnswerUnclear, now.status, err.Error())
	}
	return body, nil
}

// unsent says why a delivery was not sent.
func unsent(d push.Delivery, answer push.Answer, status int, why string) error {
	return &push.SinkError{
		Sink: push.SinkWebsite, Answer: answer, Status: status,
		Reason: fmt.Sprintf("profile %s: %s; nothing was sent", d.Code, why),
	}
}

// put returns the request of a delivery with its document. The correlation id is that of
// the trace, or the key: all attempts on the same document are the same in every byte.
func (s *Sink) put(ctx context.Context, d push.Delivery, body []byte) (*http.Request, error) {
	req, err := s.request(ctx, http.MethodPut, d.Code, bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	// net/http automatically repeats a request with an Idempotency-Key if a reused
	// connection breaks. A body that can be read only once prevents that.
	req.GetBody = nil
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("Idempotency-Key", d.Key)
	req.Header.Set("Sequence-Number", strconv.FormatInt(d.Sequence, 10))
	req.Header.Set("X-Correlation-ID", httpx.TraceOr(ctx, d.Key))
	if d.Version == "" {
		req.Header.Set("If-None-Match", "*")
	} else {
		req.Header.Set("If-Match", quoted(d.Version))
	}
	return req, nil
}

// quoted returns an entity tag in the form of headers, which ours have already.
func quoted(tag string) string {
	if strings.HasSuffix(tag, `"`) {
		return tag
	}
	return `"` + tag + `"`
}

// whyDoubtful says why a success is not reliable; empty if it is. The profile can always be
// read back, so any oddity is a reason to do so.
func whyDoubtful(d push.Delivery, a *httpx.Answer) string {
	sequence := a.Header.Get("Sequence-Number")
	switch {
	case a.Status == http.StatusAccepted:
		return "queued, not stored: read it back later"
	case !slices.Contains([]int{http.StatusOK, http.StatusCreated, http.StatusNoContent}, a.Status):
		return "not an answer of this API"
	case a.Header.Get("ETag") == "":
		return "stored, but without an entity tag: read it back"
	case sequence != "" && sequence != strconv.FormatInt(d.Sequence, 10):
		return "the answer is about another sequence number" // a redirect turned the PUT into a GET
	}
	return whyBodyDoubtful(d, a)
}

// whyBodyDoubtful compares a body with what was sent. The contract does not require one.
func whyBodyDoubtful(d push.Delivery, a *httpx.Answer) string {
	if len(bytes.TrimSpace(a.Body)) == 0 {
		return ""
	}
	var body struct {
		ODSCode *string `json:"ODSCode"`
	}
	if !isJSON(a.Header) || json.Unmarshal(a.Body, &body) != nil {
		return "the answer is not JSON: it came from something between us and the website"
	}
	if body.ODSCode != nil && *body.ODSCode != d.Code.String() {
		return "the answer is about another organisation"
	}
	return ""
}

func isJSON(header http.Header) bool {
	kind, _, err := mime.ParseMediaType(header.Get("Content-Type"))
	return err == nil && (kind == "application/json" || strings.HasSuffix(kind, "+json"))
}
