package register

import (
	"strings"

	"github.com/profilesync/profilesync/reconcile/profile"
)

// Organisation is one organisation or site, with the facts from which every layout
// is written. Its texts may have the register's dirt (stray spaces, odd
// postcodes), which Clean removes. Slices are shared and must not be written to.
type Organisation struct { //nolint:recvcheck // readers get a value; only this package changes one in place
	Report   Report
	Code     string
	Name     string // upper case
	Region   string // NHS England region, Y60; W00 for Wales
	ICB      string // integrated care board; Q99 for Wales
	Area     string // government office region letter, A to K; W for Wales
	Address  Address
	Postcode string
	Opened   profile.Date
	Closed   profile.Date // zero for none; may contradict Standing
	Standing profile.Standing
	SubType  string // layout's own letter: B or Z, 1 to 3, D or P; else empty
	Phone    string // any spacing; empty if unknown
	Website  string // empty if unknown
	UPRN     string // digits

	Roles        []string // RO codes, the primary one first
	Operated     []Link   // RE6, oldest first: the last is the present one
	Commissioned []Link   // RE4, the same
	Successions  []Succession
	LastChange   profile.Date // the day ODS last touched the record

	serial int // stable number from which instance ids are counted
}

// Address holds separately the parts that the layouts combine in different ways.
type Address struct {
	Building string // often repeats the organisation's name
	Street   string
	Locality string
	Town     string
	County   string
}

// Link is a relationship over time; To is zero while it lasts.
type Link struct {
	Target   string
	From, To profile.Date
}

// Succession says that one organisation followed another in law
// (connectors/ods/CONTRACT.md "Succession").
type Succession struct {
	Type   string // Predecessor or Successor, as seen from the record
	Target string
	Start  profile.Date
}

// Role is one role of an organisation as the API states it.
type Role struct {
	Code    string
	ID      int // uniqueRoleId
	Primary bool
	Active  bool
	From    profile.Date
	To      profile.Date // zero while it lasts
	Legal   bool         // whether a legal period is stated beside the operational one
}

// Relationship is one relationship of an organisation as the API states it.
type Relationship struct {
	ID     int    // uniqueRelId
	Code   string // RE4, RE5 or RE6
	Target string
	Active bool
	From   profile.Date
	To     profile.Date // zero while it lasts
}

// Parent returns the present or last operator of the organisation; zero for none.
func (o Organisation) Parent() Link { return last(o.Operated) }

// Commissioner returns the present or last commissioner of the organisation.
func (o Organisation) Commissioner() Link { return last(o.Commissioned) }

func last(links []Link) Link {
	if len(links) == 0 {
		return Link{}
	}
	return links[len(links)-1]
}

// Open reports whether the API shows the organisation as active, as it does for
// dormant ones and those whose close date contradicts their status.
func (o Organisation) Open() bool { return o.Standing != profile.Inactive }

// Site reports whether the record is of class RC2, a site.
func (o Organisation) Site() bool { return o.Report == TrustSites || o.Report == Branches }

const instancesPerOrganisation = 64 // ids of one kind; enough for any history made here

// RoleInstances returns the roles with their periods and instance ids. About one in
// five records has a legal start (connectors/ods/CONTRACT.md "Dates").
func (o Organisation) RoleInstances() []Role {
	roles := make([]Role, 0, len(o.Roles))
	for i, code := range o.Roles {
		roles = append(roles, Role{
			Code: code, ID: o.serial*instancesPerOrganisation + i, Primary: i == 0, Active: o.Open(),
			From: o.Opened, To: o.Closed, Legal: o.serial%5 == 0,
		})
	}
	return roles
}

// Relationships returns every relationship, including past ones. The id of a
// relationship never changes: RE6 counts from 0, RE4 from 24, RE5 is 48.
func (o Organisation) Relationships() []Relationship {
	list := make([]Relationship, 0, len(o.Operated)+len(o.Commissioned)+1)
	add := func(first int, code string, links []Link) {
		for i, l := range links {
			list = append(list, Relationship{
				ID: o.serial*instancesPerOrganisation + first + i, Code: code, Target: l.Target,
				Active: l.To.IsZero(), From: l.From, To: l.To,
			})
		}
	}
	add(0, "RE6", o.Operated)
	add(24, "RE4", o.Commissioned)
	if o.ICB != "" && o.Report != Authorities {
		add(48, "RE5", []Link{{Target: o.ICB, From: o.Opened, To: o.Closed}})
	}
	return list
}

// Clean returns the organisation without its dirt: texts trimmed, the postcode with
// one space, the phone number grouped by its dialling code. The current exports are
// clean; the old files are as typed.
func (o Organisation) Clean() Organisation {
	for _, text := range []*string{&o.Name, &o.Address.Building, &o.Address.Street, &o.Address.Locality, &o.Address.Town} {
		*text = strings.TrimSpace(*text)
	}
	o.Postcode = cleanPostcode(o.Postcode)
	if o.Report != Trusts { // trusts keep their switchboard's own layout in every export
		o.Phone = cleanPhone(o.Phone)
	}
	return o
}

func cleanPostcode(s string) string {
	s = strings.ReplaceAll(s, " ", "")
	if len(s) < 5 {
		return s
	}
	return s[:len(s)-3] + " " + s[len(s)-3:]
}

func cleanPhone(s string) string {
	s = strings.ReplaceAll(s, " ", "")
	split := 5
	switch {
	case len(s) < 10:
		return s
	case strings.HasPrefix(s, "02"):
		split = 3
	case strings.HasPrefix(s, "011"), strings.HasPrefix(s, "01") && s[3] == '1':
		split = 4
	}
	return s[:split] + " " + s[split:]
}
