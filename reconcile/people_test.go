package reconcile_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/profilesync/profilesync/reconcile"
)

// Canaries are personal data of tests: they may show in nothing but messages.
const (
	canaryAddress = "canary.secret@example.nhs.test"
	canaryName    = "Canary Secretperson"
)

func canary() reconcile.EmailAddress {
	address, err := reconcile.ParseEmailAddress(canaryAddress)
	if err != nil {
		panic(err)
	}
	return address
}

// pharmacyOf has nothing checked.
func pharmacyOf(code string, role reconcile.MemberRole) reconcile.MemberOf {
	return reconcile.MemberOf{Role: role, CheckedOrg: reconcile.CheckedOrg{
		Code: reconcile.ODSCode(code), Name: "Example Pharmacy", Type: reconcile.Pharmacy, ICB: "QWE",
	}}
}

// member is an active person with an address, who was active on a day.
func member(active string, orgs ...reconcile.MemberOf) reconcile.Person {
	return reconcile.Person{
		ID: 7, Kind: reconcile.KindMember, State: reconcile.AccountActive, Address: canary(), Name: reconcile.NewPersonName(canaryName),
		LastActive: noon(active), Orgs: orgs,
	}
}

func TestAccountIDs(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		id := reconcile.AccountID(rapid.Int64Min(1).Draw(t, "id"))
		for _, text := range []string{id.String(), id.String()[2:], " " + id.String() + "\n"} {
			got, err := reconcile.ParseAccountID(text)
			require.NoError(t, err)
			require.Equal(t, id, got)
		}
	})
	for _, text := range []string{"", "u-", "u-0", "u--1", "-1", "u-1.5", "x-1", "u-99999999999999999999", "u-u-1", canaryAddress} {
		_, err := reconcile.ParseAccountID(text)
		require.EqualError(t, err, "account: want an id as u-4711", "an address typed by mistake is not repeated")
	}
}

func TestReachable(t *testing.T) {
	t.Parallel()
	for state, want := range map[reconcile.AccountState]bool{
		reconcile.AccountActive:      true,
		reconcile.AccountDeactivated: true, // is told that the account ended
		reconcile.AccountInvited:     false,
		reconcile.AccountExpired:     false,
	} {
		p := reconcile.Person{State: state}
		require.Equal(t, want, p.Reachable(), state)
		p.Dead = true
		require.False(t, p.Reachable(), state)
	}
}

func TestAPersonPrintsNothingPersonal(t *testing.T) {
	t.Parallel()
	p := member("2026-05-12", pharmacyOf("FA123", reconcile.RoleManager))
	p.Warned = []reconcile.IdleWarning{{Kind: reconcile.LetterInactive30, Accepted: time.Unix(1, 0)}}
	neverLeaks(t, p)
	neverLeaks(t, &p)
	neverLeaks(t, []reconcile.Person{p})
	neverLeaks(t, reconcile.Post{Person: &p, Other: &p})
}
