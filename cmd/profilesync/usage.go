package main

import (
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/alecthomas/kong"

	"github.com/profilesync/profilesync/cmd/internal/nearest"
	"github.com/profilesync/profilesync/cmd/profilesync/commands"
	"github.com/profilesync/profilesync/cmd/profilesync/wiring"
	"github.com/profilesync/profilesync/connectors/ers"
	"github.com/profilesync/profilesync/connectors/ods"
	"github.com/profilesync/profilesync/connectors/postgres/casestore"
	"github.com/profilesync/profilesync/reconcile/cases"
	"github.com/profilesync/profilesync/reconcile/people"
	"github.com/profilesync/profilesync/reconcile/profile"
	"github.com/profilesync/profilesync/reconcile/push"
	"github.com/profilesync/profilesync/reconcile/quality"
	"github.com/profilesync/profilesync/reconcile/report"
	"github.com/profilesync/profilesync/reconcile/runs"
	"github.com/profilesync/profilesync/reconcile/services"
)

// choices are the values that flags and arguments take, by the name that their enum has.
// The parser refuses all others, and help, the man page and completion list them.
func choices() kong.Vars {
	return kong.Vars{
		"fields": named(profile.Fields()), "types": texts(profile.OrgTypes()), "reasons": texts(runs.WithheldReasons()),
		"sources":  texts([]profile.Source{profile.SourceODS, profile.SourceERS}),
		"listings": texts(ods.Reports()), "run_reports": texts(wiring.RunReports()),
		"scope_reports": texts(append(ods.Reports(), ods.ReportOfCommissioners, services.ReportServices)),
		"sinks":         texts(push.Sinks()), "push_states": texts(push.States()),
		"service_states": texts(services.States()), "code_systems": texts([]ers.CodeKind{ers.Specialties, ers.ClinicTypes}),
		"check_kinds": texts(quality.Kinds()), "check_owners": texts(quality.Owners()),
		"case_kinds": texts(cases.Kinds()), "case_owners": texts(cases.Owners()), "closure_states": texts(casestore.ClosureStates()),
		"account_states": texts(people.AccountStates()), "letter_states": texts(people.LetterStates()),
		"letter_texts": texts(people.LetterKinds()),
		"sections":     named(report.Sections()),
	}
}

func texts[T ~string](values []T) string {
	all := make([]string, len(values))
	for i, v := range values {
		all[i] = string(v)
	}
	return strings.Join(all, ",")
}

// named is texts, of values that have a name.
func named[T any](values []T) string {
	all := make([]string, len(values))
	for i, v := range values {
		if section, ok := any(v).(report.Section); ok {
			all[i] = section.Name
		} else {
			all[i] = fmt.Sprint(v)
		}
	}
	return strings.Join(all, ",")
}

// choicesOf lists the values that a flag or argument takes; none if it takes any.
func choicesOf(v *kong.Value) []string {
	if v.Enum == "" {
		return nil
	}
	return slices.DeleteFunc(v.EnumSlice(), func(s string) bool { return s == "" })
}

// helpOf is the help of a flag or argument, with the values that it takes.
func helpOf(v *kong.Value) string {
	values := choicesOf(v)
	if len(values) == 0 {
		return v.Help
	}
	return v.Help + " One of: " + strings.Join(values, ", ") + "."
}

// refused is how the parser refuses a value that is none of the choices.
var refused = regexp.MustCompile(`(\S+) must be one of (.*) but got (".*")$`)

// usageError says what is wrong with the arguments: of a wrong value the values that are
// right, and the nearest.
func usageError(err error) error {
	match := refused.FindStringSubmatch(err.Error())
	if match == nil {
		return commands.Usagef("%w (see profilesync --help)", err)
	}
	value, unquoted := strconv.Unquote(match[3])
	known := slices.DeleteFunc(strings.Split(strings.ReplaceAll(match[2], `"`, ""), ","), func(s string) bool { return s == "" })
	return commands.Usage(errors.Join(unquoted, nearest.Wrong(nameOf(match[1]), value, known)))
}

// nameOf is the name of a flag without its placeholder, or of an argument.
func nameOf(summary string) string {
	name, _, _ := strings.Cut(summary, "=")
	return strings.Trim(name, "<>[]")
}
