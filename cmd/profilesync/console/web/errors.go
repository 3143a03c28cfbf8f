package web

import (
	"cmp"
	"context"
	"errors"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/profilesync/profilesync/cmd/profilesync/actions"
	"github.com/profilesync/profilesync/cmd/profilesync/console/page"
	"github.com/profilesync/profilesync/cmd/profilesync/console/words"
	"github.com/profilesync/profilesync/cmd/profilesync/guard"
	"github.com/profilesync/profilesync/connectors/postgres"
)

// WrongError is what is wrong with one field of a form.
type WrongError struct{ Field, Text string }

func (w WrongError) Error() string { return w.Text }

// WrongErrors is what is wrong with a form.
type WrongErrors []WrongError

func (w WrongErrors) Error() string {
	texts := make([]string, len(w))
	for i, one := range w {
		texts[i] = one.Text
	}
	return strings.Join(texts, "; ")
}

// ErrNone is that there is no such thing.
func ErrNone(text string) error { return &actions.Error{Kind: actions.Missing, Text: text} }

var (
	errNoPage        = ErrNone("there is no page at this address")
	errNoDeed        = WrongError{Text: "this form asks for something that the page does not do"}
	errNoToken       = WrongError{Text: "this form came without its token: go back, reload the page, and send it again"}
	errShownOnce     = &actions.Error{Kind: actions.Conflict, Text: "this was done, and its answer is shown only once"}
	errSentOtherwise = &actions.Error{
		Kind: actions.Conflict,
		Text: "this form was sent before with other contents, and only that was done: reload its page to see how things stand now",
	}
	errSentBefore = &actions.Error{
		Kind: actions.Conflict, Text: "this form was sent before, and nobody knows yet what became of it: look first whether it is done",
	}
)

// unreadable is that a form could not be read.
func unreadable(err error) error {
	if errors.As(err, new(*http.MaxBytesError)) {
		return tooLargeError{}
	}
	return WrongError{Text: "the form could not be read"}
}

type tooLargeError struct{}

func (tooLargeError) Error() string { return "what was sent is too large" }

// tooLongError means that something was stopped when its time was over.
type tooLongError struct{ within time.Duration }

func (e tooLongError) Error() string {
	return "it took longer than " + strconv.Itoa(int(e.within.Minutes())) + " minutes and was stopped: look first what of it is done"
}

// statusOf is the HTTP status that says an error.
func statusOf(err error) int {
	if status := guard.StatusOf(err); status != 0 {
		return status
	}
	if errors.As(err, new(tooLargeError)) {
		return http.StatusRequestEntityTooLarge
	}
	if errors.As(err, new(tooLongError)) {
		return http.StatusServiceUnavailable
	}
	if errors.As(err, new(WrongError)) || errors.As(err, new(WrongErrors)) || errors.Is(err, postgres.ErrNoText) {
		return http.StatusUnprocessableEntity
	}
	return statusOfKind(actions.KindOf(err))
}

func statusOfKind(kind actions.Kind) int {
	switch kind {
	case actions.Invalid:
		return http.StatusUnprocessableEntity
	case actions.Missing:
		return http.StatusNotFound
	case actions.Conflict, actions.Unset:
		return http.StatusConflict
	case actions.Forbidden:
		return http.StatusForbidden
	case actions.Busy:
		return http.StatusServiceUnavailable
	default:
		return http.StatusInternalServerError
	}
}

// again reports whether nothing was done, and the form is shown again with what is wrong.
func again(err error) bool {
	return guard.StatusOf(err) == 0 && (statusOf(err) < http.StatusInternalServerError || actions.KindOf(err) == actions.Busy)
}

// fieldErrors is what is wrong, field by field.
func fieldErrors(err error) []page.FieldError {
	if all, ok := errors.AsType[WrongErrors](err); ok {
		list := make([]page.FieldError, len(all))
		for i, one := range all {
			list[i] = page.FieldError{Field: one.Field, Text: Sentence(words.NoCommands(one.Text))}
		}
		return list
	}
	if one, ok := errors.AsType[WrongError](err); ok {
		return []page.FieldError{{Field: one.Field, Text: Sentence(words.NoCommands(one.Text))}}
	}
	if errors.Is(err, postgres.ErrNoText) {
		return []page.FieldError{{Text: Sentence(postgres.ErrNoText.Error())}}
	}
	field := ""
	if own, ok := errors.AsType[*actions.Error](err); ok {
		field = own.Field
	}
	return []page.FieldError{{Field: field, Text: Sentence(words.NoCommands(err.Error()))}}
}

// Sentence is a text that begins with a capital letter, unless it begins with a name, such
// as that of a file.
func Sentence(text string) string {
	first, _, _ := strings.Cut(text, " ")
	first = strings.TrimRight(first, ",:;")
	if first == "" || strings.ContainsFunc(first, func(c rune) bool { return c < 'a' || c > 'z' }) {
		return text
	}
	return strings.ToUpper(text[:1]) + text[1:]
}

// titles are the titles of error pages.
var titles = map[int]string{
	http.StatusForbidden:             "You may not do this",
	http.StatusNotFound:              "Not found",
	http.StatusConflict:              "Not as things stand now",
	http.StatusUnprocessableEntity:   "This does not work",
	http.StatusRequestEntityTooLarge: "Too large",
	http.StatusServiceUnavailable:    "Not at the moment",
}

// failed is what people read when something went wrong here.
const failed = "Something went wrong here, and it has been written to the log. Try again in a moment."

// Fail answers with a page that says what is wrong.
func (d *Desk) Fail(w http.ResponseWriter, r *http.Request, err error) {
	ctx, status := r.Context(), statusOf(err)
	text := Sentence(words.NoCommands(err.Error()))
	if errors.Is(err, postgres.ErrNoText) {
		text = Sentence(postgres.ErrNoText.Error())
	}
	switch {
	case status == http.StatusInternalServerError && errors.Is(ctx.Err(), context.Canceled):
		return // the reader is gone
	case status == http.StatusInternalServerError:
		d.Log.ErrorContext(ctx, "a page failed", "request", guard.RequestID(ctx), "path", Plain(r.URL.Path), "error", err)
		text = failed
	case status == http.StatusForbidden && errors.Is(err, guard.ErrForbidden):
		text = "Your role does not allow it. Whoever administers this service can give you one that does."
	}
	d.Message(w, r, status, cmp.Or(titles[status], "Something went wrong"), text)
}

// Problem answers with a page for what is refused before any page is reached.
func Problem(w http.ResponseWriter, r *http.Request, status int, detail string) {
	p := page.Page{
		Title: cmp.Or(titles[status], http.StatusText(status)),
		Blocks: []page.Block{
			page.Text{Sentence(words.NoCommands(detail)) + ".", "If you ask for help, quote this reference: " + guard.RequestID(r.Context())},
		},
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.WriteHeader(status)
	_ = page.Write(w, p) // an error means that the reader is gone
}

// Message answers with a page of one paragraph, and the reference of the request.
func (d *Desk) Message(w http.ResponseWriter, r *http.Request, status int, title, text string) {
	p := page.Page{Title: title, Blocks: []page.Block{page.Text{text}}}
	if status >= http.StatusBadRequest {
		if id := guard.RequestID(r.Context()); id != "" {
			p.Add(page.Text{"If you ask for help, quote this reference: " + id})
		}
	}
	if _, known := guard.From(r.Context()); known && status != http.StatusForbidden {
		p.Add(page.Links{{Text: "Go to what waits", To: "/"}})
	}
	d.write(w, r, status, p)
}
