package profilepages

import (
	"cmp"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/profilesync/profilesync/cmd/profilesync/actions"
	"github.com/profilesync/profilesync/cmd/profilesync/console/page"
	"github.com/profilesync/profilesync/cmd/profilesync/console/web"
	"github.com/profilesync/profilesync/cmd/profilesync/console/words"
	"github.com/profilesync/profilesync/cmd/profilesync/guard"
	"github.com/profilesync/profilesync/connectors/postgres/casestore"
	"github.com/profilesync/profilesync/connectors/postgres/pushstore"
	"github.com/profilesync/profilesync/connectors/postgres/servicestore"
	"github.com/profilesync/profilesync/reconcile/profile"
)

// one is what the page of a profile shows.
type one struct {
	code     profile.ODSCode
	values   profile.Values
	at       time.Time // as it stood then; zero for now
	typedAt  string
	about    actions.Profile
	holds    []pushstore.Hold
	services []servicestore.ProfileService
	cases    []casestore.Listed
	board    func(icb string) string
	// What the reader may do, and what was typed into a form that was refused.
	mayHold, mayPush    bool
	what, reason, until string
	kind, kindReason    string
}

func (m room) one(r *http.Request) (page.Page, error) {
	code, err := codeOf(r)
	if err != nil {
		return page.Page{}, err
	}
	ctx := r.Context()
	o := one{
		code: code, mayHold: web.May(ctx, guard.Approve), mayPush: web.May(ctx, guard.Reconcile), typedAt: r.URL.Query().Get("at"),
		what: r.PostFormValue("what"), reason: r.PostFormValue("reason"), until: r.PostFormValue("until"),
		kind: r.PostFormValue("kind"), kindReason: r.PostFormValue("kind-reason"),
	}
	if o.board, err = m.do.App.BoardNames(ctx); err != nil {
		return page.Page{}, err
	}
	if o.typedAt != "" {
		past, err := m.do.ProfileAt(ctx, code, o.typedAt)
		o.values, o.at = past.Fields, past.At
		return o.past(), err
	}
	if err := m.read(r, &o); err != nil {
		return page.Page{}, err
	}
	return o.now(), nil
}

// read reads everything that stands about a profile.
func (m room) read(r *http.Request, o *one) (err error) {
	ctx := r.Context()
	if o.about, err = m.do.Profile(ctx, o.code); err != nil {
		return err
	}
	if o.values, err = m.do.Whole(ctx, o.code); err != nil {
		return err
	}
	if o.holds, err = m.do.Holds(ctx, o.code, false); err != nil {
		return err
	}
	if o.services, err = m.do.Services(ctx, o.code); err != nil {
		return err
	}
	o.cases, err = m.do.Cases(ctx, casestore.Filter{Code: o.code}, "")
	return err
}

// title names a profile.
func (o *one) title() string {
	return cmp.Or(o.values.Get(profile.FieldName), "Profile") + " (" + string(o.code) + ")"
}

// past is the page of a profile as it stood.
func (o *one) past() page.Page {
	p := page.Page{
		Title: o.title(), Back: page.Link{Text: "As it is now", To: address(o.code)},
		Lead: "As it stood at the end of " + words.Moment(o.at).Text + ".",
	}
	p.Add(o.fields(), o.hours(), o.chooseDay())
	return p
}

func (o *one) now() page.Page {
	p := page.Page{Title: o.title(), Back: page.Link{Text: "Profiles", To: "/profiles"}}
	p.Add(page.Summary{
		{Key: "Status", Value: words.Status(profile.Status(o.values.Get(profile.FieldStatus)))},
		{Key: "Type", Value: page.Say(words.Sentence(profile.OrgType(o.values.Get(profile.FieldType)).Words()))},
		{Key: "Closed in reality", Value: page.Leads(o.closed(), "/closures/"+string(o.code))},
		{Key: "More", Value: page.Leads("Everything that ever happened to it", address(o.code)+"/history")},
	})
	o.addStanding(&p)
	fields := o.fields()
	if o.mayHold {
		fields.Blocks = append(fields.Blocks, o.undoForm())
	}
	p.Add(fields, o.hours())
	if o.mayHold && o.hasKind() {
		p.Add(o.kindSection())
	}
	p.Add(o.holdsSection(), o.pushes(), o.servicesSection(), o.confirmed(), o.findings(), o.chooseDay())
	return p
}

// closed says whether somebody said that the place has closed.
func (o *one) closed() string {
	if len(o.about.Closures) == 0 {
		return "Nobody has said so"
	}
	return map[casestore.ClosureState]string{
		casestore.ClosureSaid: "Somebody has said so", casestore.ClosureConfirmed: "It is confirmed",
	}[o.about.Closures[0].State]
}

// shownElsewhere are fields with sections of their own.
var shownElsewhere = map[profile.Field]bool{
	profile.FieldOpeningTimes: true, profile.FieldDatedOpeningTimes: true, profile.FieldServices: true, profile.FieldERSServices: true,
	profile.FieldServiceTexts: true, profile.FieldChecks: true,
}

// fields are the values of a profile, each with its owner and the way to why it is so.
func (o *one) fields() page.Section {
	t := page.Table{Caption: "Fields with their owners", Hidden: true, Columns: page.Names("Field", "Value", "Who owns it", "Why")}
	for _, f := range profile.Fields() {
		if shownElsewhere[f] || !o.values.States(f) {
			continue
		}
		value := page.Say(cmp.Or(o.values.Get(f), words.None))
		switch f {
		case profile.FieldICB:
			value.Soft = o.board(o.values.Get(f))
		case profile.FieldParent, profile.FieldSuccessor, profile.FieldCommissioner:
			if code := o.values.Get(f); code != "" && f != profile.FieldCommissioner {
				value.To = "/profiles/" + code
			}
		case profile.FieldType:
			value.Text = profile.OrgType(value.Text).Words()
		case profile.FieldHidden:
			value.Text = map[string]string{"true": "yes", "false": "no"}[value.Text]
		case profile.FieldRoles:
			value.Text = strings.ReplaceAll(value.Text, "|", ", ")
		}
		why := page.Leads("Why", address(o.code)+"/why?"+url.Values{"field": {f.String()}}.Encode())
		why.Hidden = words.Sentence(f.Label())
		t.Rows = append(t.Rows, page.Row{page.Say(words.Sentence(f.Label())), value, page.Say(words.Owner(f.Owner())), why})
	}
	return page.Section{ID: "fields", Title: "Fields", Blocks: []page.Block{t}}
}

func (o *one) chooseDay() page.Section {
	return page.Section{ID: "past", Title: "As it stood on a day", Blocks: []page.Block{page.Form{
		Action: address(o.code), Get: true, Inline: true,
		Fields:  []page.Field{{Kind: page.Day, Name: "at", Label: "At the end of", Value: o.typedAt}},
		Buttons: []page.Button{{Text: "Show", Kind: page.Secondary}},
	}}}
}
