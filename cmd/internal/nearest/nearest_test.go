package nearest_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/profilesync/profilesync/cmd/internal/nearest"
)

func TestTheNearestName(t *testing.T) {
	t.Parallel()
	states := []string{"wanted", "accepted", "refused", "waits"}
	for name, want := range map[string]string{
		"acepted": "accepted", "WAITS": "waits", "refuse": "refused", "": "waits", "wait": "waits", "accepted": "accepted",
	} {
		require.Equal(t, want, nearest.Of(name, states), name)
	}
	require.Equal(t, "FA001", nearest.Of("FA0O1", []string{"FA002", "FA001"}))
	require.Equal(t, "a", nearest.Of("x", []string{"b", "a"}), "of several, the first")
	require.Empty(t, nearest.Of("x", []string(nil)))
	require.EqualError(t, nearest.Wrong("state", "waist", states),
		`state "waist": want wanted, accepted, refused or waits; did you mean waits?`)
	require.Equal(t, "a", nearest.List([]string{"a"}))
}
