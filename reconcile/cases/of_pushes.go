package cases

import (
	"slices"
	"strings"

	"github.com/profilesync/profilesync/reconcile/quality"
)

// The kinds about sinks. Each quality check of DoS has one more (OfCheck).
const (
	ClosureRefused Kind = "closure-refused"
	SinkPaused     Kind = "sink-paused"
	PushRefused    Kind = "push-refused"
	PushWaits      Kind = "push-waits"
	FieldUnsent    Kind = "field-unsent"
	DriftGivenUp   Kind = "drift-given-up"
)

var ofPushes = append([]rule{
	{
		kind: ClosureRefused, owners: []Owner{ServiceDesk, Operations}, urgent: true,
		title: "The closure of {organisation} on {day} was refused by {place}, which may show it as open", next: pushAgain,
	},
	{
		kind: SinkPaused, owners: []Owner{Operations, ServiceDesk}, urgent: true,
		title: "Pushes to {place} by {route} are paused: {reason}",
		next:  "Mend the reason; they go on by themselves. See what waits: profilesync push list --sink {sink}",
	},
	{
		kind: PushRefused, owners: []Owner{ServiceDesk, Managers}, days: 2,
		title: "The profile of {organisation} was refused by {place}", next: pushAgain,
	},
	{
		kind: PushWaits, owners: []Owner{Managers, ServiceDesk}, days: 5,
		title: "A push of {organisation} waits: it would overwrite in {place} what nobody stated in its profile",
		next: "See what it would change: profilesync push preview {code}. State it in the profile, or overwrite it: " +
			"profilesync push retry {code} --sink {sink} --overwrite",
	},
	{
		kind: FieldUnsent, owners: []Owner{Managers, ServiceDesk}, days: 5,
		title: "Pushes of {organisation} leave out its {field}: {place} does not take it",
		next:  "See why: profilesync push preview {code}. Then correct it in the profile",
	},
	{
		kind: DriftGivenUp, owners: []Owner{ServiceDesk, Operations}, days: 5,
		title: "{organisation}: after three repairs {place} {shows}", next: "See both: profilesync drift --ods {code} --sink {sink}",
	},
}, ofChecks()...)

const pushAgain = "See why: profilesync push list --state refused --sink {sink}. Correct the profile, or push again: " +
	"profilesync push retry {code} --sink {sink}"

// OfCheck returns the kind of case that the findings of a quality check are.
func OfCheck(k quality.Kind) Kind { return "dos-" + Kind(k) }

func ofChecks() []rule {
	owners := map[quality.Owner][]Owner{
		quality.OwnerPharmacy:    {Managers, Board},
		quality.OwnerDoSLead:     {Board, ServiceDesk},
		quality.OwnerServiceDesk: {ServiceDesk, Operations},
	}
	checks := make([]rule, 0, len(quality.Kinds()))
	for _, k := range quality.Kinds() {
		checks = append(checks, rule{
			kind: OfCheck(k), owners: slices.Clone(owners[k.Owner()]), days: 10,
			title: "{organisation}: {detail}",
			next:  strings.TrimSuffix(k.Advice(), ".") + ". See it: profilesync checks list --kind {check} --code {code}",
		})
	}
	return checks
}
