package api

import (
	"context"
	"log/slog"
	"net/http"
	"reflect"
	"slices"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humago"

	"github.com/profilesync/profilesync/cmd/profilesync/actions"
	"github.com/profilesync/profilesync/cmd/profilesync/actions/upkeep"
	"github.com/profilesync/profilesync/cmd/profilesync/api/office"
	"github.com/profilesync/profilesync/cmd/profilesync/api/operation"
	"github.com/profilesync/profilesync/cmd/profilesync/api/problem"
	"github.com/profilesync/profilesync/cmd/profilesync/guard"
	"github.com/profilesync/profilesync/reconcile/profile"
)

// Options are what the API works with.
type Options struct {
	Actions *actions.Actions // of the daemon, its database open
	// Begin writes to the audit that the caller begins an operation that needs more than
	// the verb read, or that they may not, and returns an error if it cannot be begun. The
	// subject is ids, as 17 or FA002/phone: no text of a caller, and nothing about people.
	// Whoever wraps the handler writes the outcome once the request is answered.
	Begin func(ctx context.Context, verb guard.Verb, operation, subject string) error
	// AllowBody lets the body of a request have that many bytes, where the guard would
	// allow less; nil allows nothing more.
	AllowBody func(ctx context.Context, bytes int64) error
	// ShowOnce has the answer to a request kept nowhere, although it may be repeated; nil
	// is for where none are kept.
	ShowOnce func(ctx context.Context)
	Log      *slog.Logger
	Version  string
	// Stopping ends when the daemon stops: streams of progress end then. Nil is never.
	Stopping context.Context //nolint:containedctx // of the program, not of a call
	// Look is how often a stream looks how far its run has come, and Alive how often it
	// sends something although nothing happens; 0 means half a second and 15 seconds.
	Look, Alive time.Duration
}

// Document is where the OpenAPI document is served, beside /api/openapi.yaml.
const Document = "/api/openapi.json"

// server is the handler of one daemon.
type server struct {
	Options

	set *operation.Set
	do  upkeep.Upkeep
}

// Handler serves the admin API under /api. It expects a guard before it that puts the
// principal into the context of each request.
func Handler(o Options) http.Handler {
	handler, _ := build(o)
	return handler
}

func build(o Options) (http.Handler, huma.API) {
	if o.Look == 0 {
		o.Look = 500 * time.Millisecond
	}
	if o.Alive == 0 {
		o.Alive = 15 * time.Second
	}
	if o.AllowBody == nil {
		o.AllowBody = func(context.Context, int64) error { return nil }
	}
	if o.ShowOnce == nil {
		o.ShowOnce = func(context.Context) {}
	}
	if o.Stopping == nil {
		o.Stopping = context.Background()
	}
	mux := http.NewServeMux()
	s := &server{
		Options: o, do: upkeep.Upkeep{Actions: o.Actions},
		set: &operation.Set{
			API: humago.New(mux, config(o.Version)), Begin: o.Begin, AllowBody: o.AllowBody, ShowOnce: o.ShowOnce, Log: o.Log,
		},
	}
	for _, add := range []func(){s.status, s.runs, s.plans, s.waiting, s.cases, s.profiles, s.pushes, s.quality, s.ers} {
		add()
	}
	office.Add(s.set, s.do)
	mux.HandleFunc("/", problem.NoSuchOperation(Document))
	return mux, s.set.API
}

// config has none of the pages that huma would serve from other hosts.
func config(version string) huma.Config {
	c := huma.DefaultConfig("profilesync", version)
	c.CreateHooks, c.DocsPath, c.SchemasPath, c.OpenAPIPath = nil, "", "", strings.TrimSuffix(Document, ".json")
	c.RejectUnknownQueryParameters = true
	registry := huma.NewMapRegistry("#/components/schemas/", nameOf)
	registry.RegisterTypeAlias(reflect.TypeFor[profile.Values](), reflect.TypeFor[map[string]string]())
	c.Components.Schemas = registry
	c.Info.Description = description
	c.Components.SecuritySchemes = map[string]*huma.SecurityScheme{
		"token": {Type: "http", Scheme: "bearer", Description: "A token of `profilesync tokens add`."},
		"session": {
			Type: "apiKey", In: "cookie", Name: "__Host-profilesync",
			Description: "The session of a person who has signed in. Without TLS, the cookie is called profilesync.",
		},
	}
	c.Security = []map[string][]string{{"token": {}}, {"session": {}}}
	return c
}

const description = `Everything that the commands of profilesync do.

Each operation names the verb that its caller needs. Days are Europe/London, as 2026-11-29. Lists come in pages: give
` + "`next`" + ` as ` + "`cursor`" + ` to read on. Errors are problems (RFC 9457): ` + "`detail`" + ` says what is wrong and what
to do, ` + "`errors`" + ` name the inputs that are wrong.

An operation that starts something needs a header Idempotency-Key: whoever gets no answer asks again with the same key,
and gets the answer to the first; what was asked for is done once.`

// nameOf names the schema of a type. Types of one name in several packages are told
// apart by their packages.
func nameOf(t reflect.Type, hint string) string {
	name := huma.DefaultSchemaNamer(t, hint)
	for t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	_, folder, ours := strings.Cut(t.PkgPath(), "profilesync/profilesync/")
	parts := strings.Split(folder, "/")
	last := strings.TrimSuffix(parts[len(parts)-1], "store")
	if !ours || slices.Contains([]string{"api", "office", "operation", "actions", "upkeep"}, last) || strings.Contains(t.Name(), "[") {
		return name
	}
	return strings.ToUpper(last[:1]) + last[1:] + name
}
