package report

import (
	"regexp"
	"slices"
	"strings"

	"github.com/profilesync/profilesync/reconcile/profile"
	"github.com/profilesync/profilesync/reconcile/push"
	"github.com/profilesync/profilesync/reconcile/runs"
)

// firstColumns are the columns that people read first, where a section has more than
// a screen holds.
var firstColumns = map[string][]string{
	SectionChanges: {
		"organisation_name", "field_label", "before", "after", "changed_at", "changed_by", "dos_push_status", "nhsuk_push_status",
	},
	SectionUpdates:  {"organisation_name", "field", "sink", "push_status", "pushed_at", "reason", "changed_at"},
	SectionWithheld: {"organisation_name", "verb", "field", "before", "after", "reason", "report"},
}

// mostFirst is how many columns people read first.
const mostFirst = 8

// ReadingOrder returns the places of the columns in the order in which people read
// them: first those that tell what happened, at most eight, then the others in the
// order of files. The code of an organisation is with its name (see Organisation),
// and not a column by itself.
func (s Section) ReadingOrder() (first, rest []int) {
	withName := s.place("organisation_name") >= 0
	for _, name := range firstColumns[s.Name] {
		if at := s.place(name); at >= 0 {
			first = append(first, at)
		}
	}
	chosen := len(first) > 0
	for at, column := range s.Columns {
		switch {
		case slices.Contains(first, at), withName && column.Name == "ods_code":
		case !chosen && len(first) < mostFirst:
			first = append(first, at)
		default:
			rest = append(rest, at)
		}
	}
	return first, rest
}

// place returns where a column is; -1 if the section has none of the name.
func (s Section) place(name string) int {
	return slices.IndexFunc(s.Columns, func(c Column) bool { return c.Name == name })
}

// cell returns a cell of a row; empty if the section has no such column.
func (s Section) cell(row []string, name string) string {
	if at := s.place(name); at >= 0 {
		return row[at]
	}
	return ""
}

// Organisation returns the organisation of a row as people know it: Example Pharmacy
// (FA001). It is empty if the section has no organisations.
func (s Section) Organisation(row []string) string {
	return named(s.cell(row, "organisation_name"), s.cell(row, "ods_code"))
}

func named(name, code string) string {
	switch {
	case name == "" || name == code:
		return code
	case code == "":
		return name
	}
	return name + " (" + code + ")"
}

// Worded returns a row as people read it: words where files have codes. Texts that
// people or registers wrote stay as they are, and so does what has no words.
func (s Section) Worded(row []string) []string {
	worded := slices.Clone(row)
	for at, column := range s.Columns {
		if row[at] != "" && column.Kind == CellText {
			worded[at] = s.worded(column.Name, row[at], row)
		}
	}
	return worded
}

// worded returns the words for the text of a column.
func (s Section) worded(column, text string, row []string) string {
	switch column {
	case "changed_by":
		return s.author(row)
	case "field":
		if s.Name == SectionChanges { // the name by which DoS leads know it
			return text
		}
		return fieldWords(text)
	case "before", "after":
		return s.valueWords(column, text, row)
	case "organisation_type":
		return typeWords(text)
	case "reason":
		if s.Name == SectionWithheld {
			return wordOr(withheldWords, text)
		}
		return text
	case "state", "kind", "owner", "quality_check", "missing", "event", "status":
		return spelled(text)
	}
	return wordOr(columnWords[column], text)
}

// columnWords are the words for codes, by column.
var columnWords = map[string]map[string]string{
	"action": {"add": "added", "modify": "changed", "delete": "removed"},
	"verb": {
		string(runs.Create): "new profile", string(runs.Close): "closure", string(runs.Reopen): "reopening",
		string(runs.MakeDormant): "dormancy", string(runs.Update): "change", string(runs.Missing): "missing",
	},
	"source": {
		"ODS_SYNC": "organisation register", "ERS_SYNC": "e-RS", "DOS_LEAD": "DoS lead", "PROFILE_MANAGER": "profile editor",
		"SYSTEM": "operator", string(profile.SourceODS): "organisation register", string(profile.SourceERS): "e-RS",
	},
	"approval_status":   {"NOT_REQUIRED": "not needed", "PENDING": "waits", "APPROVED": "approved", "REJECTED": "rejected"},
	"dos_push_status":   pushWords,
	"nhsuk_push_status": pushWords,
	"push_status":       pushWords,
	"sink":              {string(push.SinkDoS): "DoS", string(push.SinkWebsite): "website"},
	"report":            listingWords,
}

var pushWords = map[string]string{
	string(PushIsPending): "waiting", string(PushIsAccepted): "arrived", string(PushHasFailed): "refused",
	string(PushIsSuperseded): "replaced by a later change", string(PushHasNoRoute): "not sent there",
}

// listingWords say what the listings of the register hold.
var listingWords = map[string]string{
	"edispensary": "pharmacies", "epraccur": "GP practices", "ebranchs": "GP branches", "egdpprac": "dentists",
	"eoptsite": "opticians", "etr": "trusts", "etrust": "trusts and their sites", "ets": "trust sites", "eccg": "commissioners",
}

// ListingWords says what a listing of the register holds, such as trusts; empty for a name
// that nobody knows.
func ListingWords(name string) string { return listingWords[name] }

var withheldWords = map[string]string{
	string(runs.MassChange):      "the same field of too many organisations at once",
	string(runs.MeaningChanged):  "the listing means something else by it",
	string(runs.TooManyRemovals): "too many closures at once",
	string(runs.ShortListing):    "the listing is much shorter than the last one",
	string(runs.WasUndone):       "a person undid it before",
}

// valueWords are the words for values that are codes, by the label of their field.
var valueWords = map[string]map[string]string{
	profile.FieldHidden.Label(): {"true": "yes", "false": "no"},
}

// author says who made a change: a register, a person by id and role, and who
// approved it.
func (s Section) author(row []string) string {
	by, role := s.cell(row, "changed_by"), s.cell(row, "changed_by_role")
	switch {
	case by == "system" && s.cell(row, "source") == "ODS_SYNC":
		by = "the register"
	case by == "system" && s.cell(row, "source") == "ERS_SYNC":
		by = "e-RS"
	case by == "system":
		by = "the system"
	case by == "operator":
		by = "an operator"
	case role != "":
		by = role + " " + by
	}
	switch approver := s.cell(row, "approved_by"); approver {
	case "":
		return by
	case "operator":
		return by + ", approved by an operator"
	default:
		return by + ", approved by " + approver
	}
}

// fieldWords returns the label of a field, also of one in an entry: phone of service 7.
func fieldWords(text string) string {
	name, entry, of := strings.Cut(text, " of ")
	if field, err := profile.ParseField(name); err == nil {
		name = field.Label()
	}
	if of {
		return name + " of " + entry
	}
	return spelled(name)
}

// valueWords returns the words for a value before or after a change.
func (s Section) valueWords(column, text string, row []string) string {
	label := s.cell(row, "field_label")
	if label == "" {
		label = fieldWords(s.cell(row, "field"))
	}
	switch label {
	case profile.FieldType.Label():
		return typeWords(text)
	case profile.FieldICB.Label(), profile.FieldRegion.Label():
		return named(s.Names[profile.ODSCode(text)], text)
	case profile.FieldAddress.Label():
		return strings.ReplaceAll(text, "$", ", ")
	case profile.FieldStatus.Label():
		if column == "after" && text == string(profile.StatusClosed) && s.cell(row, "source") == "ODS_SYNC" {
			return "closed by the register"
		}
	}
	return wordOr(valueWords[label], text)
}

// typeWords returns the words for a type of organisation, also as reports abbreviate it.
func typeWords(text string) string {
	for _, t := range profile.OrgTypes() {
		if text == string(t) || text == reportWord(t) {
			return t.Words()
		}
	}
	return text
}

func wordOr(words map[string]string, text string) string {
	if word, ok := words[text]; ok {
		return word
	}
	return text
}

// codeText matches names such as no-account-manager.
var codeText = regexp.MustCompile(`^[a-z]+(-[a-z]+)+$`)

// spelled writes the name of a state or kind as words.
func spelled(text string) string {
	if !codeText.MatchString(text) {
		return text
	}
	words := strings.ReplaceAll(text, "-", " ")
	return strings.NewReplacer("dos ", "DoS ", "icb", "ICB").Replace(words)
}
