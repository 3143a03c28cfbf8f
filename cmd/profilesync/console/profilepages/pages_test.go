package profilepages

import (
	"errors"
	"testing"
	"time"

	"github.com/profilesync/profilesync/cmd/internal/whytext"
	"github.com/profilesync/profilesync/cmd/profilesync/actions"
	"github.com/profilesync/profilesync/cmd/profilesync/console/page"
	"github.com/profilesync/profilesync/cmd/profilesync/console/pagetest"
	"github.com/profilesync/profilesync/connectors/postgres"
	"github.com/profilesync/profilesync/connectors/postgres/casestore"
	"github.com/profilesync/profilesync/connectors/postgres/pushstore"
	"github.com/profilesync/profilesync/connectors/postgres/qualitystore"
	"github.com/profilesync/profilesync/connectors/postgres/servicestore"
	"github.com/profilesync/profilesync/reconcile/cases"
	"github.com/profilesync/profilesync/reconcile/people"
	"github.com/profilesync/profilesync/reconcile/profile"
	"github.com/profilesync/profilesync/reconcile/push"
	"github.com/profilesync/profilesync/reconcile/quality"
)

var (
	at  = time.Date(2026, 11, 18, 9, 30, 0, 0, time.UTC)
	day = profile.NewDate(2026, time.November, 19)
)

func pharmacy() one {
	o := one{code: "FA420", mayHold: true, mayPush: true}
	o.board = func(string) string { return "NHS West Yorkshire Integrated Care Board" }
	for f, value := range map[profile.Field]string{
		profile.FieldName: "Jasons Pharmacy & <Sons>", profile.FieldAddress: "1 High Street\nLeeds", profile.FieldPostcode: "LS9 7TF",
		profile.FieldType: "pharmacy", profile.FieldStatus: "open", profile.FieldICB: "QWO", profile.FieldParent: "P0A1",
		profile.FieldPhone: "0113 496 0000",
		profile.FieldRoles: "RO182|RO94", profile.FieldOpeningTimes: "mon 09:00-12:30\nmon 13:30-18:00\ntue 09:00-18:00\nsat 09:00-12:00",
		profile.FieldDatedOpeningTimes: "2026-12-25 closed\n2026-12-26 10:00-12:00", profile.FieldWebsite: "",
	} {
		o.values.Set(f, value)
	}
	o.holds = []pushstore.Hold{
		{ID: 3, Code: "FA420", Field: "phone", Until: day, Reason: "It moves", Actor: "bea", At: at},
		{ID: 4, Code: "FA420", Sink: "dos", Reason: "A dispute", Actor: "cid", At: at},
	}
	o.about.Pushes = []pushstore.ListedPush{
		{Code: "FA420", Sink: push.SinkDoS, Route: "change-event", State: push.Refused, Reason: "DoS knows no such place", Wanted: at},
		{
			Code: "FA420", Sink: push.SinkWebsite, Route: "profiles", State: push.Accepted, Wanted: at, Accepted: at.Add(time.Minute), Took: 12,
			Seen:    at.Add(time.Hour),
			LeftOut: []pushstore.LeftOut{{Field: "email", Reason: "the website takes no e-mail addresses", Since: at}},
		},
	}
	o.about.Findings = []qualitystore.Found{
		{Finding: quality.Finding{Kind: "open-all-hours", Detail: "it is open day and night on DoS"}, Owner: "board", FirstSeen: at},
	}
	o.about.Confirmations = []actions.Confirmation{
		{Section: people.SectionContact, At: at, Account: "u-4711", Edited: true},
		{Section: people.SectionServices, At: at, Account: "u-12"},
	}
	o.services = []servicestore.ProfileService{{Source: "ers", ID: "1234", Name: "Dermatology", Kind: "clinic", State: "live"}}
	o.cases = []casestore.Listed{{ID: 5, State: cases.Open, Title: "Jasons Pharmacy (FA420) is about to close", Deadline: day}}
	return o
}

func pages() map[string]page.Page {
	o, reader, empty := pharmacy(), pharmacy(), one{code: "FA421", board: func(string) string { return "" }}
	reader.mayHold, reader.mayPush, reader.at, reader.typedAt = false, false, at, "2026-11-18"
	history := []postgres.Audited{
		{At: at, Field: "phone", Owner: "editor", Old: "0113 496 0001", New: "0113 496 0000", Actor: "u-4711", DatabaseRole: "editor"},
		{At: at, Field: "icb", Owner: "ods", Old: "QF7", New: "QWO", Actor: "daemon", Run: 12, Reason: "approved"},
	}
	why := []whytext.Step{
		{Field: "icb", Kind: whytext.Stands, Text: `"QWO"; the register owns it`},
		{Field: "icb", At: at, Kind: whytext.WasChanged, Text: "run 12 changed it from QF7 to QWO", Run: 12},
	}
	u := actions.FieldUndo{Code: "FA420", Field: profile.FieldICB}
	would := actions.UndoneField{
		Code: "FA420", Changes: []int64{7, 8}, Withheld: true,
		Restored: []actions.Restored{{Field: "icb", Before: "QWO", After: "QF7"}, {Field: "region", Before: "Y63", After: ""}},
	}
	preview := previewed{code: "FA420", mayPush: true, mayOverwrite: true, sinks: []actions.PushPreview{
		{
			Sink:   push.SinkDoS,
			Route:  "change-event",
			State:  push.Waits,
			Reason: "it would overwrite <b>what</b> nobody stated",
			Rows: []push.PreviewRow{
				{Entry: "2000123", Field: "phone", Is: "0113 496 0001", WillBe: "0113 496 0000", Why: "an editor stated it"},
				{Entry: "2000124", Why: "it is of another type"},
			},
		},
		{Sink: push.SinkWebsite, State: push.Accepted},
	}}
	readerPreview := preview
	readerPreview.mayPush, readerPreview.mayOverwrite = false, false
	site := pharmacy()
	site.values.Set(profile.FieldType, "trust-site")
	site.about.Closures = []casestore.ListedClosure{{State: casestore.ClosureSaid, Closure: casestore.Closure{SaidBy: "bea", Said: at}}}
	return map[string]page.Page{
		"profile-site": site.now(), "push": preview.page(), "push-of-reader": readerPreview.page(),
		"push-unset": previewed{code: "FA420", unset: "no such sink is configured"}.page(),
		"undo":       undoPage(u, would, true, ""), "undo-of-reader": undoPage(u, would, false, ""),
		"undo-refused": refusedUndo(u, errors.New("undo of icb of FA420: icb is held by bea: <b>a merger</b>")),
		"profile":      o.now(), "profile-past": reader.past(), "profile-empty": empty.now(),
		"profiles": findPage(
			"pharm",
			[]postgres.FoundProfile{
				{Code: "FA420", Name: "Jasons Pharmacy", Postcode: "LS9 7TF", Type: profile.Pharmacy, Status: profile.StatusOpen},
				{Code: "FA421", Name: "Old Pharmacy", Type: profile.Pharmacy, Status: profile.StatusClosed},
			},
		),
		"profiles-first": findPage("", nil), "profiles-none": findPage("zzz", nil),
		"why": whyPage("FA420", profile.FieldICB, why, true), "history": historyPage("FA420", history, "", 2, true),
		"history-of-field": historyPage("FA420", history[:1], "phone", 1, true),
	}
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
