package casepages

import (
	"github.com/profilesync/profilesync/cmd/profilesync/console/page"
	"github.com/profilesync/profilesync/connectors/postgres/casestore"
	"github.com/profilesync/profilesync/connectors/postgres/runstore"
	"github.com/profilesync/profilesync/reconcile/cases"
)

// seeRuns are the kinds of cases that end with a decision on what runs withheld.
var seeRuns = map[cases.Kind]bool{
	cases.MassChangeWithheld: true, cases.RemovalsWithheld: true, cases.MeaningChanged: true, cases.UndoneWithheld: true,
	cases.ShortListing: true,
}

// seePages are pages on which something can be done about a kind.
var seePages = map[cases.Kind]page.Link{
	cases.ListingRefused:    {Text: "See the runs", To: "/runs?source=ods"},
	cases.SourceLate:        {Text: "See the sources", To: "/now#sources"},
	cases.QuarantinedRecord: {Text: "See the records that were not understood", To: "/records"},
	cases.Contradiction:     {Text: "See all that are active after their end", To: "/records/contradictions"},
	cases.Missing:           {Text: "See the records to look at", To: "/records/flags"},
	cases.LeftType:          {Text: "See the records to look at", To: "/records/flags"},
	cases.Deleted:           {Text: "See the records to look at", To: "/records/flags"},
	cases.SinkPaused:        {Text: "See the sinks", To: "/now#sinks"},
	cases.PushRefused:       {Text: "See the pushes that were refused", To: "/pushes?state=refused"},
	cases.PushWaits:         {Text: "See the pushes that wait", To: "/pushes?state=waits"},
	cases.DriftGivenUp:      {Text: "See what differs", To: "/drift"},
	cases.AccountsWithheld:  {Text: "Decide on the accounts that would end", To: "/accounts/inactive"},
	cases.NoRecipient:       {Text: "See the accounts", To: "/accounts"},
	cases.LetterBounced:     {Text: "See the letters", To: "/letters"},
}

// closures are the kinds of cases about places that have closed in reality.
var closures = map[cases.Kind]bool{cases.ClosedInReality: true, cases.ClosureConfirmed: true}

// doors lead to where something can be done about a case.
func doors(c casestore.Listed, waiting []runstore.WaitingRun) (links page.Links) {
	if seeRuns[c.Kind] {
		for _, w := range waiting {
			if w.Report == c.Facts["report"] || c.Facts["report"] == "" {
				links = append(links, page.Link{
					Text: "Decide on what waits of run " + w.Run.String(), To: "/runs/" + w.Run.String() + "#waiting",
					Hint: page.Many(w.Rows, "change", "changes"),
				})
			}
		}
	}
	if link := seePages[c.Kind]; link.To != "" {
		links = append(links, link)
	}
	if closures[c.Kind] && c.Code != "" {
		links = append(links, page.Link{Text: "See what was said about its closure", To: "/closures/" + string(c.Code)})
	}
	if c.Code != "" {
		links = append(links, page.Link{Text: "See the profile " + string(c.Code), To: "/profiles/" + string(c.Code)})
	}
	return links
}
