// Package words says things in the console as people do: times, days, states, fields.
package words

import (
	"strings"
	"time"

	"github.com/profilesync/profilesync/cmd/profilesync/console/page"
	"github.com/profilesync/profilesync/reconcile/profile"
	"github.com/profilesync/profilesync/reconcile/push"
	"github.com/profilesync/profilesync/reconcile/report"
	"github.com/profilesync/profilesync/reconcile/runs"
)

// NameNobody is the hint of reasons that everybody reads who may look at what they are about:
// those of holds, cases, listings and the stop of letters.
const NameNobody = "Everybody who may look around reads it: name no person and no patient"

// None stands for what there is not.
const None = "none"

// Moment is an instant in UK time: 19 November 2026, 09:30. The zero instant is none.
func Moment(at time.Time) page.Cell {
	if at.IsZero() {
		return page.Say(None)
	}
	return page.Cell{Text: at.In(profile.London()).Format("2 January 2006, 15:04"), At: at}
}

// MomentSoft is an instant below a text; empty for the zero instant.
func MomentSoft(at time.Time) string {
	if at.IsZero() {
		return ""
	}
	return Moment(at).Text
}

// Day is a day: 19 November 2026; none for the zero day.
func Day(day profile.Date) string {
	if day.IsZero() {
		return None
	}
	return day.Words()
}

// Ago is how long something has lasted, in one unit.
func Ago(age time.Duration) string {
	switch age = max(age, 0); {
	case age < time.Minute:
		return page.Many(int(age/time.Second), "second", "seconds")
	case age < time.Hour:
		return page.Many(int(age/time.Minute), "minute", "minutes")
	case age < 48*time.Hour:
		return page.Many(int(age/time.Hour), "hour", "hours")
	default:
		return page.Many(int(age/(24*time.Hour)), "day", "days")
	}
}

// Days is how many days ago a day was.
func Days(n int) string {
	switch {
	case n < 0:
		return "in " + page.Many(-n, "day", "days")
	case n == 0:
		return "today"
	default:
		return page.Many(n, "day", "days") + " ago"
	}
}

// Sentence is a text that begins with a capital letter, unless it begins with e-RS.
func Sentence(text string) string {
	if text == "" || strings.HasPrefix(text, "e-RS") {
		return text
	}
	return strings.ToUpper(text[:1]) + text[1:]
}

// Source names a source.
func Source(source profile.Source) string {
	return map[profile.Source]string{profile.SourceODS: "ODS", profile.SourceERS: "e-RS"}[source]
}

// Listing names a listing of a source by what it holds: trusts (ODS etr).
func Listing(source profile.Source, name string) string {
	code := strings.TrimSpace(Source(source) + " " + name)
	if holds := report.ListingWords(name); holds != "" {
		return holds + " (" + code + ")"
	}
	return code
}

// Sink names a sink.
func Sink(sink push.Sink) string {
	return map[push.Sink]string{push.SinkDoS: "DoS", push.SinkWebsite: "NHS website"}[sink]
}

// Step is what happened to a value, as a sentence; what happened at a sink begins with its name.
func Step(text string) string {
	if sink, what, at := strings.Cut(text, ": "); at && Sink(push.Sink(sink)) != "" {
		return Sink(push.Sink(sink)) + ": " + what
	}
	return Sentence(text)
}

// Field names a field of a profile, by its name in the audit.
func Field(name string) string {
	short, of, isPart := strings.Cut(name, "/")
	field, err := profile.ParseField(short)
	if err != nil {
		return name
	}
	if isPart {
		return Sentence(field.Label()) + " " + of
	}
	return Sentence(field.Label())
}

// Owner says who owns a field.
func Owner(owner profile.Owner) string {
	return map[profile.Owner]string{
		profile.OwnedByODS: "ODS register", profile.OwnedByERS: "e-RS register", profile.OwnedByEditor: "editors",
		profile.OwnedByDesk: "service desk",
	}[owner]
}

// RunState is the state of a run as a tag.
func RunState(state runs.State) page.Cell {
	switch state {
	case runs.RunQueued:
		return page.Tagged("queued", page.Grey)
	case runs.RunRunning:
		return page.Tagged("running", page.Blue)
	case runs.RunDone:
		return page.Tagged("done", page.Green)
	case runs.RunWithheld:
		return page.Tagged("waits for a decision", page.Orange)
	case runs.RunRefused:
		return page.Tagged("refused", page.Red)
	default:
		return page.Tagged(Code(string(state)), page.Red)
	}
}

// RunKind says what a run reads.
func RunKind(kind runs.Kind) string {
	return map[runs.Kind]string{
		runs.RunListing: "listing", runs.RunDelta: "some records", runs.RunApprove: "approval", runs.RunUndo: "undo",
		runs.RunRehearsal: "rehearsal",
	}[kind]
}

// Withheld says why something is withheld.
func Withheld(reason runs.WithheldReason) string {
	switch reason {
	case runs.MassChange:
		return "the same field changes in many profiles at once"
	case runs.MeaningChanged:
		return "the register changed what the field means"
	case runs.TooManyRemovals:
		return "more closures than on an ordinary day"
	case runs.ShortListing:
		return "the listing is suddenly short"
	case runs.WasUndone:
		return "a person took it back before"
	default:
		return Code(string(reason))
	}
}

// Does says what a change does.
func Does(verb runs.Verb) string {
	switch verb {
	case runs.Create:
		return "new profile"
	case runs.Update:
		return "update"
	case runs.Missing:
		return "mark as missing"
	case runs.MakeDormant:
		return "make dormant"
	default:
		return Code(string(verb))
	}
}

// PushState is the state of a push as a tag.
func PushState(state push.State) page.Cell {
	switch state {
	case push.Wanted:
		return page.Tagged("on its way", page.Blue)
	case push.Accepted:
		return page.Tagged("accepted", page.Green)
	case push.Refused:
		return page.Tagged("refused", page.Red)
	case push.Waits:
		return page.Tagged("waits for a person", page.Orange)
	case push.Held:
		return page.Tagged("held", page.Yellow)
	case push.NoRoute:
		return page.Tagged("not for this sink", page.Grey)
	default:
		return page.Tagged(Code(string(state)), page.Grey)
	}
}

// Status is the status of a profile as a tag.
func Status(status profile.Status) page.Cell {
	colour := page.Grey
	if string(status) == "open" {
		colour = page.Green
	}
	return page.Tagged(Code(string(status)), colour)
}

// Profile is a link to a profile.
func Profile(code profile.ODSCode, name string) page.Cell {
	if code == "" {
		return page.Say("")
	}
	return page.Cell{Text: string(code), To: "/profiles/" + string(code), Soft: name}
}
