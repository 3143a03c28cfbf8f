// Package console is what people use in a browser: pages that are made here, and that work
// without a script. It serves everything outside of /api/ on the API's listener, behind the
// guard, which says who asks.
//
//	guard ─▶ Handler ─▶ web (routes, deeds, errors) ─▶ a room ─▶ actions
//	                                     │               │
//	                                     └───────────────┴──▶ page (layout, components)
//
//	page/           how it looks
//	web/            pages and deeds over HTTP
//	words/          how things are said
//	casepages/      what waits, and cases
//	runpages/       runs, decisions, undo, one-off reconciliations
//	profilepages/   profiles
//	statepages/     now, pushes, drift
//	closurepages/   places that have closed in reality
//	qualitypages/   quality findings, and records to look at
//	peoplepages/    inactive accounts, reminders, letters
//	officepages/    accounts, reports, listings, tokens
//	jobpages/       River's own pages of jobs
package console

import (
	"context"
	"log/slog"
	"net/http"
	"strings"

	"github.com/profilesync/profilesync/cmd/profilesync/actions"
	"github.com/profilesync/profilesync/cmd/profilesync/console/casepages"
	"github.com/profilesync/profilesync/cmd/profilesync/console/closurepages"
	"github.com/profilesync/profilesync/cmd/profilesync/console/jobpages"
	"github.com/profilesync/profilesync/cmd/profilesync/console/officepages"
	"github.com/profilesync/profilesync/cmd/profilesync/console/page"
	"github.com/profilesync/profilesync/cmd/profilesync/console/peoplepages"
	"github.com/profilesync/profilesync/cmd/profilesync/console/profilepages"
	"github.com/profilesync/profilesync/cmd/profilesync/console/qualitypages"
	"github.com/profilesync/profilesync/cmd/profilesync/console/runpages"
	"github.com/profilesync/profilesync/cmd/profilesync/console/statepages"
	"github.com/profilesync/profilesync/cmd/profilesync/console/web"
	"github.com/profilesync/profilesync/cmd/profilesync/login"
	"github.com/profilesync/profilesync/jobs/queue"
)

// Options are what the console works with.
type Options struct {
	Actions *actions.Actions // its database is open
	Keys    web.Keys
	// Queue is for the pages of jobs; nil leaves them out.
	Queue *queue.Client
	Log   *slog.Logger
}

// Handler serves the console. What it reads by itself it reads until ctx ends.
func Handler(ctx context.Context, o Options) (http.Handler, error) {
	d := Pages(o)
	d.Handle("GET /assets/", assets())
	if o.Queue == nil {
		return d, nil
	}
	return d, jobpages.Add(ctx, d, o.Queue, o.Log)
}

// Pages are the pages of the console itself.
func Pages(o Options) *web.Desk {
	d := web.NewDesk(o.Keys, o.Log)
	casepages.Add(d, o.Actions)
	runpages.Add(d, o.Actions)
	profilepages.Add(d, o.Actions)
	statepages.Add(d, o.Actions)
	closurepages.Add(d, o.Actions)
	qualitypages.Add(d, o.Actions)
	peoplepages.Add(d, o.Actions)
	officepages.Add(d, o.Actions)
	return d
}

// assets serves the files of pages, to anybody: they hold nothing but how pages look. Their
// addresses change when they do.
func assets() http.Handler {
	files := http.StripPrefix("/assets/", http.FileServerFS(page.Assets()))
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if strings.HasSuffix(r.URL.Path, "/") { // nobody needs a list of them
			http.NotFound(w, r)
			return
		}
		w.Header().Set("Cache-Control", "public, max-age=31536000, immutable")
		files.ServeHTTP(w, r)
	})
}

// ProblemPage answers with what people read when the guard refuses something.
func ProblemPage(w http.ResponseWriter, r *http.Request, status int, detail string) {
	web.Problem(w, r, status, detail)
}

// SignInPage answers with what people read when signing in does not work, or is over.
func SignInPage(w http.ResponseWriter, _ *http.Request, m login.Message) {
	p := page.Page{Title: m.Title, Next: m.Next, Blocks: []page.Block{page.Text{m.Text}}}
	if m.Reference != "" {
		p.Add(page.Text{"If you ask for help, quote this reference: " + m.Reference})
	}
	switch {
	case m.Next != "":
		p.Add(page.Links{{Text: "Go on", To: m.Next}})
	case m.Again:
		p.Add(page.Links{{Text: "Sign in", To: login.SignInPath}})
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.WriteHeader(m.Status)
	_ = page.Write(w, p) // an error means that the reader is gone
}
