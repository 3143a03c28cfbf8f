package outside

import (
	"cmp"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strconv"

	"github.com/profilesync/profilesync/connectors/dos/dostest"
	"github.com/profilesync/profilesync/connectors/website/websitetest"
)

// tally counts what became of pushes: effects, which all are meant to happen
// once, and what must never happen.
type Tally struct {
	DoS     DoSTally     `json:"dos"`
	Website WebsiteTally `json:"website"`
}

type DoSTally struct {
	Applied   int `json:"applied"`
	Hidden    int `json:"hidden"`    // change events of what is closed: taken, and the entry left as it is
	Refused   int `json:"refused"`   // FHIR updates with a value that DoS takes from nobody
	Lost      int `json:"lost"`      // dropped, rejected or unmatched after a good answer
	Twice     int `json:"twice"`     // applied twice under one sequence number
	Backwards int `json:"backwards"` // a lower sequence number after a higher one
}

type WebsiteTally struct {
	Stored    int `json:"stored"`
	Refused   int `json:"refused"` // for whatever reason, also what was stored before
	Twice     int `json:"twice"`
	Backwards int `json:"backwards"`
}

// dos and website count the pushes that were worked off, total both.
func (t Tally) ToDoS() int { return t.DoS.Applied + t.DoS.Hidden + t.DoS.Refused }

func (t Tally) ToWebsite() int { return t.Website.Stored }

func (t Tally) Total() int { return t.ToDoS() + t.ToWebsite() }

// since is what came on top of an earlier tally.
func (t Tally) Since(before Tally) Tally {
	return Tally{
		DoS: DoSTally{
			t.DoS.Applied - before.DoS.Applied, t.DoS.Hidden - before.DoS.Hidden, t.DoS.Refused - before.DoS.Refused,
			t.DoS.Lost - before.DoS.Lost, t.DoS.Twice - before.DoS.Twice, t.DoS.Backwards - before.DoS.Backwards,
		},
		Website: WebsiteTally{
			t.Website.Stored - before.Website.Stored, t.Website.Refused - before.Website.Refused,
			t.Website.Twice - before.Website.Twice, t.Website.Backwards - before.Website.Backwards,
		},
	}
}

// entries are what both sinks show of a pharmacy. Sequence numbers are those of
// the newest effects, 0 before the first.
type Entries struct {
	DoSSequence, WebsiteSequence int64
	Phone, Weekly, Dated         string // in DoS, in its spelling
}

// both reports whether both sinks took something newer.
func (e Entries) BothNewerThan(before Entries) bool {
	return e.DoSSequence > before.DoSSequence && e.WebsiteSequence > before.WebsiteSequence
}

// tally counts from the ledgers.
func (o *Systems) Tally() Tally {
	dos, website := o.dos.Summary(), o.website.Summary()
	t := Tally{
		DoS: DoSTally{
			Applied: dos.Effects[dostest.Applied], Hidden: dos.Effects[dostest.Hidden], Twice: dos.Twice, Backwards: dos.Backwards,
			Refused: dos.Requests[strconv.Itoa(http.StatusUnprocessableEntity)], // no change event gets that
		},
		Website: WebsiteTally{Stored: website.Effects[websitetest.Stored], Twice: website.Twice, Backwards: website.Backwards},
	}
	for outcome, n := range dos.Effects {
		if outcome != dostest.Applied && outcome != dostest.Hidden {
			t.DoS.Lost += n
		}
	}
	for outcome, n := range website.Effects {
		if outcome != websitetest.Stored {
			t.Website.Refused += n
		}
	}
	return t
}

func (o *Systems) RefusedPractices() (codes []string) {
	for _, e := range o.dos.Ledger() {
		if e.Kind == dostest.KindUpdate && e.Status == http.StatusUnprocessableEntity {
			codes = append(codes, e.Code)
		}
	}
	return codes
}

func (o *Systems) Entries(code string) (e Entries) {
	for _, effect := range o.dos.Effects(code) {
		if effect.Outcome == dostest.Applied {
			e.DoSSequence = effect.Sequence
		}
	}
	for _, state := range o.website.States(code) {
		e.WebsiteSequence = state.Sequence
	}
	for _, service := range o.dos.Services(code) {
		if service.Type == dostest.TypePharmacy {
			e.Phone, e.Weekly, e.Dated = service.Phone, service.Weekly, service.Specified
		}
	}
	return e
}

func (o *Systems) Alter(code, field, value string) error { return o.website.Change(code, field, value) }

// clinic is a service that the website shows of a profile.
type ShownService struct {
	ID   string `json:"ServiceCode"`
	Name string `json:"ServiceName"`
}

// clinics are the services that the website shows of a site, in the order of
// their ids as text.
func (o *Systems) ServicesShown(code string) (shown []ShownService, err error) {
	for _, state := range o.website.States(code) {
		var document struct {
			Services []ShownService `json:"Services"`
		}
		if err := json.Unmarshal(state.Document, &document); err != nil {
			return nil, fmt.Errorf("what the website shows of %s: %w", code, err)
		}
		shown = append(shown, document.Services...)
	}
	slices.SortFunc(shown, func(a, b ShownService) int { return cmp.Compare(a.ID, b.ID) })
	return shown, nil
}
