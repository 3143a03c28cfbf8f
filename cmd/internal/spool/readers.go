package spool

import (
	"context"
	"errors"
	"net/http"
	"os"
	"strconv"
	"sync"
	"time"
)

// Limits limits each reader, and all readers together.
type Limits struct {
	Most   int           // readers at a time; when all places are taken, see Yield
	Wait   time.Duration // how long a reader waits for its text to be made
	Stall  time.Duration // a reader that reads nothing for this long is disconnected
	Within time.Duration // a reader that takes longer than this in all is disconnected; it may request the rest
	// Yield is how long a reader may read nothing before it loses its place to
	// another one; if all have read since, the other is told to try again.
	Yield time.Duration
	// Missing is the error for a text that does not exist.
	Missing error
}

// Readers serves texts to HTTP clients, each at its own pace.
type Readers struct {
	Limits

	places chan struct{}

	mutex   sync.Mutex
	reading map[*deadlineWriter]struct{}
}

// NewReaders returns Readers with the given limits.
func NewReaders(l Limits) *Readers {
	return &Readers{Limits: l, places: make(chan struct{}, l.Most), reading: make(map[*deadlineWriter]struct{})}
}

const (
	// retryAfter is how long a refused client is told to wait.
	retryAfter = 10 * time.Second
	// leaveTimeout is how long a reader that loses its place may take to leave it.
	leaveTimeout = time.Second
)

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
	if !r.enter(out) {
		tryAgainLater(out, "too many are reading reports")
		return
	}
	defer r.leave(out)
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
	out.begin(r.Within)                 // also for a HEAD request
	http.ServeContent(out, req, "", time.Time{}, file)
}

// enter takes a place, perhaps that of a reader that has stopped reading.
func (r *Readers) enter(out *deadlineWriter) bool {
	select {
	case r.places <- struct{}{}:
	default:
		if !r.disconnectIdlest() {
			return false
		}
		select {
		case r.places <- struct{}{}:
		case <-time.After(leaveTimeout):
			return false
		}
	}
	r.mutex.Lock()
	defer r.mutex.Unlock()
	r.reading[out] = struct{}{}
	return true
}

func (r *Readers) leave(out *deadlineWriter) {
	r.mutex.Lock()
	delete(r.reading, out)
	r.mutex.Unlock()
	<-r.places
}

// disconnectIdlest disconnects the reader that has read nothing for the longest
// time, and reports whether there is one that has not for Yield.
func (r *Readers) disconnectIdlest() bool {
	r.mutex.Lock() // none of them leaves meanwhile: its connection would have another request by then
	defer r.mutex.Unlock()
	var idlest *deadlineWriter
	idle := r.Yield
	for out := range r.reading {
		if d := out.idle(); d >= idle {
			idlest, idle = out, d
		}
	}
	return idlest != nil && idlest.disconnect()
}

// tryAgainLater answers that the client may try again later.
func tryAgainLater(w http.ResponseWriter, why string) {
	w.Header().Set("Connection", "close") // who is refused must not keep others from connecting
	w.Header().Set("Retry-After", strconv.Itoa(int(retryAfter.Seconds())))
	http.Error(w, why, http.StatusServiceUnavailable)
}

// deadlineWriter extends the deadline of a response as its reader reads. It hides all
// other methods of writing.
type deadlineWriter struct {
	http.ResponseWriter

	control *http.ResponseController
	stall   time.Duration

	mutex sync.Mutex
	until time.Time
	read  time.Time // when the reader last read something; zero while its text is being made
	gone  bool      // it lost its place
}

func (w *deadlineWriter) Write(b []byte) (int, error) {
	if err := w.extend(); err != nil {
		return 0, err
	}
	return w.ResponseWriter.Write(b)
}

// begin starts the time of the reader.
func (w *deadlineWriter) begin(within time.Duration) {
	w.mutex.Lock()
	w.until = time.Now().Add(within)
	w.mutex.Unlock()
	_ = w.extend() // a write fails again
}

func (w *deadlineWriter) extend() error {
	w.mutex.Lock()
	defer w.mutex.Unlock()
	if w.gone {
		return os.ErrDeadlineExceeded
	}
	w.read = time.Now()
	end := w.read.Add(w.stall)
	if end.After(w.until) {
		end = w.until
	}
	return w.control.SetWriteDeadline(end)
}

// idle is how long the reader has read nothing.
func (w *deadlineWriter) idle() time.Duration {
	w.mutex.Lock()
	defer w.mutex.Unlock()
	if w.gone || w.read.IsZero() {
		return 0
	}
	return time.Since(w.read)
}

// disconnect ends the response, and reports whether it could.
func (w *deadlineWriter) disconnect() bool {
	w.mutex.Lock()
	defer w.mutex.Unlock()
	w.gone = true
	return w.control.SetWriteDeadline(time.Now()) == nil
}
