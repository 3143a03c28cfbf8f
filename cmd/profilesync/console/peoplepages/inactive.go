package peoplepages

import (
	"net/http"
	"slices"
	"strconv"

	"github.com/profilesync/profilesync/cmd/profilesync/console/page"
	"github.com/profilesync/profilesync/cmd/profilesync/console/web"
	"github.com/profilesync/profilesync/cmd/profilesync/console/words"
	"github.com/profilesync/profilesync/cmd/profilesync/guard"
	"github.com/profilesync/profilesync/jobs/peoplejobs"
	"github.com/profilesync/profilesync/reconcile/people"
	"github.com/profilesync/profilesync/reconcile/profile"
)

// mostChecks is how many checks are listed: a month of them.
const mostChecks = 31

// idle is what the page of inactive accounts shows.
type idle struct {
	plan   peoplejobs.IdlePlan
	checks []people.IdleRun
	day    profile.Date // as if today were this day; zero for today
	// What the reader may do.
	mayApply, mayApprove bool
}

func (m room) inactive(r *http.Request) (page.Page, error) {
	ctx := r.Context()
	i := idle{mayApply: web.May(ctx, guard.Administer), mayApprove: web.May(ctx, guard.Approve)}
	var err error
	if i.day, err = dayOf(r); err != nil {
		return page.Page{}, err
	}
	if i.plan, err = m.do.PreviewInactive(ctx, i.day); err != nil {
		return page.Page{}, err
	}
	i.checks, err = m.do.InactiveChecks(ctx, mostChecks)
	return i.page(), err
}

func (i idle) page() page.Page {
	p := page.Page{
		Title: "Inactive accounts", Back: page.Link{Text: "Accounts", To: "/accounts"},
		Lead: "What is due for accounts that nobody uses. It is done every morning.",
	}
	p.Add(page.Figures{
		{Number: page.Count(i.plan.Accounts), Label: "accounts"},
		{Number: page.Count(len(i.plan.Warn)), Label: "would be warned"},
		{Number: page.Count(len(i.plan.End)), Label: "would end"},
		{Number: page.Count(len(i.plan.Keep)), Label: "are kept and reported"},
	}, chooseDay("/accounts/inactive", i.day))
	if i.plan.Withheld {
		p.Add(page.Inset{
			Title: "So many would end that they wait", Warning: true,
			Text: "More end at once than on an ordinary day: somebody has to approve it after the inactivity check.",
		})
	}
	p.Add(i.due())
	if i.mayApply && i.day.IsZero() {
		p.Add(page.Form{
			Action: "/accounts/inactive", Hidden: []page.Hidden{{Name: "do", Value: "apply"}},
			Buttons: []page.Button{{Text: "Do now what is due", Kind: page.Warning}},
		}, page.Text{"Warnings are sent, and accounts end that were warned in time. Whoever administers can reactivate them."})
	}
	p.Add(i.made())
	return p
}

// stepWords say what is due for an account.
var stepWords = map[people.IdleStep]string{
	people.IdleWarnFirst: "first warning", people.IdleWarnLast: "last warning", people.IdleDeactivate: "ends",
	people.IdleExpire: "the invitation expires", people.IdleKeep: "kept: the only account manager",
	people.IdleHold: "kept: not warned in time",
}

func (i idle) due() page.Section {
	verdicts := slices.Concat(i.plan.Warn, i.plan.Keep)
	for _, e := range i.plan.End {
		verdicts = append(verdicts, e.IdleVerdict)
	}
	t := page.Table{
		Caption: "What is due", Hidden: true, Empty: "Nothing is due.", Columns: page.Names("Account", "What", "Last active", "Ends", "Why"),
	}
	for n, v := range verdicts {
		if n == mostRows {
			t.More = page.Link{Text: "The first " + page.Count(mostRows) + " of " + page.Count(len(verdicts)) + " are shown"}
			break
		}
		id := v.Account.String()
		t.Rows = append(t.Rows, page.Row{
			page.Leads(id, "/accounts/"+id), page.Say(words.Sentence(stepWords[v.Step])), page.Say(words.Day(v.Since)),
			page.Say(words.Day(v.Ends)), page.Say(v.Why),
		})
	}
	return page.Section{ID: "due", Title: "What is due", Blocks: []page.Block{t}}
}

// made are the checks that were made, with a form to approve ends that one withheld.
func (i idle) made() page.Section {
	t := page.Table{
		Caption: "Inactivity checks, the newest first", Hidden: true, Empty: "No inactivity check was made yet.",
		Columns: []page.Column{
			{Name: "Number"},
			{Name: "When"},
			{Name: "State"},
			{Name: "To end", Number: true},
			{Name: "Ended", Number: true},
		},
	}
	withheld := slices.ContainsFunc(i.checks, func(c people.IdleRun) bool { return c.State == "withheld" })
	if withheld && i.mayApprove {
		t.Columns = append(t.Columns, page.Column{Name: "Approve"})
	}
	for _, c := range i.checks {
		when, id := words.Moment(c.At), strconv.FormatInt(c.ID, 10)
		when.Soft = "by " + c.Actor
		row := page.Row{
			page.Say(id), when, checkState(c), page.Say(page.Count(c.Ending) + " of " + page.Count(c.Accounts)), page.Say(page.Count(c.Ended)),
		}
		if withheld && i.mayApprove {
			row = append(row, approval(c, id))
		}
		t.Rows = append(t.Rows, row)
	}
	s := page.Section{ID: "checks", Title: "Inactivity checks", Blocks: []page.Block{t}}
	if withheld && i.mayApprove {
		s.Blocks = append(
			s.Blocks,
			page.Text{"Approving ends the accounts that the inactivity check withheld. Those that somebody has used since stay."},
		)
	}
	return s
}

func checkState(c people.IdleRun) page.Cell {
	switch c.State {
	case "withheld":
		return page.Tagged("waits for approval", page.Orange)
	case "approved":
		return page.Cell{Text: "approved", Tag: page.Green, Soft: "by " + c.DecidedBy}
	default:
		return page.Tagged(c.State, page.Green)
	}
}

func approval(c people.IdleRun, id string) page.Cell {
	if c.State != "withheld" {
		return page.Say("")
	}
	return page.Cell{Form: &page.Form{
		Action: "/accounts/inactive", Hidden: []page.Hidden{{Name: "do", Value: "approve"}, {Name: "check", Value: id}},
		Buttons: []page.Button{
			{Text: "End " + page.Many(c.Ending, "account", "accounts"), Hidden: " of inactivity check " + id, Kind: page.Warning},
		},
	}}
}
