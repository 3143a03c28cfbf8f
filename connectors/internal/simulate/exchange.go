package simulate

import (
	"io"
	"net/http"
	"strconv"
)

// Exchange is one request and how the simulator handles it. The steps are the same
// in every simulator: the request meets its fault, the system answers, the fault
// spoils the answer, the ledger gets an entry, and only then does the client get
// the answer. So a client with an answer always finds its entry.
type Exchange struct {
	Met Met
	// Entry gets the fault that was met, and the status before it is noted.
	Entry *Entry
	// Serve is the system: it has the effect and answers.
	Serve func() Answer
	// Refuse returns the system's answer for Error, Unauthorized, Throttled, or a
	// refusing fault of the simulator's own. The kit adds Retry-After.
	Refuse func(Name) Answer
	// Spoil applies the simulator's own faults to an answer; nil if there are none.
	Spoil func(Answer) Answer
	// Note adds the entry to the ledger, and headers to the answer. With status 0 the
	// client gets no answer.
	Note func(Answer) Answer
}

// Play answers the request. To break the connection it panics with
// http.ErrAbortHandler, as net/http requires.
func (x Exchange) Play(w http.ResponseWriter, r *http.Request) {
	x.Entry.Fault = x.Met.Name
	a := Answer{}
	if x.Met.Hold(r.Context().Done()) { // else the client left first
		a = x.answer(r)
	}
	x.Entry.Status = a.Status
	a = x.Note(a)
	if x.Met.Name == HungAfter {
		<-r.Context().Done()
	}
	a.Send(w)
}

func (x Exchange) answer(r *http.Request) Answer {
	a := x.serveUnlessRefused(r)
	if !waitUnlessLeft(r.Context().Done(), x.Met.AnswerLatencyMS) {
		return Answer{}
	}
	return a
}

// serveUnlessRefused lets the system answer, unless the fault keeps the request
// from reaching it.
func (x Exchange) serveUnlessRefused(r *http.Request) Answer {
	name := x.Met.Name
	switch {
	case name == Down || name == DroppedBefore:
		return Answer{}
	case name == HungBefore:
		_, _ = io.Copy(io.Discard, r.Body) // only then does net/http see that the client leaves
		<-r.Context().Done()
		return Answer{}
	case name.isError() && !name.After() || x.Met.own.Refuses:
		return x.refused(name)
	}
	a := x.Serve()
	if name.isError() { // an error after the effect
		return x.refused(Error(name.Status()))
	}
	a = x.Met.spoil(a)
	if x.Spoil != nil {
		a = x.Spoil(a)
	}
	return a
}

func (x Exchange) refused(name Name) Answer {
	a := x.Refuse(name)
	if x.Met.RetryAfter > 0 {
		a = a.With("Retry-After", strconv.Itoa(x.Met.RetryAfter))
	}
	return a
}

// spoil applies the common faults to an answer.
func (m Met) spoil(a Answer) Answer {
	switch m.Name {
	case DroppedAfter, HungAfter:
		return Answer{}
	case Truncated:
		return a.cut(m.CutAfter, m.Chunked)
	case Garbled:
		a.Body = garbled(a.Body)
	case HTML:
		a.Type, a.Body = htmlType, []byte(page)
	case WrongType:
		if a.Status < http.StatusMultipleChoices {
			a.Type = "text/html"
		}
	case NoETag:
		a = a.With("ETag", "")
	default: // none, or the simulator's own
	}
	return a
}
