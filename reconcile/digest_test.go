package reconcile_test

import (
	"crypto/sha256"
	"encoding/hex"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/profilesync/profilesync/reconcile"
)

// A change is what it does, whatever its reason and whether it was undone.
func TestChangeDigest(t *testing.T) {
	t.Parallel()
	c := rename("FA001", "A", "B")
	for name, edit := range map[string]func(*reconcile.Change){
		"code":          func(c *reconcile.Change) { c.Code = "FA002" },
		"verb":          func(c *reconcile.Change) { c.Verb = reconcile.Close },
		"field":         func(c *reconcile.Change) { c.Field = reconcile.FieldICB },
		"old":           func(c *reconcile.Change) { c.Old = "" },
		"new":           func(c *reconcile.Change) { c.New = "C" },
		"cut elsewhere": func(c *reconcile.Change) { c.Old, c.New = "AB", "" },
	} {
		other := c
		edit(&other)
		require.NotEqual(t, c.Digest(), other.Digest(), name)
	}
	other := c
	other.Type, other.Reason, other.Undone = reconcile.Trust, reconcile.BecauseDrift, true
	require.Equal(t, c.Digest(), other.Digest())
}

// The store takes the digest over its plan rows, which it sorts by code and
// field name; ours must be the same.
func TestDigestOrderIsTheStores(t *testing.T) {
	t.Parallel()
	var changes []reconcile.Change
	for _, code := range codes {
		for _, f := range reconcile.Fields() {
			changes = append(changes, reconcile.Change{Code: code, Verb: reconcile.Update, Field: f, New: "x"})
		}
	}
	slices.SortFunc(changes, func(a, b reconcile.Change) int {
		return strings.Compare(string(a.Code)+"\x00"+a.Field.String(), string(b.Code)+"\x00"+b.Field.String())
	})
	h := sha256.New()
	for _, c := range changes {
		digest := c.Digest()
		h.Write(digest[:])
	}
	slices.Reverse(changes)
	require.Equal(t, hex.EncodeToString(h.Sum(nil)), reconcile.Plan{Changes: changes}.Digest())
}

func TestDigestLeavesThePlanAsItIs(t *testing.T) {
	t.Parallel()
	changes := []reconcile.Change{rename("FA002", "A", "B"), rename("FA001", "A", "B")}
	reconcile.DigestOf(changes)
	require.Equal(t, reconcile.ODSCode("FA002"), changes[0].Code)
}

func TestGroupsCount(t *testing.T) {
	t.Parallel()
	groups := map[reconcile.Group]int{
		updating(reconcile.Trust, reconcile.FieldName): 3, undone(updating(reconcile.Trust, reconcile.FieldName)): 1,
		closing(reconcile.Trust): 2, absent(reconcile.Pharmacy): 1, {Type: reconcile.Trust, Verb: reconcile.Create}: 4,
	}
	require.Equal(t, groups, planOf(groups).Groups())
}
