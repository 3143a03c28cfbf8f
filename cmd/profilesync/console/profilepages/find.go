package profilepages

import (
	"net/http"
	"strings"

	"github.com/profilesync/profilesync/cmd/profilesync/console/page"
	"github.com/profilesync/profilesync/cmd/profilesync/console/words"
	"github.com/profilesync/profilesync/connectors/postgres"
)

const (
	mostFound = 50
	// leastLetters is how much of a name has to be given.
	leastLetters = 2
)

func (m room) find(r *http.Request) (page.Page, error) {
	text := strings.TrimSpace(r.URL.Query().Get("q"))
	if len(text) < leastLetters {
		return findPage(text, nil), nil
	}
	found, err := m.do.FindProfiles(r.Context(), text, mostFound+1)
	return findPage(text, found), err
}

func findPage(text string, found []postgres.FoundProfile) page.Page {
	p := page.Page{Title: "Profiles", Lead: "What the directory says of each organisation."}
	p.Add(page.Form{
		Action: "/profiles", Get: true, Inline: true,
		Fields:  []page.Field{{Kind: page.Search, Name: "q", Label: "Code, postcode or part of the name", Value: text, Width: 20}},
		Buttons: []page.Button{{Text: "Search"}},
	})
	if len(text) < leastLetters {
		return p
	}
	t := page.Table{
		Caption: "Found", Columns: page.Names("Code", "Name", "Postcode", "Type", "Status"),
		Empty: "No profile is found. Look for a code such as RR8, a postcode such as LS9 7TF, or a part of a name.",
	}
	for i, f := range found {
		if i == mostFound {
			t.More = page.Link{Text: "There are more: say more of the name"}
			break
		}
		t.Rows = append(t.Rows, page.Row{
			words.Profile(f.Code, ""), page.Say(f.Name), page.Say(f.Postcode), page.Say(f.Type.Words()), words.Status(f.Status),
		})
	}
	p.Add(t)
	return p
}
