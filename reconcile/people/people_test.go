package people_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/profilesync/profilesync/reconcile/people"
	"github.com/profilesync/profilesync/reconcile/profile"
)

// Canaries are personal data of tests: they may appear only in messages.
const (
	canaryAddress = "canary.secret@example.nhs.test"
	canaryName    = "Canary Secretperson"
)

func canaryEmail() people.EmailAddress {
	address, err := people.ParseEmailAddress(canaryAddress)
	if err != nil {
		panic(err)
	}
	return address
}

// pharmacyOf returns a membership of a pharmacy with nothing checked.
func pharmacyOf(code string, role people.MemberRole) people.MemberOf {
	return people.MemberOf{Role: role, CheckedOrg: people.CheckedOrg{
		Code: profile.ODSCode(code), Name: "Example Pharmacy", Type: profile.Pharmacy, ICB: "QWE",
	}}
}

// member returns an active person with an address, last active on a day.
func member(active string, orgs ...people.MemberOf) people.Person {
	return people.Person{
		ID: 7, Kind: people.KindMember, State: people.AccountActive, Address: canaryEmail(), Name: people.NewPersonName(canaryName),
		LastActive: noon(active), Orgs: orgs,
	}
}

func TestAccountIDs(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		id := people.AccountID(rapid.Int64Min(1).Draw(t, "id"))
		for _, text := range []string{id.String(), id.String()[2:], " " + id.String() + "\n"} {
			got, err := people.ParseAccountID(text)
			require.NoError(t, err)
			require.Equal(t, id, got)
		}
	})
	for _, text := range []string{"", "u-", "u-0", "u--1", "-1", "u-1.5", "x-1", "u-99999999999999999999", "u-u-1", canaryAddress} {
		_, err := people.ParseAccountID(text)
		require.EqualError(t, err, "account: want an id as u-4711", "an address typed by mistake is not repeated")
	}
}

func TestReachable(t *testing.T) {
	t.Parallel()
	for state, want := range map[people.AccountState]bool{
		people.AccountActive:      true,
		people.AccountDeactivated: true, // is told that the account ended
		people.AccountInvited:     false,
		people.AccountExpired:     false,
	} {
		p := people.Person{State: state}
		require.Equal(t, want, p.Reachable(), state)
		p.Dead = true
		require.False(t, p.Reachable(), state)
	}
}

func TestAPersonPrintsNothingPersonal(t *testing.T) {
	t.Parallel()
	p := member("2026-05-12", pharmacyOf("FA123", people.RoleManager))
	p.Warned = []people.IdleWarning{{Kind: people.LetterInactive30, Accepted: time.Unix(1, 0)}}
	requireNoLeak(t, p)
	requireNoLeak(t, &p)
	requireNoLeak(t, []people.Person{p})
	requireNoLeak(t, people.DueLetter{Person: &p, SubjectPerson: &p})
}
