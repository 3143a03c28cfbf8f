package websitetest

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"mime"
	"net/http"
	"strconv"
	"strings"

	"github.com/profilesync/profilesync/connectors/internal/simulate"
)

// stored is one profile.
type stored struct {
	document []byte
	etag     string
	sequence int64
	key      string // of the PUT that stored it
	visible  bool
	removed  bool
}

// replay is what the server remembers of a stored PUT.
type replay struct {
	code string
	body [sha256.Size]byte
	simulate.Answer
}

// empty removes everything from the website.
func (s *Server) empty() {
	s.stored, s.keys, s.recent = make(map[string]*stored), make(map[string]replay), nil
}

func (s *Server) get(r *http.Request, e *Entry) simulate.Answer {
	if a, ok := s.authorized(r); !ok {
		return a
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	p := s.stored[e.Code]
	switch {
	case p == nil:
		return problem(http.StatusNotFound, "no profile "+e.Code)
	case p.removed:
		return problem(http.StatusGone, "profile "+e.Code+" was removed")
	}
	e.Outcome, e.ETag, e.Sequence = Read, p.etag, p.sequence
	return simulate.Answer{Status: http.StatusOK, Type: simulate.JSONType, Body: p.document}.
		With("ETag", p.etag).With("Sequence-Number", strconv.FormatInt(p.sequence, 10))
}

func (s *Server) put(r *http.Request, e *Entry) simulate.Answer {
	e.Outcome = Refused
	if a, ok := s.authorized(r); !ok {
		return a
	}
	if kind, _, err := mime.ParseMediaType(r.Header.Get("Content-Type")); err != nil || kind != simulate.JSONType {
		return problem(http.StatusUnsupportedMediaType, "want "+simulate.JSONType)
	}
	body, err := io.ReadAll(io.LimitReader(r.Body, s.options.MaxBody+1))
	switch {
	case err != nil:
		return problem(http.StatusBadRequest, "the body broke off")
	case int64(len(body)) > s.options.MaxBody:
		return problem(http.StatusRequestEntityTooLarge, "the body is too large")
	case e.Key == "" || e.Sequence <= 0:
		return problem(http.StatusBadRequest, "want Idempotency-Key and a positive sequence-number")
	}
	p, faults := validate(e.Code, body)
	if p == nil {
		return problem(http.StatusBadRequest, "the body is not JSON of a profile")
	}
	digest := sha256.Sum256(body)
	s.mu.Lock()
	defer s.mu.Unlock()
	if first, known := s.keys[e.Key]; known {
		return s.answerAgain(first, digest, e)
	}
	if faults = append(faults, unwanted(body, s.refused)...); len(faults) > 0 {
		return invalid(faults)
	}
	if a, ok := s.acceptable(e); !ok {
		return a
	}
	return s.store(e, p, bytes.Clone(body), digest)
}

// answerAgain answers a PUT whose key was used before.
func (s *Server) answerAgain(first replay, digest [sha256.Size]byte, e *Entry) simulate.Answer {
	if first.code != e.Code || first.body != digest {
		return invalid([]fault{{"", "IDEMPOTENCY_KEY_REUSED", "the key was used with another body"}})
	}
	e.Outcome, e.ETag = Replayed, first.Header.Get("ETag")
	return first.Answer
}

// acceptable checks the headers against what is stored. It checks the number first,
// since a stale number mostly comes with a wrong tag.
func (s *Server) acceptable(e *Entry) (simulate.Answer, bool) {
	p := s.stored[e.Code]
	switch {
	case p != nil && p.removed:
		return problem(http.StatusGone, "profile "+e.Code+" was removed"), false
	case p == nil && s.options.NoCreate:
		return problem(http.StatusNotFound, "no profile "+e.Code), false
	case e.IfMatch == "" && e.IfNoneMatch == "":
		return problem(http.StatusPreconditionRequired, "want If-Match or If-None-Match"), false
	case p != nil && e.Sequence <= p.sequence:
		e.Outcome = Stale
		return stale(e, p.sequence), false
	case !p.meetsPreconditions(e):
		return problem(http.StatusPreconditionFailed, "another version is stored"), false
	}
	return simulate.Answer{}, true
}

// meetsPreconditions reports whether a request's preconditions hold; nil means no profile.
func (p *stored) meetsPreconditions(e *Entry) bool {
	if p == nil {
		return e.IfMatch == ""
	}
	return e.IfNoneMatch == "" && matches(e.IfMatch, p.etag)
}

// matches compares strongly: a weak tag never matches.
func matches(header, etag string) bool {
	for tag := range strings.SplitSeq(header, ",") {
		if tag = strings.TrimSpace(tag); tag == etag || tag == "*" {
			return true
		}
	}
	return false
}

func stale(e *Entry, current int64) simulate.Answer {
	return simulate.Encoded(http.StatusConflict, problemType, map[string]any{
		"type": "about:blank", "title": "Stale sequence number", "status": http.StatusConflict,
		"detail":                fmt.Sprintf("sequence-number %d is not greater than %d for %s", e.Sequence, current, e.Code),
		"currentSequenceNumber": current,
	})
}

// store stores the document. The caller holds the lock.
func (s *Server) store(e *Entry, p *document, body []byte, digest [sha256.Size]byte) simulate.Answer {
	status := http.StatusOK
	if s.stored[e.Code] == nil {
		status = http.StatusCreated
	}
	etag := s.newTag()
	s.stored[e.Code] = &stored{document: body, etag: etag, sequence: e.Sequence, key: e.Key, visible: p.visible()}
	e.Outcome, e.ETag, e.Body = Stored, etag, hex.EncodeToString(digest[:8])
	s.order.Came(e.Code, e.Sequence)
	s.order.Took(e.Code, e.Sequence, e.Key)
	sequence := strconv.FormatInt(e.Sequence, 10)
	body = []byte(`{"ODSCode":"` + e.Code + `","sequenceNumber":` + sequence + `}`)
	a := simulate.Answer{Status: status, Type: simulate.JSONType, Body: body}.With("ETag", etag).With("Sequence-Number", sequence)
	if status == http.StatusCreated {
		a = a.With("Location", ProfilesPath+e.Code)
	}
	s.remember(e, digest, a)
	return a
}

// remember keeps the answer for a key, and forgets the older half of all keys if
// there are too many.
func (s *Server) remember(e *Entry, digest [sha256.Size]byte, a simulate.Answer) {
	if len(s.recent) >= s.options.KeptKeys {
		for _, key := range s.recent[:len(s.recent)/2] {
			delete(s.keys, key)
		}
		s.recent = append([]string(nil), s.recent[len(s.recent)/2:]...)
	}
	s.recent = append(s.recent, e.Key)
	s.keys[e.Key] = replay{code: e.Code, body: digest, Answer: a}
}

// newTag gives each version another entity tag, even if it has the content of an
// earlier one.
func (s *Server) newTag() string {
	s.versions++
	return `"` + strconv.FormatUint(0x5eed0000+s.versions*7, 16) + `"`
}
