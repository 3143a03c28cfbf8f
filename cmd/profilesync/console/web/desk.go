package web

import (
	"bytes"
	"context"
	"crypto/rand"
	"log/slog"
	"net/http"
	"strings"

	"github.com/profilesync/profilesync/cmd/profilesync/console/page"
	"github.com/profilesync/profilesync/cmd/profilesync/guard"
	"github.com/profilesync/profilesync/connectors/postgres/accessstore"
)

// Keys keeps the tokens of forms that were sent, and where their answers led.
type Keys interface {
	BeginKey(ctx context.Context, principal, key string) (claimed bool, before accessstore.Answer, err error)
	AnswerKey(ctx context.Context, principal, key string, a accessstore.Answer) error
	ForgetKey(ctx context.Context, principal, key string, again bool) error
}

// Desk serves the pages of all rooms.
type Desk struct {
	Keys Keys
	Log  *slog.Logger
	// Done are the sentences that are shown once after a deed, by the value of the parameter
	// "done" of the address that it returns.
	Done map[string]string

	mux    *http.ServeMux
	routes []Route
}

// NewDesk returns a desk without pages.
func NewDesk(keys Keys, log *slog.Logger) *Desk {
	d := &Desk{Keys: keys, Log: log, Done: make(map[string]string), mux: http.NewServeMux()}
	d.mux.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) { d.Fail(w, r, errNoPage) })
	return d
}

// Handle serves something that is not a page.
func (d *Desk) Handle(pattern string, handler http.Handler) { d.mux.Handle(pattern, handler) }

// Routes are the pages that are served.
func (d *Desk) Routes() []Route { return d.routes }

// ServeHTTP answers a request.
func (d *Desk) ServeHTTP(w http.ResponseWriter, r *http.Request) { d.mux.ServeHTTP(w, r) }

// entry is one entry of the navigation.
type entry struct {
	page.Link

	verb guard.Verb
}

var entries = []entry{
	{page.Link{Text: "What waits", To: "/"}, guard.Read},
	{page.Link{Text: "Now", To: "/now"}, guard.Read},
	{page.Link{Text: "Runs", To: "/runs"}, guard.Read},
	{page.Link{Text: "Reconcile", To: "/reconcile"}, guard.Reconcile},
	{page.Link{Text: "Profiles", To: "/profiles"}, guard.Read},
	{page.Link{Text: "Closures", To: "/closures"}, guard.Read},
	{page.Link{Text: "Pushes", To: "/pushes"}, guard.Read},
	{page.Link{Text: "Drift", To: "/drift"}, guard.Read},
	{page.Link{Text: "Quality findings", To: "/checks"}, guard.Read},
	{page.Link{Text: "Records", To: "/records"}, guard.Read},
	{page.Link{Text: "Accounts", To: "/accounts"}, guard.Read},
	{page.Link{Text: "Reports", To: "/reports"}, guard.Read},
	{page.Link{Text: "Listings", To: "/listings"}, guard.Read},
	{page.Link{Text: "Tokens", To: "/tokens"}, guard.Administer},
	{page.Link{Text: "What people did", To: "/actions"}, guard.Administer},
	{page.Link{Text: "Jobs", To: "/jobs/"}, guard.Administer},
}

// framed is a page with what is around it for whoever asks.
func (d *Desk) framed(r *http.Request, p page.Page) page.Page {
	caller, known := guard.From(r.Context())
	if known {
		p.Viewer = page.Viewer{Name: caller.Name, SignOut: caller.Person}
		for _, e := range entries {
			if caller.May(e.verb) {
				p.Nav = append(p.Nav, e.Link)
			}
		}
	}
	first, _, _ := strings.Cut(strings.TrimPrefix(r.URL.Path, "/"), "/")
	p.Section = "/" + first
	p.Unlink()
	p.EachForm(func(f page.Form) page.Form {
		if !f.Get {
			f.Once = rand.Text()
		}
		return f.Marked(&p)
	})
	return p
}

// write answers with a page.
func (d *Desk) write(w http.ResponseWriter, r *http.Request, status int, p page.Page) {
	if p.Notice == "" {
		p.Notice = d.Done[saidOnce(w, r)]
	}
	var out bytes.Buffer
	if err := page.Write(&out, d.framed(r, p)); err != nil {
		d.Log.ErrorContext(r.Context(), "a page cannot be written", "request", guard.RequestID(r.Context()), "error", err)
		http.Error(w, "this page cannot be shown", http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.WriteHeader(status)
	_, _ = out.WriteTo(w) // an error means that the reader is gone
}
