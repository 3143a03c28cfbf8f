package profilepages

import (
	"cmp"
	"net/http"

	"github.com/profilesync/profilesync/cmd/internal/columns"
	"github.com/profilesync/profilesync/cmd/profilesync/actions"
	"github.com/profilesync/profilesync/cmd/profilesync/console/page"
	"github.com/profilesync/profilesync/cmd/profilesync/console/web"
	"github.com/profilesync/profilesync/cmd/profilesync/console/words"
	"github.com/profilesync/profilesync/cmd/profilesync/guard"
	"github.com/profilesync/profilesync/reconcile/profile"
	"github.com/profilesync/profilesync/reconcile/push"
)

// previewed is what the page of a push that would be sent shows.
type previewed struct {
	code  profile.ODSCode
	sinks []actions.PushPreview
	unset string // why no sink can be asked
	// What the reader may do.
	mayPush, mayOverwrite bool
}

func (m room) previewPush(r *http.Request) (page.Page, error) {
	code, err := codeOf(r)
	if err != nil {
		return page.Page{}, err
	}
	v := previewed{code: code, mayPush: web.May(r.Context(), guard.Reconcile)}
	v.mayOverwrite = v.mayPush && web.May(r.Context(), guard.Approve)
	if _, err := m.do.Profile(r.Context(), code); err != nil {
		return page.Page{}, err
	}
	v.sinks, err = m.do.PreviewPush(r.Context(), code, push.Sinks())
	if actions.KindOf(err) == actions.Unset {
		v.unset, err = err.Error(), nil
	}
	return v.page(), err
}

// wouldBecome says what would become of a push.
var wouldBecome = map[push.State]page.Cell{
	push.Wanted:   page.Tagged("would be sent", page.Blue),
	push.Accepted: {Text: "would not be sent", Tag: page.Green, Soft: "Exactly this was accepted before; pushing again sends it"},
	push.Refused:  page.Tagged("would be refused", page.Red),
	push.Waits:    page.Tagged("would wait for a person", page.Orange),
	push.Held:     page.Tagged("is held, and would not be sent", page.Yellow),
	push.NoRoute:  page.Tagged("not for this sink", page.Grey),
}

func (v previewed) page() page.Page {
	p := page.Page{
		Title: "Push of " + string(v.code), Back: page.Link{Text: string(v.code), To: address(v.code)},
		Lead: "What a push would change in each sink now, as the sinks show it. Nothing has been sent.",
	}
	if v.unset != "" {
		p.Add(page.Inset{Title: "Nothing can be asked", Text: words.Sentence(v.unset) + "."})
		return p
	}
	for _, s := range v.sinks {
		p.Add(sinkSection(s))
	}
	if v.mayPush {
		p.Add(page.Form{
			Action: "/pushes", Hidden: named(v.code, v.sinks),
			Buttons: []page.Button{{Text: "Push it again", Name: "do", Value: "retry", Kind: page.Secondary}},
		})
	}
	if waiting := v.waiting(); v.mayOverwrite && len(waiting) > 0 {
		p.Add(page.Section{ID: "overwrite", Title: "Overwrite", Blocks: []page.Block{
			page.Inset{
				Title: "This cannot be taken back", Warning: true,
				Text: "What waits for a person waits because it would overwrite in a sink what nobody has stated here. It is sent all the same, " +
					"and what was overwritten is kept in the history of the profile's pushes.",
			},
			page.Form{
				Action: "/pushes", Hidden: named(v.code, waiting),
				Buttons: []page.Button{{Text: "Push it, and overwrite", Name: "do", Value: "overwrite", Kind: page.Warning}},
			},
		}})
	}
	return p
}

// waiting are the pushes that would wait for a person.
func (v previewed) waiting() (some []actions.PushPreview) {
	for _, s := range v.sinks {
		if s.State == push.Waits {
			some = append(some, s)
		}
	}
	return some
}

// named names pushes as the boxes of the page of pushes do.
func named(code profile.ODSCode, sinks []actions.PushPreview) (names []page.Hidden) {
	for _, s := range sinks {
		names = append(names, page.Hidden{Name: "push", Value: string(code) + "/" + string(s.Sink)})
	}
	return names
}

func sinkSection(s actions.PushPreview) page.Section {
	state := wouldBecome[s.State]
	if s.Later {
		state = page.Tagged("would wait until the sink can be read", page.Orange)
	}
	state.Soft = words.Sentence(cmp.Or(s.Reason, state.Soft))
	t := page.Table{
		Caption: "Fields", Hidden: true, Empty: "No field would change.", Columns: page.Names("Field", "Is", "Will be", "Why"),
	}
	for _, row := range s.Rows {
		what := page.Cell{Text: cmp.Or(words.Field(row.Field), "all of it"), Soft: row.Entry}
		t.Rows = append(t.Rows, page.Row{
			what, {Text: columns.OneLine(row.Is), Old: true}, page.Say(columns.OneLine(row.WillBe)), page.Say(row.Why),
		})
	}
	summary := page.Summary{{Key: "A push", Value: state}}
	if s.Route != "" {
		summary = append(summary, page.SummaryRow{Key: "Route", Value: page.Say(words.Code(s.Route))})
	}
	return page.Section{ID: string(s.Sink), Title: words.Sink(s.Sink), Blocks: []page.Block{summary, t}}
}
