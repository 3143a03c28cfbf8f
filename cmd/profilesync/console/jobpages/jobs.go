// Package jobpages serves River's own pages of jobs, behind the same sign-in, to who
// administers. What a job was given, what it failed with and what it noted stay hidden:
// they are ids by our rule, and a rule is no fence.
package jobpages

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"net/http"
	"strconv"
	"strings"

	"riverqueue.com/riverui"

	"github.com/profilesync/profilesync/cmd/profilesync/console/web"
	"github.com/profilesync/profilesync/cmd/profilesync/guard"
	"github.com/profilesync/profilesync/jobs/queue"
)

// prefix is where the pages are.
const prefix = "/jobs"

// policy is as strict as these pages work with: their script sets styles.
const policy = "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; font-src 'self'; " +
	"connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"

// Add adds the pages to a desk. They read the queue until ctx ends.
func Add(ctx context.Context, d *web.Desk, client *queue.Client, log *slog.Logger) error {
	handler, err := riverui.NewHandler(&riverui.HandlerOpts{
		Endpoints: riverui.NewEndpoints(client, nil), JobListHideArgsByDefault: true, Logger: log, Prefix: prefix,
	})
	if err == nil {
		err = handler.Start(ctx)
	}
	if err != nil {
		return fmt.Errorf("the pages of jobs: %w", err)
	}
	d.Handle(prefix+"/", d.Guarded(guard.Administer, func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Security-Policy", policy)
		answer := &answer{header: w.Header(), status: http.StatusOK}
		if !strings.HasPrefix(r.URL.Path, prefix+"/api/") {
			r.Header.Del("Range") // of what River has, not of what is sent
			handler.ServeHTTP(answer, r)
			answer.send(w, helped)
			return
		}
		if !limited(r) {
			w.Header().Set("Content-Type", "application/json")
			w.WriteHeader(http.StatusBadRequest)
			_, _ = fmt.Fprintf(w, `{"message": "limit: want a whole number from 1 to %d"}`, mostAtOnce) // an error means that the reader is gone
			return
		}
		if err := begin(r); err != nil {
			d.Fail(w, r, err)
			return
		}
		handler.ServeHTTP(answer, r)
		answer.send(w, redacted)
	}))
	return nil
}

// mostAtOnce is how many jobs or queues River lists at once.
const mostAtOnce = 1000

// limited reports whether River can work with the limit: it fails at 0.
func limited(r *http.Request) bool {
	for _, text := range r.URL.Query()["limit"] {
		if limit, err := strconv.Atoi(text); err != nil || limit < 1 || limit > mostAtOnce {
			return false
		}
	}
	return true
}

// begin writes what is changed to the audit.
func begin(r *http.Request) error {
	if r.Method == http.MethodGet || r.Method == http.MethodHead {
		return nil
	}
	subject := strings.TrimPrefix(r.URL.Path, prefix+"/api/")
	return guard.Begin(r.Context(), guard.Administer, "change-jobs", web.Plain(subject))
}

// answer is an answer that is looked through before it is sent.
type answer struct {
	header http.Header
	body   bytes.Buffer
	status int
}

// Header returns the header of the answer.
func (a *answer) Header() http.Header { return a.header }

// WriteHeader notes the status.
func (a *answer) WriteHeader(status int) { a.status = status }

// Write keeps what is written.
func (a *answer) Write(p []byte) (int, error) { return a.body.Write(p) }

// send sends the answer as a function makes it.
func (a *answer) send(w http.ResponseWriter, made func(header http.Header, body []byte) []byte) {
	body := made(a.header, a.body.Bytes())
	w.Header().Del("Content-Length")
	w.WriteHeader(a.status)
	_, _ = w.Write(body) // an error means that the reader is gone
}

// redacted is an answer without what is hidden. What is no JSON is not sent.
func redacted(_ http.Header, body []byte) []byte {
	if len(body) == 0 {
		return nil
	}
	decoder := json.NewDecoder(bytes.NewReader(body))
	decoder.UseNumber()
	var content any
	err := decoder.Decode(&content)
	if err == nil {
		body, err = json.Marshal(hidden(content))
	}
	if err != nil {
		return []byte(`{}`)
	}
	return body
}

// hidden replaces arguments, errors and notes of jobs, wherever they are.
func hidden(content any) any {
	switch content := content.(type) {
	case []any:
		for i, one := range content {
			content[i] = hidden(one)
		}
	case map[string]any:
		for name, value := range content {
			content[name] = replaced(name, value)
		}
	}
	return content
}

func replaced(name string, value any) any {
	switch name {
	case "args":
		return "{}"
	case "metadata", "output":
		return map[string]any{}
	case "error", "trace":
		if _, isText := value.(string); isText {
			return "hidden: see the log"
		}
	}
	return hidden(value)
}
