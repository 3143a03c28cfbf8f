package closurepages

import (
	"net/http"

	"github.com/profilesync/profilesync/cmd/profilesync/console/page"
	"github.com/profilesync/profilesync/cmd/profilesync/console/web"
	"github.com/profilesync/profilesync/cmd/profilesync/console/words"
	"github.com/profilesync/profilesync/cmd/profilesync/guard"
	"github.com/profilesync/profilesync/connectors/postgres/casestore"
	"github.com/profilesync/profilesync/reconcile/profile"
)

// mostEarlier is how many earlier closures of a place are shown.
const mostEarlier = 50

// one is what the page of a place shows.
type one struct {
	code     profile.ODSCode
	values   profile.Values
	closures []casestore.ListedClosure // the newest first
	mayTake  bool
	// What was typed into a form that was refused.
	do, reason, successor string
}

func (m room) one(r *http.Request) (page.Page, error) {
	code, err := codeOf(r)
	if err != nil {
		return page.Page{}, err
	}
	o := one{
		code: code, mayTake: web.May(r.Context(), guard.Approve), do: r.PostFormValue("do"), reason: r.PostFormValue("reason"),
		successor: r.PostFormValue("successor"),
	}
	if o.values, err = m.do.Whole(r.Context(), code); err != nil {
		return page.Page{}, err
	}
	filter := casestore.ClosureFilter{Code: code, TakenBack: true, Most: mostEarlier}
	o.closures, err = m.do.Closures(r.Context(), filter)
	return o.page(), err
}

// stands is the closure that stands; nil for none.
func (o *one) stands() *casestore.ListedClosure {
	for i, c := range o.closures {
		if c.State != casestore.ClosureTakenBack {
			return &o.closures[i]
		}
	}
	return nil
}

func (o *one) page() page.Page {
	name, status := o.values.Get(profile.FieldName), profile.Status(o.values.Get(profile.FieldStatus))
	p := page.Page{
		Title: "Has " + string(o.code) + " closed?", Back: page.Link{Text: "Closures", To: "/closures"},
		Lead: "Whether the place has closed in reality, whatever the register says.",
	}
	about := page.Summary{
		{Key: "Organisation", Value: words.Profile(o.code, name)},
		{Key: "Register", Value: words.Status(status)},
	}
	stands := o.stands()
	if stands == nil {
		about = append(about, page.SummaryRow{Key: "Closed in reality", Value: page.Say("nobody has said so")})
	} else {
		about = append(about, page.SummaryRow{Key: "Closed in reality", Value: stateOf(stands.State)})
	}
	p.Add(about)
	if o.mayTake {
		o.addSteps(&p, stands, status)
	}
	t := page.Table{
		Caption: "What was said, the newest first", Hidden: true, Empty: "Nobody has said that it has closed.",
		Columns: page.Names("State", "Since", "Followed by", "Why"),
	}
	for _, c := range o.closures {
		whole := row(c)
		t.Rows = append(t.Rows, page.Row{whole[1], whole[2], whole[3], whole[5]})
	}
	p.Add(page.Section{ID: "said", Title: "What was said", Blocks: []page.Block{t}})
	return p
}

// addSteps adds the steps that can be taken as things stand.
func (o *one) addSteps(p *page.Page, stands *casestore.ListedClosure, status profile.Status) {
	if stands == nil && status == profile.StatusClosed {
		p.Add(page.Inset{Text: "The register says that it has closed, so there is nothing to say."})
		return
	}
	if stands == nil {
		p.Add(page.Section{ID: "say", Title: "Say that it has closed", Blocks: []page.Block{
			page.Text{"For a board's word. A case opens, and nothing else changes until somebody confirms it."},
			o.form(say, page.Button{Text: "Say that it has closed"}),
		}})
	}
	if stands == nil || stands.State == casestore.ClosureSaid {
		p.Add(page.Section{ID: "confirm", Title: "Confirm that it has closed", Blocks: []page.Block{
			page.Inset{
				Title: "What happens then", Warning: true,
				Text: "The profile is hidden, and DoS and the NHS website are told that the place has closed. The status stays as the register " +
					"has it, and a case reminds the register's desk every week until the register agrees. It can be taken back.",
			},
			o.form(confirm, page.Button{Text: "Confirm that it has closed", Kind: page.Warning}),
		}})
	}
	if stands != nil {
		text := "Nothing was told to the sinks yet: the case goes, and all stays as it is."
		if stands.State == casestore.ClosureConfirmed {
			text = "The sinks are told what the register says. The profile is shown again, if the confirmation hid it and nobody has changed " +
				"that since."
		}
		p.Add(page.Section{ID: "take-back", Title: "Take it back", Blocks: []page.Block{
			page.Text{text}, o.form(takeBack, page.Button{Text: "Take it back", Kind: page.Secondary}),
		}})
	}
}

// form is the form of a step.
func (o *one) form(name string, button page.Button) page.Form {
	reason := page.Field{
		Kind: page.ManyLines, ID: "reason-" + name, Name: "reason", Label: "Why",
		Hint: "Who says so, and since when. Only who may see people reads it: name no patient",
	}
	if o.do == name {
		reason.Value = o.reason
	}
	f := page.Form{
		Action: address(o.code), Hidden: []page.Hidden{{Name: "do", Value: name}}, Fields: []page.Field{reason},
		Buttons: []page.Button{button},
	}
	if name == confirm {
		f.Fields = append(f.Fields, page.Field{
			Kind: page.OneLine, Name: "successor", Label: "Code of the place that follows it",
			Hint: "Empty for the one that the register names, if any", Value: o.successor, Width: 10, Unasked: true,
		})
	}
	return f
}
