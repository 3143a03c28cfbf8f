package peoplepages

import (
	"net/http"
	"strconv"

	"github.com/profilesync/profilesync/cmd/profilesync/actions"
	"github.com/profilesync/profilesync/cmd/profilesync/actions/upkeep"
	"github.com/profilesync/profilesync/cmd/profilesync/console/page"
	"github.com/profilesync/profilesync/cmd/profilesync/console/web"
	"github.com/profilesync/profilesync/cmd/profilesync/guard"
	"github.com/profilesync/profilesync/reconcile/profile"
)

// mostRows is how many rows of a list are shown.
const mostRows = 500

type room struct{ do upkeep.Upkeep }

// Add adds the pages to a desk.
func Add(d *web.Desk, do *actions.Actions) {
	m := room{upkeep.Upkeep{Actions: do}}
	d.Serve(web.Route{Path: "/accounts/inactive", Verb: guard.Read, Show: m.inactive, Deeds: []web.Deed{
		{Name: "apply", Verb: guard.Administer, Operation: "apply-inactive", Do: m.apply},
		{Name: "approve", Verb: guard.Approve, Operation: "approve-endings", Subject: ofCheck, Do: m.approve},
	}})
	d.Serve(web.Route{Path: "/reminders", Verb: guard.Read, Show: m.reminders})
	d.Serve(web.Route{Path: "/letters", Verb: guard.Read, Show: m.letters})
	d.Done["inactive-done"] = "What was due was done. If too many accounts would have ended, the newest inactivity check waits for approval."
	d.Done["endings-approved"] = "The accounts have ended, except those that somebody has used since."
}

func ofCheck(r *http.Request) string {
	if check, err := checkOf(r); err == nil {
		return strconv.FormatInt(check, 10)
	}
	return ""
}

func checkOf(r *http.Request) (int64, error) {
	check, err := strconv.ParseInt(r.PostFormValue("check"), 10, 64)
	if err != nil || check < 1 {
		return 0, web.WrongError{Text: "there is no such inactivity check"}
	}
	return check, nil
}

func (m room) apply(r *http.Request) (string, error) {
	_, err := m.do.ApplyInactive(r.Context())
	return "/accounts/inactive?done=inactive-done", err
}

func (m room) approve(r *http.Request) (string, error) {
	check, err := checkOf(r)
	if err != nil {
		return "", err
	}
	_, err = m.do.ApproveEndings(r.Context(), check)
	return "/accounts/inactive?done=endings-approved#checks", err
}

// dayOf is the day of a preview; zero for today.
func dayOf(r *http.Request) (day profile.Date, err error) {
	if text := r.URL.Query().Get("date"); text != "" {
		if day, err = profile.ParseDate(text); err != nil {
			return day, web.WrongError{Field: "date", Text: "give a day as 2026-12-31"}
		}
	}
	return day, nil
}

// chooseDay lets the reader choose the day of a preview.
func chooseDay(action string, day profile.Date) page.Form {
	typed := ""
	if !day.IsZero() {
		typed = day.String()
	}
	return page.Form{
		Action: action, Get: true, Inline: true, Buttons: []page.Button{{Text: "Show", Kind: page.Secondary}},
		Fields: []page.Field{{Kind: page.Day, Name: "date", Label: "As if today were", Value: typed, Unasked: true}},
	}
}
