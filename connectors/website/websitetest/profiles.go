package websitetest

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"maps"
	"mime"
	"net/http"
	"strconv"
	"strings"
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

// replay is what is remembered of a PUT that was stored.
type replay struct {
	code string
	body [sha256.Size]byte
	answer
}

// forget empties the website.
func (s *Server) forget() {
	s.stored, s.keys, s.order = make(map[string]*stored), make(map[string]replay), nil
}

func (s *Server) get(r *http.Request, e *Entry) answer {
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
	return answer{status: http.StatusOK, kind: jsonType, body: p.document}.
		with("ETag", p.etag).with("Sequence-Number", strconv.FormatInt(p.sequence, 10))
}

func (s *Server) put(r *http.Request, e *Entry) answer {
	e.Outcome = Refused
	if a, ok := s.authorized(r); !ok {
		return a
	}
	if kind, _, err := mime.ParseMediaType(r.Header.Get("Content-Type")); err != nil || kind != jsonType {
		return problem(http.StatusUnsupportedMediaType, "want "+jsonType)
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
		return s.again(first, digest, e)
	}
	if len(faults) > 0 {
		return invalid(faults)
	}
	if a, ok := s.acceptable(e); !ok {
		return a
	}
	return s.store(e, p, bytes.Clone(body), digest)
}

// again answers a key that was stored before.
func (s *Server) again(first replay, digest [sha256.Size]byte, e *Entry) answer {
	if first.code != e.Code || first.body != digest {
		return invalid([]fault{{"", "IDEMPOTENCY_KEY_REUSED", "the key was used with another body"}})
	}
	e.Outcome, e.ETag = Replayed, first.header["ETag"]
	a := first.answer
	a.header = maps.Clone(a.header) // the answer gets headers of its own
	return a
}

// acceptable holds the headers against what is stored. A stale number comes
// before the wrong tag that it mostly comes with.
func (s *Server) acceptable(e *Entry) (answer, bool) {
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
	case !p.fits(e):
		return problem(http.StatusPreconditionFailed, "another version is stored"), false
	}
	return answer{}, true
}

// fits reports whether a request's preconditions hold; nil is no profile.
func (p *stored) fits(e *Entry) bool {
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

func stale(e *Entry, current int64) answer {
	a := encoded(http.StatusConflict, map[string]any{
		"type": "about:blank", "title": "Stale sequence number", "status": http.StatusConflict,
		"detail":                fmt.Sprintf("sequence-number %d is not greater than %d for %s", e.Sequence, current, e.Code),
		"currentSequenceNumber": current,
	})
	a.kind = problemType
	return a
}

// store is the effect. The lock is held.
func (s *Server) store(e *Entry, p *document, body []byte, digest [sha256.Size]byte) answer {
	status := http.StatusOK
	if s.stored[e.Code] == nil {
		status = http.StatusCreated
	}
	etag := s.newTag()
	s.stored[e.Code] = &stored{document: body, etag: etag, sequence: e.Sequence, key: e.Key, visible: p.visible()}
	e.Outcome, e.ETag, e.Body = Stored, etag, hex.EncodeToString(digest[:8])
	s.ledger.effect(e)
	sequence := strconv.FormatInt(e.Sequence, 10)
	a := answer{status: status, kind: jsonType, body: []byte(`{"ODSCode":"` + e.Code + `","sequenceNumber":` + sequence + `}`)}.
		with("ETag", etag).with("Sequence-Number", sequence)
	if status == http.StatusCreated {
		a = a.with("Location", ProfilesPath+e.Code)
	}
	s.remember(e, digest, a)
	return a
}

// remember keeps the answer of a key, and forgets the older half of all keys
// when there are too many.
func (s *Server) remember(e *Entry, digest [sha256.Size]byte, a answer) {
	if len(s.order) >= s.options.KeptKeys {
		for _, key := range s.order[:len(s.order)/2] {
			delete(s.keys, key)
		}
		s.order = append([]string(nil), s.order[len(s.order)/2:]...)
	}
	s.order = append(s.order, e.Key)
	a.header = maps.Clone(a.header)
	s.keys[e.Key] = replay{code: e.Code, body: digest, answer: a}
}

// newTag gives each version another entity tag, also where the content returns.
func (s *Server) newTag() string {
	s.versions++
	return `"` + strconv.FormatUint(0x5eed0000+s.versions*7, 16) + `"`
}
