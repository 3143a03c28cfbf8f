package spool

import (
	"context"
	"errors"
	"net/http"
	"strconv"
	"time"
)

// Limits limits each reader, and all readers together.
type Limits struct {
	Most   int           // readers at a time; others are told to try again
	Wait   time.Duration // how long a reader waits for its text to be made
	Stall  time.Duration // a reader that reads nothing for this long is disconnected
	Within time.Duration // a reader that takes longer than this in all is disconnected; it may request the rest
	// Missing is the error for a text that does not exist.
	Missing error
}

// Readers serves texts to HTTP clients, each at its own pace.
type Readers struct {
	Limits

	places chan struct{}
}

// NewReaders returns Readers with the given limits.
func NewReaders(l Limits) *Readers { return &Readers{Limits: l, places: make(chan struct{}, l.Most)} }

// retryAfter is how long a refused client is told to wait.
const retryAfter = 10 * time.Second

// Serve answers a request with a text, to GET and HEAD, ranges included:
//
//	404  there is no such text
//	503  too many readers, too many texts being made, or it cannot be made now
//
// The server's own write timeout does not apply to these requests.
func (r *Readers) Serve(w http.ResponseWriter, req *http.Request, open func(context.Context) (*File, error)) {
	out := &deadlineWriter{
		ResponseWriter: w, control: http.NewResponseController(w), stall: r.Stall, until: time.Now().Add(r.Wait + r.Within),
	}
	select {
	case r.places <- struct{}{}:
		defer func() { <-r.places }()
	default:
		tryAgainLater(out, "too many are reading reports")
		return
	}
	ctx, cancel := context.WithTimeout(req.Context(), r.Wait)
	defer cancel()
	file, err := open(ctx)
	switch {
	case errors.Is(err, r.Missing):
		http.NotFound(out, req)
		return
	case err != nil:
		tryAgainLater(out, "the report cannot be read at present")
		return
	}
	defer func() { _ = file.Close() }() // only read
	out.until = time.Now().Add(r.Within)
	_ = out.extend() // also for a HEAD request
	http.ServeContent(out, req, "", time.Time{}, file)
}

// tryAgainLater answers that the client may try again later.
func tryAgainLater(w http.ResponseWriter, why string) {
	w.Header().Set("Retry-After", strconv.Itoa(int(retryAfter.Seconds())))
	http.Error(w, why, http.StatusServiceUnavailable)
}

// deadlineWriter extends the deadline of a response as its reader reads. It hides all
// other methods of writing.
type deadlineWriter struct {
	http.ResponseWriter

	control *http.ResponseController
	stall   time.Duration
	until   time.Time
}

func (p *deadlineWriter) Write(b []byte) (int, error) {
	if err := p.extend(); err != nil {
		return 0, err
	}
	return p.ResponseWriter.Write(b)
}

func (p *deadlineWriter) extend() error {
	end := time.Now().Add(p.stall)
	if end.After(p.until) {
		end = p.until
	}
	return p.control.SetWriteDeadline(end)
}
