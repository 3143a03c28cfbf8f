package web

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/profilesync/profilesync/cmd/profilesync/console/page"
	"github.com/profilesync/profilesync/cmd/profilesync/guard"
	"github.com/profilesync/profilesync/cmd/profilesync/login"
)

// Route is a page at an address, with what its forms do.
type Route struct {
	Path  string // a pattern of http.ServeMux, without the method
	Verb  guard.Verb
	Show  func(r *http.Request) (page.Page, error)
	Deeds []Deed
	// Upload is how many bytes its forms may send; 0 for 1 MiB. Above that, whoever may do
	// none of its deeds is refused before anything is read.
	Upload int64
	// Within is how long it may take to show it, or to do one of its deeds, which then end;
	// 0 is as long as the server gives every answer, and uploadTime where there is an Upload.
	Within time.Duration
}

// Long is for routes that plan, or ask sinks or the register about several profiles.
const Long = 5 * time.Minute

// sayTime is how long it may take to say that something took too long.
const sayTime = 5 * time.Second

// within gives a request the time of its route, and ends what it does in time to say so.
func within[T any](route Route, do func(*http.Request) (T, error)) func(*http.Request) (T, error) {
	if route.Within == 0 || do == nil {
		return do
	}
	return func(r *http.Request) (made T, err error) {
		ctx, cancel := context.WithTimeout(r.Context(), route.Within)
		defer cancel()
		if err := guard.AllowTime(ctx, route.Within+sayTime); err != nil {
			return made, err
		}
		made, err = do(r.WithContext(ctx))
		if err != nil && errors.Is(ctx.Err(), context.DeadlineExceeded) {
			err = tooLongError{route.Within}
		}
		return made, err
	}
}

// Deed is what a form does: that whose field or button "do" has its name.
type Deed struct {
	Name      string
	Verb      guard.Verb
	Operation string // for the audit
	// Subject says of what, by ids only; nil for nothing.
	Subject func(r *http.Request) string
	// Do does it, and returns the address to go on to.
	Do func(r *http.Request) (to string, err error)
	// Answer does it instead of Do, and returns a page that is shown once, such as one with a
	// secret or with names of people: it is not kept, and reloading does not show it again.
	Answer func(r *http.Request) (page.Page, error)
}

// OfPath is the subject that a part of the address names.
func OfPath(name string) func(*http.Request) string {
	return func(r *http.Request) string { return r.PathValue(name) }
}

// May reports whether whoever asks may use the verb.
func May(ctx context.Context, verb guard.Verb) bool { return guard.Allow(ctx, verb) == nil }

// Serve serves a route.
func (d *Desk) Serve(route Route) {
	d.routes = append(d.routes, route)
	d.mux.HandleFunc("GET "+route.Path, func(w http.ResponseWriter, r *http.Request) { d.show(w, r, route) })
	if len(route.Deeds) > 0 {
		d.mux.HandleFunc("POST "+route.Path, func(w http.ResponseWriter, r *http.Request) { d.do(w, r, route) })
	}
}

func (d *Desk) show(w http.ResponseWriter, r *http.Request, route Route) {
	if _, known := guard.From(r.Context()); !known {
		login.Redirect(w, r)
		return
	}
	err := guard.Allow(r.Context(), route.Verb)
	var p page.Page
	if err == nil {
		p, err = within(route, route.Show)(r)
	}
	if err != nil {
		d.Fail(w, r, err)
		return
	}
	d.write(w, r, http.StatusOK, p)
}

// inMemory is how much of an upload is kept in memory; the rest is in files until the
// request has been answered.
const inMemory = 1 << 20

// uploadTime is how long a file may take to arrive, and then what is done with it: no deed
// takes longer.
const uploadTime = 10 * time.Minute

// readForm reads what was sent, and returns what removes its files.
func readForm(r *http.Request, route Route) (done func(), err error) {
	if route.Upload == 0 {
		return func() {}, r.ParseForm()
	}
	if err := errors.Join(guard.AllowBody(r.Context(), route.Upload), guard.AllowTime(r.Context(), uploadTime)); err != nil {
		return nil, err
	}
	if err := r.ParseMultipartForm(inMemory); err != nil && !errors.Is(err, http.ErrNotMultipart) {
		return nil, err
	}
	return func() {
		if r.MultipartForm != nil {
			_ = r.MultipartForm.RemoveAll() // temporary files
		}
	}, nil
}

// mayDo finds the deed that was asked for, among those that the caller may do.
func mayDo(r *http.Request, route Route) (Deed, error) {
	for _, deed := range route.Deeds {
		if deed.Name == r.PostFormValue("do") {
			return deed, nil
		}
	}
	return Deed{}, errNoDeed
}

func (d *Desk) do(w http.ResponseWriter, r *http.Request, route Route) {
	caller, known := guard.From(r.Context())
	if !known {
		d.signInFirst(w, r)
		return
	}
	if route.Upload > 0 && !mayAny(r.Context(), route.Deeds) {
		d.Fail(w, r, guard.ErrForbidden)
		return
	}
	done, err := readForm(r, route)
	if err != nil {
		d.Fail(w, r, unreadable(err))
		return
	}
	defer done()
	deed, err := mayDo(r, route)
	if err != nil {
		d.Fail(w, r, err)
		return
	}
	deed.Do, deed.Answer = within(route, deed.Do), within(route, deed.Answer)
	d.once(w, r, caller, route, deed)
}

// signInFirst answers a form of somebody whose session has ended. It is a page, since a form
// may not lead to the identity provider's host (Content-Security-Policy).
func (d *Desk) signInFirst(w http.ResponseWriter, r *http.Request) {
	to := login.SignInPath + "?" + url.Values{"to": {r.URL.Path}}.Encode()
	d.write(w, r, http.StatusUnauthorized, page.Page{Title: "You are not signed in", Blocks: []page.Block{
		page.Text{"Your session has ended, and nothing was done. Sign in, and send the form again."}, page.Links{{Text: "Sign in", To: to}},
	}})
}

func mayAny(ctx context.Context, deeds []Deed) bool {
	for _, deed := range deeds {
		if May(ctx, deed.Verb) {
			return true
		}
	}
	return false
}

// longest is how long a subject may be.
const longest = 200

// plain is what ids look like, one or several.
var plain = regexp.MustCompile(`^[A-Za-z0-9_.,/-]{0,200}$`)

// Plain is a subject for the audit: ids, and no other text that a caller sends.
func Plain(subject string) string {
	if plain.MatchString(subject) {
		return subject
	}
	return "?"
}

// Several is the subject of a form that names several things: as many of them as there is
// room for, each whole, and how many more there are.
func Several(names []string) string {
	whole := strings.Join(names, ",")
	if len(whole) <= longest {
		return whole
	}
	n, room := 0, longest-len("and-1000000-more")
	for ; n < len(names) && room > len(names[n]); n++ {
		room -= len(names[n]) + len(",")
	}
	return strings.Join(append(names[:n:n], "and-"+strconv.Itoa(len(names)-n)+"-more"), ",")
}

// perform does a deed, with the audit. A page that it returns is shown.
func perform(r *http.Request, deed Deed) (to string, shown *page.Page, err error) {
	subject := ""
	if deed.Subject != nil {
		subject = Plain(deed.Subject(r))
	}
	if err := guard.Begin(r.Context(), deed.Verb, deed.Operation, subject); err != nil {
		return "", nil, err
	}
	if deed.Answer != nil {
		p, err := deed.Answer(r)
		return "", &p, err
	}
	to, err = deed.Do(r)
	return to, nil, err
}

// refused shows the page of a form again, with what is wrong.
func (d *Desk) refused(w http.ResponseWriter, r *http.Request, route Route, why error) {
	status := statusOf(why)
	if !again(why) || !May(r.Context(), route.Verb) {
		d.Fail(w, r, why)
		return
	}
	p, err := within(route, route.Show)(r)
	if err != nil {
		d.Fail(w, r, why)
		return
	}
	p.Errors = append(p.Errors, fieldErrors(why)...)
	d.write(w, r, status, p)
}

// Guarded serves something that is no page of this layout, to who may use the verb.
func (d *Desk) Guarded(verb guard.Verb, next http.HandlerFunc) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if _, known := guard.From(r.Context()); !known {
			login.Redirect(w, r)
			return
		}
		if err := guard.Allow(r.Context(), verb); err != nil {
			d.Fail(w, r, err)
			return
		}
		next(w, r)
	})
}
