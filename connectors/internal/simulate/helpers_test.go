package simulate_test

import (
	"io"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/profilesync/profilesync/connectors/internal/simulate"
)

const (
	moved  simulate.Name = "moved-away"  // answers 410
	closed simulate.Name = "closed-down" // the same of every request
	shouts simulate.Name = "shouts"      // writes in capitals
)

type entry struct {
	simulate.Entry

	Said string `json:"said,omitempty"`
}

// post is a system that accepts letters: POST /letters/CODE.
type post struct {
	*simulate.Kit[entry]

	t       *testing.T
	taken   atomic.Int64
	address string
}

func startPost(t *testing.T, o simulate.Options) *post {
	t.Helper()
	p := &post{t: t}
	o.Own = map[simulate.Name]simulate.Own{moved: {Refuses: true}, closed: {Refuses: true, Always: true}, shouts: {}}
	if o.Now == nil {
		o.Now = func() time.Time { return time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC) }
	}
	p.Kit = simulate.New[entry](o)
	p.address = simulate.Serve(t, p.Handler(http.HandlerFunc(p.serve)))
	return p
}

func (p *post) serve(w http.ResponseWriter, r *http.Request) {
	e := entry{Entry: simulate.EntryOf("letter", r)}
	e.Code = strings.TrimPrefix(r.URL.Path, "/letters/")
	met := p.Meet(simulate.Request{HTTP: r, Kind: "letter", Client: r.Header.Get("Client"), IDs: []string{e.Code}})
	simulate.Exchange{
		Met: met, Entry: &e.Entry,
		Serve: func() simulate.Answer {
			_, _ = io.Copy(io.Discard, r.Body)
			p.taken.Add(1)
			e.Outcome = "taken"
			if e.Code == "EMPTY" {
				return simulate.Answer{Status: http.StatusOK}
			}
			return simulate.JSON(http.StatusCreated, map[string]string{"code": e.Code}).With("ETag", `"1"`)
		},
		Refuse: func(name simulate.Name) simulate.Answer {
			status := name.Status()
			if status == 0 {
				status = http.StatusGone
			}
			return simulate.JSON(status, map[string]string{"said": string(name)})
		},
		Spoil: func(a simulate.Answer) simulate.Answer {
			if met.Name == shouts {
				a.Body = []byte(strings.ToUpper(string(a.Body)))
			}
			return a
		},
		Note: func(a simulate.Answer) simulate.Answer {
			p.Stamp(&e.Entry)
			p.Book.Request(e)
			return a.With("X-Noted", "yes")
		},
	}.Play(w, r)
}

type reply struct {
	status int // 0: no answer
	header http.Header
	body   string
	err    error // of the body
}

func (p *post) ask(method, path, body string, header ...string) reply {
	p.t.Helper()
	req, err := http.NewRequestWithContext(p.t.Context(), method, p.address+path, strings.NewReader(body))
	require.NoError(p.t, err)
	for i := 0; i < len(header); i += 2 {
		req.Header.Set(header[i], header[i+1])
	}
	req.Close = true // on a reused connection net/http repeats a request that broke
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return reply{}
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	return reply{resp.StatusCode, resp.Header, string(text), err}
}

func (p *post) send(code string, header ...string) reply {
	p.t.Helper()
	return p.ask(http.MethodPost, "/letters/"+code, "hello", header...)
}
