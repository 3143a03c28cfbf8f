package runs_test

import (
	"crypto/sha256"
	"encoding/hex"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/profilesync/profilesync/reconcile/profile"
	"github.com/profilesync/profilesync/reconcile/runs"
)

// A change is what it does, whatever its reason and whether it was undone.
func TestChangeDigest(t *testing.T) {
	t.Parallel()
	c := rename("FA001", "A", "B")
	for name, edit := range map[string]func(*runs.Change){
		"code":          func(c *runs.Change) { c.Code = "FA002" },
		"verb":          func(c *runs.Change) { c.Verb = runs.Close },
		"field":         func(c *runs.Change) { c.Field = profile.FieldICB },
		"old":           func(c *runs.Change) { c.Old = "" },
		"new":           func(c *runs.Change) { c.New = "C" },
		"cut elsewhere": func(c *runs.Change) { c.Old, c.New = "AB", "" },
	} {
		other := c
		edit(&other)
		require.NotEqual(t, c.Digest(), other.Digest(), name)
	}
	other := c
	other.Type, other.Reason, other.Undone = profile.Trust, runs.BecauseDrift, true
	require.Equal(t, c.Digest(), other.Digest())
}

// The store takes the digest over its plan rows, which it sorts by code and
// field name; ours must be the same.
func TestDigestOrderIsTheStores(t *testing.T) {
	t.Parallel()
	var changes []runs.Change
	for _, code := range codes {
		for _, f := range profile.Fields() {
			changes = append(changes, runs.Change{Code: code, Verb: runs.Update, Field: f, New: "x"})
		}
	}
	slices.SortFunc(changes, func(a, b runs.Change) int {
		return strings.Compare(string(a.Code)+"\x00"+a.Field.String(), string(b.Code)+"\x00"+b.Field.String())
	})
	h := sha256.New()
	for _, c := range changes {
		digest := c.Digest()
		h.Write(digest[:])
	}
	slices.Reverse(changes)
	require.Equal(t, hex.EncodeToString(h.Sum(nil)), runs.Plan{Changes: changes}.Digest())
}

func TestDigestLeavesThePlanAsItIs(t *testing.T) {
	t.Parallel()
	changes := []runs.Change{rename("FA002", "A", "B"), rename("FA001", "A", "B")}
	runs.DigestOf(changes)
	require.Equal(t, profile.ODSCode("FA002"), changes[0].Code)
}

func TestGroupsCount(t *testing.T) {
	t.Parallel()
	groups := map[runs.Group]int{
		updating(profile.Trust, profile.FieldName): 3, undone(updating(profile.Trust, profile.FieldName)): 1,
		closing(profile.Trust): 2, absent(profile.Pharmacy): 1, {Type: profile.Trust, Verb: runs.Create}: 4,
	}
	require.Equal(t, groups, groupsIn(planOf(groups).Changes))
}
