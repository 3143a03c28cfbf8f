package statepages

import (
	"context"
	"net/http"
	"net/url"
	"strings"

	"github.com/profilesync/profilesync/cmd/profilesync/actions"
	"github.com/profilesync/profilesync/cmd/profilesync/console/page"
	"github.com/profilesync/profilesync/cmd/profilesync/console/web"
	"github.com/profilesync/profilesync/cmd/profilesync/console/words"
	"github.com/profilesync/profilesync/connectors/postgres/pushstore"
	"github.com/profilesync/profilesync/reconcile/profile"
	"github.com/profilesync/profilesync/reconcile/push"
)

// pushOf is what a box says of which push it is: one of a profile to a sink.
func pushOf(code profile.ODSCode, sink push.Sink) string { return string(code) + "/" + string(sink) }

// again is what is pushed again: the codes for each sink.
type again map[push.Sink][]profile.ODSCode

// tickedPushes are the pushes that a form names.
func tickedPushes(r *http.Request) (again, error) {
	wanted := make(again)
	for _, text := range r.PostForm["push"] {
		code, of, _ := strings.Cut(text, "/")
		sink, err := push.ParseSink(of)
		if err != nil {
			return nil, web.WrongError{Text: err.Error()}
		}
		codes, err := parseCodes([]string{code})
		if err != nil {
			return nil, err
		}
		wanted[sink] = append(wanted[sink], codes...)
	}
	if len(wanted) == 0 {
		return nil, web.WrongError{Text: "tick what is pushed again"}
	}
	return wanted, nil
}

// pushAgain pushes what is ticked again, and shows how each push stands then.
func (m room) pushAgain(r *http.Request, overwrite bool) (page.Page, error) {
	wanted, err := tickedPushes(r)
	if err != nil {
		return page.Page{}, err
	}
	filter, _ := filterOf(r)
	a := asked{overwrite: overwrite, back: addressOf(filter)}
	if a.found, a.refused, err = m.each(r.Context(), wanted, overwrite); err != nil {
		return page.Page{}, err
	}
	return a.page(), nil
}

// each asks for the pushes to each sink in turn. What one sink does not know is said beside
// what was done for the other.
func (m room) each(ctx context.Context, wanted again, overwrite bool) (found []pushstore.ListedPush, refused []string, err error) {
	for _, sink := range push.Sinks() {
		if len(wanted[sink]) == 0 {
			continue
		}
		states, err := m.do.RetryPushes(
			ctx, actions.Retry{Codes: wanted[sink], Sinks: []push.Sink{sink}, Overwrite: overwrite}, 0,
		)
		switch {
		case err == nil:
			found = append(found, states...)
		case actions.KindOf(err) == actions.Missing:
			refused = append(refused, words.Sink(sink)+": "+err.Error())
		default:
			return nil, nil, err
		}
	}
	return found, refused, nil
}

// asked is what became of pushes that were asked for again.
type asked struct {
	found     []pushstore.ListedPush
	refused   []string
	overwrite bool
	back      string
}

func (a asked) page() page.Page {
	p := page.Page{
		Title: "What is pushed again", Back: page.Link{Text: "Pushes", To: a.back},
		Lead: "How each push stands now. The page of pushes shows what becomes of it.",
	}
	for _, text := range a.refused {
		p.Add(page.Inset{Title: "Not pushed", Text: text, Warning: true})
	}
	t := page.Table{
		Caption: "Pushes that were asked for", Hidden: true, Columns: page.Names("Code", "Sink", "State"), Empty: "No push was asked for.",
	}
	for _, f := range a.found {
		state := words.PushState(f.State)
		switch {
		case f.State == push.Held:
			state.Soft = "it is held, and is not sent before the hold ends"
		case f.State == push.Wanted && a.overwrite:
			state.Soft = "it may overwrite what nobody stated; that is recorded"
		case f.State == push.Wanted:
			state.Soft = "it waits for a person again if it would overwrite what nobody stated"
		}
		t.Rows = append(t.Rows, page.Row{words.Profile(f.Code, f.Name), {Text: words.Sink(f.Sink), Soft: words.Code(f.Route)}, state})
	}
	p.Add(t)
	return p
}

// addressOf is the address of the pushes that a filter finds.
func addressOf(f pushstore.PushFilter) string {
	query := make(url.Values)
	for name, value := range map[string]string{"state": string(f.State), "sink": string(f.Sink)} {
		if value != "" {
			query.Set(name, value)
		}
	}
	if len(query) == 0 {
		return "/pushes"
	}
	return "/pushes?" + query.Encode()
}

// subjectOf are the pushes of a form, for the audit.
func subjectOf(r *http.Request) string { return web.Several(r.PostForm["push"]) }

// subjectOfCodes are the codes that were typed into a form, for the audit.
func subjectOfCodes(r *http.Request) string { return web.Several(typedCodes(r)) }
