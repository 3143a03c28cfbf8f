package odstest

import (
	"bytes"
	"maps"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// Fault says how to treat a request badly. Several ways may be combined; those
// that answer with a Status go before those that spoil a body.
type Fault struct {
	// Match picks the requests it is for; nil: every one.
	Match func(*http.Request) bool
	// Skip lets so many matching requests pass first.
	Skip int
	// Times is how many requests meet it; 0 means one, below 0 all from now on.
	Times int

	// Status answers with the error of that number instead: 401, 404, 406, 422,
	// 429, 5xx and so on, each with the body the real service sends.
	Status int
	// RetryAfter is that header of the answer, in whole seconds; 0: none.
	RetryAfter time.Duration
	// Wait holds the answer back until it is closed; nil: not.
	Wait <-chan struct{}
	// Cut breaks the connection after so many bytes of the body, less than the
	// Content-Length that was announced; 0: not.
	Cut int
	// Chunked makes Cut announce no length, so that only a missing last chunk tells.
	Chunked bool
	// Garble breaks the body's JSON or CSV but delivers it whole.
	Garble bool
	// NextHost replaces scheme and host of the link to the next page, as
	// "https://elsewhere.example".
	NextHost string
	// Shift plays a reload in the middle of paging: from this request on every
	// search result is moved by so many rows, so that a client that goes on misses
	// as many and meets others twice, while the count stays.
	Shift int
	// Do runs before the request is answered, say to churn the register.
	Do func()
}

// Path matches requests whose path contains the text.
func Path(text string) func(*http.Request) bool {
	return func(r *http.Request) bool { return strings.Contains(r.URL.Path, text) }
}

// Fault queues faults. A request meets the first one that matches it.
func (s *Server) Fault(faults ...Fault) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, f := range faults {
		if f.Times == 0 {
			f.Times = 1
		}
		s.faults = append(s.faults, &f)
	}
}

// Heal forgets all faults, a reload's shifted rows too.
func (s *Server) Heal() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.faults, s.shift = nil, 0
}

func (s *Server) nextFault(r *http.Request) Fault {
	s.mu.Lock()
	defer s.mu.Unlock()
	for i, f := range s.faults {
		if f.Match != nil && !f.Match(r) {
			continue
		}
		if f.Skip > 0 {
			f.Skip--
			continue
		}
		if f.Times--; f.Times == 0 {
			s.faults = append(s.faults[:i:i], s.faults[i+1:]...)
		}
		return *f
	}
	return Fault{}
}

// begin does what comes before an answer; false: the client did not wait.
func (f Fault) begin(s *Server, r *http.Request) bool {
	if f.Wait != nil {
		select {
		case <-f.Wait:
		case <-r.Context().Done():
			return false
		}
	}
	if f.Do != nil {
		f.Do()
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.shift += f.Shift
	return true
}

func (f Fault) spoils() bool { return f.Cut > 0 || f.Garble || f.NextHost != "" }

// spoil lets the handler answer into memory and passes on what is left of it.
func (f Fault) spoil(w http.ResponseWriter, r *http.Request, handler http.Handler) {
	kept := &kept{header: make(http.Header), status: http.StatusOK}
	handler.ServeHTTP(kept, r)
	body := kept.body.Bytes()
	if f.NextHost != "" {
		body = f.misdirect(body)
	}
	if f.Garble {
		body = garble(body)
	}
	maps.Copy(w.Header(), kept.header)
	w.Header().Set("Content-Length", strconv.Itoa(len(body)))
	if f.Chunked {
		w.Header().Del("Content-Length")
	}
	w.WriteHeader(kept.status)
	if f.Cut <= 0 || f.Cut >= len(body) {
		_, _ = w.Write(body) // a client that left is none of our business
		return
	}
	_, _ = w.Write(body[:f.Cut])
	_ = http.NewResponseController(w).Flush()
	panic(http.ErrAbortHandler)
}

// misdirect sends the link to the next page to another host.
func (f Fault) misdirect(body []byte) []byte {
	next := []byte(`"relation":"next","url":"`)
	before, after, found := bytes.Cut(body, next)
	if !found {
		return body
	}
	end := bytes.Index(after, []byte(FHIRPath))
	if end < 0 {
		return body
	}
	return bytes.Join([][]byte{before, next, []byte(f.NextHost), after[end:]}, nil)
}

// garble ends JSON in its middle, and leaves a quote open in the middle of CSV.
func garble(body []byte) []byte {
	middle := len(body) / 2
	if len(body) > 0 && body[0] == '{' {
		return body[:middle]
	}
	line := middle + bytes.IndexByte(body[middle:], '\n') + 1
	return bytes.Join([][]byte{body[:line], []byte("\"FAULT\",\"A ROW THAT\r\n"), body[line:]}, nil)
}

// kept is an answer held in memory.
type kept struct {
	header http.Header
	status int
	body   bytes.Buffer
}

func (k *kept) Header() http.Header         { return k.header }
func (k *kept) WriteHeader(status int)      { k.status = status }
func (k *kept) Write(p []byte) (int, error) { return k.body.Write(p) }
