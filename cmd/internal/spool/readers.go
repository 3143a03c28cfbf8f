package spool

import (
	"context"
	"errors"
	"net/http"
	"strconv"
	"time"
)

// Limits are what one reader, and all together, may hold.
type Limits struct {
	Most   int           // readers at a time; others are told to come again
	Wait   time.Duration // how long one waits for its text to be made
	Stall  time.Duration // one that takes nothing for so long is cut
	Within time.Duration // one that takes longer than this over all is cut; it may ask for the rest
	// Missing is the error that says that there is no such text.
	Missing error
}

// Readers hands texts to HTTP clients, each at its own pace.
type Readers struct {
	Limits

	places chan struct{}
}

// NewReaders returns readers with places for so many.
func NewReaders(l Limits) *Readers { return &Readers{Limits: l, places: make(chan struct{}, l.Most)} }

// comeAgain is when one who found no place should ask again.
const comeAgain = 10 * time.Second

// Serve answers a request with a text, to GET and HEAD, ranges included:
//
//	404  there is no such text
//	503  too many readers, too many texts being made, or it cannot be made now
//
// The time that the server gives all requests to be answered is not that of this
// one.
func (r *Readers) Serve(w http.ResponseWriter, req *http.Request, open func(context.Context) (*File, error)) {
	out := &paced{
		ResponseWriter: w, control: http.NewResponseController(w), stall: r.Stall, until: time.Now().Add(r.Wait + r.Within),
	}
	select {
	case r.places <- struct{}{}:
		defer func() { <-r.places }()
	default:
		again(out, "too many are reading reports")
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
		again(out, "the report cannot be read at present")
		return
	}
	defer func() { _ = file.Close() }() // only read
	out.until = time.Now().Add(r.Within)
	_ = out.extend() // also where nothing but a head is written
	http.ServeContent(out, req, "", time.Time{}, file)
}

// again says that it may go well later.
func again(w http.ResponseWriter, why string) {
	w.Header().Set("Retry-After", strconv.Itoa(int(comeAgain.Seconds())))
	http.Error(w, why, http.StatusServiceUnavailable)
}

// paced moves the end of a response on as its reader takes it. It hides every
// other way of writing.
type paced struct {
	http.ResponseWriter

	control *http.ResponseController
	stall   time.Duration
	until   time.Time
}

func (p *paced) Write(b []byte) (int, error) {
	if err := p.extend(); err != nil {
		return 0, err
	}
	return p.ResponseWriter.Write(b)
}

func (p *paced) extend() error {
	end := time.Now().Add(p.stall)
	if end.After(p.until) {
		end = p.until
	}
	return p.control.SetWriteDeadline(end)
}
