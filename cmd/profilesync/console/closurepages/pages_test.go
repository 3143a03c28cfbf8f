package closurepages

import (
	"testing"
	"time"

	"github.com/profilesync/profilesync/cmd/profilesync/console/page"
	"github.com/profilesync/profilesync/cmd/profilesync/console/pagetest"
	"github.com/profilesync/profilesync/connectors/postgres/casestore"
	"github.com/profilesync/profilesync/reconcile/profile"
)

var at = time.Date(2026, 11, 18, 9, 30, 0, 0, time.UTC)

func said(state casestore.ClosureState) casestore.ListedClosure {
	c := casestore.ListedClosure{
		State: state, Name: "Jasons Pharmacy & <Sons>", Status: profile.StatusOpen,
		Closure: casestore.Closure{Code: "FA420", Said: at, SaidBy: "bea", Reason: "The board says so, <b>since June</b>"},
	}
	if state != casestore.ClosureSaid {
		c.Confirmed, c.ConfirmedBy, c.Successor = at.Add(time.Hour), "cid", "FA421"
	}
	if state == casestore.ClosureTakenBack {
		c.TakenBack, c.TakenBackBy = at.Add(2*time.Hour), "bea"
	}
	return c
}

func place(mayTake bool, status profile.Status, closures ...casestore.ListedClosure) one {
	o := one{code: "FA420", closures: closures, mayTake: mayTake}
	o.values.Set(profile.FieldName, "Jasons Pharmacy & <Sons>")
	o.values.Set(profile.FieldStatus, string(status))
	return o
}

func pages() map[string]page.Page {
	stand, back, sure := said(casestore.ClosureSaid), said(casestore.ClosureTakenBack), said(casestore.ClosureConfirmed)
	refusing := place(true, profile.StatusOpen, stand)
	refusing.do, refusing.successor = confirm, "R?"
	refused := refusing.page()
	refused.Errors = []page.FieldError{
		{Field: "reason-confirm", Text: "Say why"}, {Field: "successor", Text: "ODS code \"R?\": want only letters and digits"},
	}
	refused.EachForm(func(f page.Form) page.Form { return f.Marked(&refused) })
	shown := map[string]one{
		"closure-none": place(true, profile.StatusOpen, back), "closure-said": place(true, profile.StatusOpen, stand),
		"closure-confirmed": place(true, profile.StatusOpen, sure, back), "closure-of-reader": place(false, profile.StatusOpen, sure),
		"closure-closed": place(true, profile.StatusClosed),
	}
	all := map[string]page.Page{
		"closures": listed{closures: []casestore.ListedClosure{stand, sure}, maySay: true}.page(), "closures-none": listed{}.page(),
		"closures-of-code": listed{code: "FA420", maySay: true}.page(), "closure-refused": refused,
	}
	for name, o := range shown {
		all[name] = o.page()
	}
	return all
}

func TestPages(t *testing.T) {
	t.Parallel()
	for name, p := range pages() {
		pagetest.Golden(t, name, p)
	}
}

func TestPagesInBrowser(t *testing.T) {
	t.Parallel()
	pagetest.Look(t, pages())
}
