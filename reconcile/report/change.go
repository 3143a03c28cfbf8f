package report

import (
	"encoding/json"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/profilesync/profilesync/reconcile/people"
	"github.com/profilesync/profilesync/reconcile/profile"
	"github.com/profilesync/profilesync/reconcile/push"
	"github.com/profilesync/profilesync/reconcile/runs"
)

// AuditedChange is a row of the audit with what the report says about it.
type AuditedChange struct {
	ID       int64
	Code     profile.ODSCode
	Field    string // as the audit names it; profile for a creation
	Old, New *string
	Actor    string
	At       time.Time
	Later    bool // the same field has changed again since

	Name       string
	Type       profile.OrgType
	ICB        profile.ODSCode
	ICBName    string
	RegionName string

	Run     runs.ID // 0 for none
	Source  profile.Source
	Kind    runs.Kind
	Decided string    // who asked for the run
	RunAt   time.Time // when
	AheadBy string    // who approved the change ahead; empty where nobody did
	AheadAt time.Time // when
	Account people.AccountKind
	Role    people.MemberRole

	DoS, Website PushStanding
}

// Pushes returns both pushes, by sink.
func (c AuditedChange) Pushes() map[push.Sink]PushStanding {
	return map[push.Sink]PushStanding{push.SinkDoS: c.DoS, push.SinkWebsite: c.Website}
}

// PushStanding is the state of a profile's push.
type PushStanding struct {
	State    push.State // empty: there is none
	Accepted time.Time
	Sent     time.Time
}

// PushStatus is the status of a change's push in a report
// (RULES.md "Report columns").
type PushStatus string

// The statuses.
const (
	PushIsPending    PushStatus = "PENDING"
	PushIsAccepted   PushStatus = "ACCEPTED"
	PushHasFailed    PushStatus = "FAILED"
	PushIsSuperseded PushStatus = "SUPERSEDED" // by a later change of the same field
	PushHasNoRoute   PushStatus = "NO_ROUTE"
)

// Status says how the push of a change ended, and when the sink accepted it. A
// push sends the newest state of a profile, so it covers every change before it.
func (p PushStanding) Status(changed time.Time, later bool) (status PushStatus, at time.Time) {
	switch p.State {
	case "", push.NoRoute:
		return PushHasNoRoute, time.Time{}
	case push.Refused:
		return PushHasFailed, time.Time{}
	case push.Accepted:
		switch {
		case later:
			return PushIsSuperseded, p.Accepted
		case !p.Accepted.Before(changed):
			return PushIsAccepted, p.Accepted
		}
	}
	return PushIsPending, time.Time{}
}

// IsNoise reports whether only the form of a value changed. Parts of profiles and
// creations are never noise.
func (c AuditedChange) IsNoise() bool {
	field, err := profile.ParseField(c.Field)
	return err == nil && c.Old != nil && c.New != nil && !c.isPart() && profile.Same(field, *c.Old, *c.New, c.Name)
}

// isPart reports whether the audit row holds a row of a part as JSON.
func (c AuditedChange) isPart() bool {
	field, err := profile.ParseField(c.Field)
	return err == nil && field.InRows()
}

// created is what the audit calls the creation of a profile.
const created = "profile"

// names returns the name by which DoS leads know the field, and its label.
func (c AuditedChange) names() (key, label string) {
	if c.Field == created {
		return created, "New profile"
	}
	field, err := profile.ParseField(c.Field)
	if err != nil {
		return c.Field, c.Field
	}
	return field.DoSName(), field.Label()
}

// part is a row of a part in the audit; each kind of part fills some of it.
type part struct {
	Day       string  `json:"day"`
	Opens     *string `json:"opens"`
	Closes    *string `json:"closes"`
	Date      string  `json:"date"`
	Name      string  `json:"name"`
	Value     string  `json:"value"`
	NHSCode   string  `json:"nhs_code"`
	Text      string  `json:"text"`
	Withdrawn bool    `json:"withdrawn"`
}

// Cells returns the cells of a change in the order of ChangeColumns. Staff
// are named by their ids alone.
func (c AuditedChange) Cells(day profile.Date) []string {
	key, label, before, after := c.values()
	action := "modify"
	switch {
	case c.Old == nil || before == "" && after != "":
		action = "add"
	case c.New == nil || after == "" && before != "":
		action = "delete"
	}
	approval, by, at := c.approval()
	dos, dosAt := c.DoS.Status(c.At, c.Later && !c.isPart())
	web, webAt := c.Website.Status(c.At, c.Later && !c.isPart())
	run := ""
	if c.Run != 0 {
		run = c.Run.String()
	}
	return []string{
		day.String(), strconv.FormatInt(c.ID, 10), string(c.ICB), nameOr(c.ICBName, c.ICB), c.RegionName, string(c.Code), c.Name,
		reportWord(c.Type), "", dosType(c.Type), key, label, action, before, after, stampOf(c.At), c.by(), c.role(), c.source(),
		approval, by, at, string(dos), stampOf(dosAt), string(web), stampOf(webAt), run,
	}
}

func nameOr(name string, code profile.ODSCode) string {
	if name == "" {
		return string(code)
	}
	return name
}

func stampOf(at time.Time) string {
	if at.IsZero() {
		return ""
	}
	return at.UTC().Format(time.RFC3339)
}

// values returns the names of the field, as names does, and both values.
func (c AuditedChange) values() (key, label, before, after string) {
	key, label = c.names()
	if !c.isPart() {
		return key, label, plainValue(c.Field, c.Old), plainValue(c.Field, c.New)
	}
	before, day := partValue(c.Old)
	after, other := partValue(c.New)
	if day == "" {
		day = other
	}
	if c.Field == "opening-times" {
		name := weekday(day)
		key, label = key+name, label+": "+strings.ToUpper(name[:1])+name[1:]
	}
	return key, label, before, after
}

// Label returns what people call the field; all days of the week share one.
func (c AuditedChange) Label() string {
	_, label := c.names()
	return label
}

// weekday returns the day of opening times as DoS names it.
func weekday(day string) string {
	for _, name := range []string{"monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"} {
		if strings.HasPrefix(name, day) && day != "" {
			return name
		}
	}
	return "bankholiday"
}

// plainValue shows lines as DoS does, with $ between them.
func plainValue(field string, value *string) string {
	if value == nil {
		return ""
	}
	if field == "address" {
		return strings.ReplaceAll(*value, "\n", "$")
	}
	return *value
}

func partValue(row *string) (text, day string) {
	if row == nil {
		return "", ""
	}
	var p part
	if json.Unmarshal([]byte(*row), &p) != nil {
		return *row, ""
	}
	hours := "closed"
	if p.Opens != nil && p.Closes != nil {
		hours = clockTime(*p.Opens) + "-" + clockTime(*p.Closes)
	}
	switch {
	case p.Date != "":
		return p.Date + ": " + hours, ""
	case p.Day != "":
		return hours, p.Day
	case p.Text != "":
		return p.Text, ""
	case p.Value != "":
		return p.Name + ": " + p.Value, ""
	}
	text = strings.TrimSpace(p.NHSCode + " " + p.Name)
	if p.Withdrawn {
		text += " (withdrawn)"
	}
	return text, ""
}

// clockTime drops the seconds.
func clockTime(t string) string { return strings.TrimSuffix(t, ":00") }

// staffID matches ids that do not reveal a name: u-4711, dos-lead-12.
var staffID = regexp.MustCompile(`^[a-z]+(-[a-z]+)*-[0-9]+$`)

// by says who wrote the change. Anything but an id may be a person's name, which
// stays in the audit.
func (c AuditedChange) by() string {
	switch {
	case staffID.MatchString(c.Actor):
		return c.Actor
	case c.Run != 0:
		return "system"
	default:
		return "operator"
	}
}

func (c AuditedChange) role() string {
	switch {
	case c.Role == people.RoleManager:
		return "Account manager"
	case c.Role == people.RoleEditor:
		return "Organisation editor"
	case c.Account == people.KindLead:
		return "DoS lead"
	case c.Account == people.KindAdministrator:
		return "Administrator"
	case c.Account == people.KindMember:
		return "Editor of another organisation"
	case c.Run != 0:
		return "System"
	default:
		return "Operator"
	}
}

func (c AuditedChange) source() string {
	switch {
	case c.Source == profile.SourceODS:
		return "ODS_SYNC"
	case c.Source == profile.SourceERS:
		return "ERS_SYNC"
	case c.Account == people.KindLead:
		return "DOS_LEAD"
	case c.Account != "":
		return "PROFILE_MANAGER"
	default:
		return "SYSTEM"
	}
}

// approval says who approved what the guard had withheld.
func (c AuditedChange) approval() (status, by, at string) {
	who, when := c.Decided, c.RunAt
	switch {
	case c.AheadBy != "":
		who, when = c.AheadBy, c.AheadAt
	case c.Kind != runs.RunApprove:
		return "NOT_REQUIRED", "", ""
	}
	by = "operator"
	if staffID.MatchString(who) {
		by = who
	}
	return "APPROVED", by, stampOf(when)
}

// reportWord returns the type as reports abbreviate it.
func reportWord(t profile.OrgType) string {
	switch t {
	case profile.Pharmacy:
		return "PHA"
	case profile.GPPractice:
		return "GPP"
	case profile.GPBranch:
		return "GPB"
	case profile.DentalPractice:
		return "DEN"
	case profile.OpticalSite:
		return "OPT"
	case profile.Trust:
		return "TRU"
	case profile.TrustSite:
		return "TRS"
	default:
		return strings.ToUpper(string(t))
	}
}

// dosType returns the DoS service type that most profiles of the type have.
func dosType(t profile.OrgType) string {
	switch t {
	case profile.Pharmacy:
		return "13"
	case profile.GPPractice, profile.GPBranch:
		return "100"
	default:
		return ""
	}
}

// ReportKind says what happened, for the summary: created, closed or changed.
func (c AuditedChange) ReportKind() string {
	switch {
	case c.Field == created:
		return "created"
	case c.Field == "status" && c.New != nil && *c.New == string(profile.StatusClosed):
		return "closed"
	default:
		return "changed"
	}
}

// StartOf returns the first instant of a day in London. A report covers
// everything since the start of the previous report's day. Days may have 23 or 25
// hours.
func StartOf(day profile.Date) time.Time {
	d := day.Time()
	return time.Date(d.Year(), d.Month(), d.Day(), 0, 0, 0, 0, profile.London())
}

// Days returns the working days after one day up to and including another. Each
// gets its report, even if no daemon was running to make it on the day.
func Days(c people.Calendar, after, upto profile.Date) (days []profile.Date) {
	for day := after.AddDays(1); !day.After(upto); day = day.AddDays(1) {
		if c.IsWorkingDay(day) {
			days = append(days, day)
		}
	}
	return days
}
