package website

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"

	"github.com/profilesync/profilesync/connectors/internal/httpx"
	"github.com/profilesync/profilesync/connectors/internal/parallel"
	"github.com/profilesync/profilesync/reconcile/profile"
	"github.com/profilesync/profilesync/reconcile/push"
)

// Show reads one profile back through the write API: values, entity tag and sequence
// number; no entry for an unknown or removed profile. Errors are
// *push.SinkError; a success that makes no sense is unclear.
func (s *Sink) Show(ctx context.Context, code profile.ODSCode, t profile.OrgType) (push.Shown, error) {
	now, err := s.find(ctx, code)
	if err != nil || now.tag == "" {
		return push.Shown{Code: code}, err
	}
	shown := now.shown(code, t)
	shown.Sequence, shown.Version = now.sequence, now.tag
	return shown, nil
}

// shownDocument is a profile as the write API shows it.
type shownDocument struct {
	organisation
	body     []byte
	tag      string // empty: there is none
	sequence int64
	status   int
}

func (s *Sink) find(ctx context.Context, code profile.ODSCode) (shownDocument, error) {
	req, err := s.request(ctx, http.MethodGet, code, http.NoBody)
	if err != nil {
		return shownDocument{}, err
	}
	answer, err := s.read.Fetch(req)
	if err != nil {
		return shownDocument{}, failure(requestName(req), err)
	}
	if isAbsent(answer.Status) {
		return shownDocument{status: answer.Status}, nil
	}
	p, err := decode(answer.Body)
	tag := answer.Header.Get("ETag")
	switch {
	case !isJSON(answer.Header):
		err = fmt.Errorf("the answer is %q: want JSON", answer.Header.Get("Content-Type"))
	case err == nil && p.ODSCode != code.String():
		err = errors.New("the answer is about another organisation")
	case err == nil && tag == "":
		err = errors.New("the answer has no entity tag")
	}
	if err != nil {
		return shownDocument{}, unclear(req, answer.Status, err)
	}
	// A missing or unreadable number means that it is not given.
	sequence, _ := strconv.ParseInt(answer.Header.Get("Sequence-Number"), 10, 64)
	return shownDocument{organisation: p, body: answer.Body, tag: tag, sequence: sequence, status: answer.Status}, nil
}

func unclear(req *http.Request, status int, err error) error {
	return &push.SinkError{
		Sink: push.SinkWebsite, Answer: push.AnswerUnclear, Status: status, Reason: requestName(req) + ": " + err.Error(),
	}
}

// readers is how many single profiles are read at the same time.
const readers = 4

// showEach is Show for each of the codes. One that cannot be read is named.
func (s *Sink) showEach(ctx context.Context, codes []profile.ODSCode, t profile.OrgType) ([]push.Shown, error) {
	return parallel.Each(ctx, readers, codes, func(ctx context.Context, code profile.ODSCode) (push.Shown, error) {
		return push.OrUnreadable(s.Show(ctx, code, t))
	})
}

// request returns a request for a profile in the write API.
func (s *Sink) request(ctx context.Context, method string, code profile.ODSCode, body io.Reader) (*http.Request, error) {
	address := s.base.JoinPath("organisation-profiles", url.PathEscape(code.String()))
	return s.keyed(http.NewRequestWithContext(httpx.WithRecord(ctx, code.String()), method, address.String(), body))
}

// keyed adds the headers of all requests. A key that cannot be read is like a wrong
// one: nothing is sent, and people have to correct the configuration.
func (s *Sink) keyed(req *http.Request, err error) (*http.Request, error) {
	if err != nil {
		return nil, &push.SinkError{
			Sink: push.SinkWebsite, Answer: push.AnswerRefused, Reason: "making a request: " + err.Error(),
		}
	}
	req.Header.Set("Accept", "application/json")
	if s.key == nil {
		return req, nil
	}
	key, err := s.key()
	if err != nil {
		return nil, &push.SinkError{
			Sink: push.SinkWebsite, Answer: push.AnswerUnauthorized, Reason: "API key of the website: " + err.Error(),
		}
	}
	req.Header.Set("Apikey", key)
	return req, nil
}
