package login

import (
	"html/template"
	"net/http"

	"github.com/profilesync/profilesync/cmd/profilesync/guard"
)

// Message is what people read when signing in does not work, or is over.
type Message struct {
	Status    int    // HTTP
	Title     string // what happened
	Text      string // what to do
	Reference string // to quote: the id of the request; empty if there is nothing to ask about
	Again     bool   // whether signing in again makes sense
	Next      string // an address where the browser goes on by itself; empty for none
}

var page = template.Must(template.New("page").Parse(`<!DOCTYPE html>
<html lang="en-GB">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{{.Title}}</title>
{{with .Next}}<meta http-equiv="refresh" content="0; url={{.}}">{{end}}
</head>
<body>
<main>
<h1>{{.Title}}</h1>
<p>{{.Text}}</p>
{{with .Next}}<p><a href="{{.}}">Go on</a></p>{{end}}
{{if .Again}}<p><a href="/sign-in">Sign in</a></p>{{end}}
{{with .Reference}}<p>If you ask for help, quote this reference: {{.}}</p>{{end}}
</main>
</body>
</html>
`))

// plainPage is a page without any style.
func plainPage(w http.ResponseWriter, _ *http.Request, m Message) {
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.WriteHeader(m.Status)
	_ = page.Execute(w, m) // an error means that the reader is gone
}

// refuse tells a person that signing in did not work, and the log why.
func (l *Login) refuse(w http.ResponseWriter, r *http.Request, m Message, why error) {
	m.Reference = guard.RequestID(r.Context())
	l.Log.WarnContext(r.Context(), "signing in failed", "request", m.Reference, "reason", why)
	l.Page(w, r, m)
}
