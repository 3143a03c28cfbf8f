package officepages

import (
	"errors"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/profilesync/profilesync/cmd/profilesync/console/page"
	"github.com/profilesync/profilesync/cmd/profilesync/console/web"
	"github.com/profilesync/profilesync/cmd/profilesync/console/words"
	"github.com/profilesync/profilesync/cmd/profilesync/guard"
	"github.com/profilesync/profilesync/connectors/postgres"
	"github.com/profilesync/profilesync/connectors/postgres/accessstore"
	"github.com/profilesync/profilesync/reconcile/profile"
)

func ofName(r *http.Request) string {
	if name := r.PostFormValue("name"); accessstore.IsTokenName(name) {
		return name
	}
	return ""
}

// wanted is what a form for a token says.
type wanted struct {
	name, until string
	verbs       []string
}

func (m room) tokenList(r *http.Request) (page.Page, error) {
	everything := r.URL.Query().Get("all") != ""
	found, err := m.tokens.Tokens(r.Context(), everything)
	w := wanted{r.PostFormValue("name"), r.PostFormValue("until"), r.PostForm["verbs"]}
	if r.PostFormValue("do") == "revoke" {
		w = wanted{}
	}
	return tokensPage(tokensAfter(found, r.URL.Query().Get("after")), w, everything), err
}

// verbWords say what a verb allows.
var verbWords = map[guard.Verb]string{
	guard.Read:       "See everything except the names of people",
	guard.Reconcile:  "Plan and start reconciliations, push again",
	guard.Approve:    "Decide on what waits, undo, hold",
	guard.Administer: "Stop letters, repair listings, keep tokens",
	guard.People:     "See the names and addresses of people",
}

// mostTokens is how many tokens a page lists.
const mostTokens = 100

// tokensAfter are the tokens whose names come after one, of a list by name.
func tokensAfter(found []accessstore.Token, name string) []accessstore.Token {
	return slices.DeleteFunc(found, func(t accessstore.Token) bool { return t.Name <= name })
}

const tokensLead = "With which machines use the API. People sign in."

// newTokenPage shows a new token once.
func newTokenPage(w wanted, token string) page.Page {
	p := page.Page{Title: "Tokens", Lead: tokensLead, Notice: "The token " + w.name + " was made."}
	p.Add(page.Inset{
		Title: "This is shown once: keep it where only " + w.name + " reads it", Warning: true,
		Text: "It is sent in the header Authorization, as Bearer and the token.",
	},
		page.Summary{{Key: "Token", Value: page.Cell{Text: token, Code: true}}},
		page.Links{{Text: "Done: go on to the tokens", To: "/tokens"}})
	return p
}

// tokensPage shows the first tokens of those that were found, everything or what is not revoked, and leads to the others.
func tokensPage(found []accessstore.Token, w wanted, everything bool) page.Page {
	p := page.Page{Title: "Tokens", Lead: tokensLead}
	t := page.Table{
		Caption: "Tokens", Hidden: true, Columns: page.Names("Name", "What it may do", "State", "Made", "Last used", "Revoke"),
		Empty: "There is no token yet.",
	}
	for i, one := range found {
		if i >= mostTokens && one.Name != found[i-1].Name { //nolint:gosec // as above
			query := url.Values{"after": {found[i-1].Name}} //nolint:gosec // i is the maximum
			if everything {
				query.Set("all", "1")
			}
			t.More = page.Link{Text: "More tokens", To: "/tokens?" + query.Encode()}
			break
		}
		row := page.Row{
			page.Say(one.Name), page.Say(strings.Join(one.Verbs, ", ")), tokenState(one),
			{Text: words.Moment(one.Created).Text, Soft: "by " + one.CreatedBy},
			page.Say(words.Day(one.LastUsed)), page.Say(""),
		}
		if one.Valid {
			row[5] = page.Cell{Form: &page.Form{
				Action: "/tokens", Hidden: []page.Hidden{{Name: "do", Value: "revoke"}, {Name: "name", Value: one.Name}},
				Buttons: []page.Button{{Text: "Revoke", Hidden: " " + one.Name, Kind: page.Warning}},
			}}
		}
		t.Rows = append(t.Rows, row)
	}
	p.Add(t)
	if !everything {
		p.Add(page.Links{{Text: "Those that are revoked, too", To: "/tokens?all=1"}})
	}
	p.Add(addForm(w))
	return p
}

func tokenState(t accessstore.Token) page.Cell {
	switch {
	case t.RevokedBy != "":
		return page.Cell{Text: "revoked", Tag: page.Grey, Soft: "by " + t.RevokedBy}
	case !t.Valid:
		return page.Tagged("expired", page.Grey)
	case t.Expires.IsZero():
		return page.Tagged("valid", page.Green)
	default:
		return page.Cell{
			Text: "valid", Tag: page.Green, Soft: "until " + words.Day(profile.DateIn(t.Expires.Add(-time.Nanosecond), profile.London())),
		}
	}
}

func addForm(w wanted) page.Section {
	var verbs []page.Option
	for _, verb := range guard.Verbs() {
		verbs = append(verbs, page.Option{
			Value: string(verb), Label: words.Sentence(string(verb)), Hint: verbWords[verb], Chosen: slices.Contains(w.verbs, string(verb)),
		})
	}
	return page.Section{ID: "add", Title: "Make a token", Blocks: []page.Block{page.Form{
		Action: "/tokens", Hidden: []page.Hidden{{Name: "do", Value: "add"}}, Fields: []page.Field{
			{
				Kind: page.OneLine, Name: "name", Label: "Name", Hint: "What the machine is called: small letters, digits and . _ -",
				Value: w.name, Width: 20, Most: 63,
			},
			{Kind: page.SomeOf, Name: "verbs", Label: "What it may do", Options: verbs},
			{
				Kind: page.Day, Name: "until", Label: "Last day on which it is accepted", Hint: "Empty: until it is revoked", Value: w.until,
				Unasked: true,
			},
		},
		Buttons: []page.Button{{Text: "Make the token"}},
	}}}
}

func (m room) addToken(r *http.Request) (page.Page, error) {
	w, wrong := wanted{r.PostFormValue("name"), r.PostFormValue("until"), r.PostForm["verbs"]}, web.WrongErrors(nil)
	if !accessstore.IsTokenName(w.name) {
		wrong = append(wrong, web.WrongError{Field: "name", Text: "give a name of up to 63 small letters, digits and . _ -"})
	}
	verbs, err := guard.ParseVerbs(strings.Join(w.verbs, ","))
	if err != nil {
		wrong = append(wrong, web.WrongError{Field: "verbs", Text: "say what it may do"})
	}
	expires, err := m.expires(w.until)
	if err != nil {
		wrong = append(wrong, web.WrongError{Field: "until", Text: "give a day that has not passed, as 2026-12-31"})
	}
	if len(wrong) > 0 {
		return page.Page{}, wrong
	}
	token, hash := guard.NewToken()
	err = m.tokens.AddToken(r.Context(), w.name, hash, postgres.Texts(verbs), expires, guard.By(r.Context()))
	if lacked, ok := errors.AsType[accessstore.LackedError](err); ok {
		text := "you may not " + strings.Join(lacked.Verbs, " or ") + " yourself: leave it out"
		return page.Page{}, web.WrongErrors{{Field: "verbs", Text: text}}
	}
	if err != nil {
		return page.Page{}, err
	}
	return newTokenPage(w, token), nil
}

var errPassed = web.WrongError{Field: "until", Text: "that day has passed"}

// expires is the end of the last day; zero for no end.
func (m room) expires(until string) (time.Time, error) {
	if until == "" {
		return time.Time{}, nil
	}
	last, err := profile.ParseDate(until)
	if err != nil {
		return time.Time{}, err
	}
	if last.Before(m.do.App.Today()) {
		return time.Time{}, errPassed
	}
	end := last.AddDays(1).Time()
	return time.Date(end.Year(), end.Month(), end.Day(), 0, 0, 0, 0, profile.London()), nil
}

func (m room) revoke(r *http.Request) (string, error) {
	return "/tokens?done=revoked", m.tokens.RevokeToken(r.Context(), r.PostFormValue("name"), guard.By(r.Context()))
}
