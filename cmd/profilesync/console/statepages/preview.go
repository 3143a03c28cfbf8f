package statepages

import (
	"net/http"

	"github.com/profilesync/profilesync/cmd/profilesync/actions"
	"github.com/profilesync/profilesync/cmd/profilesync/console/page"
	"github.com/profilesync/profilesync/cmd/profilesync/console/web"
	"github.com/profilesync/profilesync/cmd/profilesync/console/words"
	"github.com/profilesync/profilesync/cmd/profilesync/guard"
	"github.com/profilesync/profilesync/reconcile/profile"
	"github.com/profilesync/profilesync/reconcile/push"
)

// previewed is what the page of one push shows.
type previewed struct {
	code    profile.ODSCode
	sink    push.Sink
	shown   []actions.PushPreview
	buttons []page.Button
}

func (m room) preview(r *http.Request) (page.Page, error) {
	code, err := profile.ParseODSCode(r.PathValue("code"))
	if err != nil {
		return page.Page{}, web.ErrNone("there is no push of this code")
	}
	sink, err := push.ParseSink(r.PathValue("sink"))
	if err != nil {
		return page.Page{}, web.ErrNone("there is no such sink")
	}
	l := previewed{code: code, sink: sink, buttons: retryButtons(r, "Push it again")}
	if l.shown, err = m.do.PreviewPush(r.Context(), code, []push.Sink{sink}); err != nil {
		return page.Page{}, err
	}
	return l.page(), nil
}

// retryButtons are the buttons that push again, as far as the reader may.
func retryButtons(r *http.Request, text string) (buttons []page.Button) {
	if !web.May(r.Context(), guard.Reconcile) {
		return nil
	}
	buttons = []page.Button{{Text: text, Name: "do", Value: "retry"}}
	if web.May(r.Context(), guard.Approve) {
		buttons = append(buttons, page.Button{
			Text: text + ", and overwrite what nobody stated", Name: "do", Value: "overwrite", Kind: page.Warning,
		})
	}
	return buttons
}

// would says what would become of a push.
func would(p actions.PushPreview) page.Cell {
	cell := map[push.State]page.Cell{
		push.Wanted:   page.Tagged("it would be sent", page.Blue),
		push.Accepted: page.Tagged("it would not be sent: exactly this was accepted before", page.Green),
		push.Refused:  page.Tagged("it would be refused", page.Red),
		push.Waits:    page.Tagged("it would wait for a person", page.Orange),
		push.Held:     page.Tagged("it is held, and would not be sent", page.Yellow),
		push.NoRoute:  page.Tagged("the sink does not take organisations of this type", page.Grey),
	}[p.State]
	if p.Later {
		cell = page.Tagged("it would wait until the sink can be read", page.Blue)
	}
	cell.Soft = p.Reason
	return cell
}

func (l previewed) page() page.Page {
	of := page.Page{
		Title: "The push of " + string(l.code) + " to " + words.Sink(l.sink), Back: page.Link{Text: "Pushes", To: "/pushes"},
		Lead: "What a push would change now. Nothing has been sent.",
	}
	for _, p := range l.shown {
		of.Add(page.Summary{
			{Key: "Organisation", Value: words.Profile(l.code, "")},
			{Key: "Route", Value: page.Say(p.Route)},
			{Key: "What would become of it", Value: would(p)},
		})
		t := page.Table{
			Caption: "What " + words.Sink(l.sink) + " shows and would show", Hidden: true,
			Columns: page.Names("Field", "It shows", "It would show", "Why"), Empty: "No field is compared.",
		}
		for _, row := range p.Rows {
			field := words.Field(row.Field)
			if row.Field == "" {
				field = "the whole entry"
			}
			t.Rows = append(t.Rows, page.Row{
				{Text: field, Soft: row.Entry}, {Text: row.Is, Old: true}, page.Say(row.WillBe), page.Say(row.Why),
			})
		}
		of.Add(t)
	}
	if len(l.buttons) > 0 {
		of.Add(page.Form{
			Action: "/pushes", Hidden: []page.Hidden{{Name: "push", Value: pushOf(l.code, l.sink)}}, Buttons: l.buttons,
		})
	}
	return of
}
