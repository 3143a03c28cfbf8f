package quality_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/profilesync/profilesync/reconcile/profile"
	"github.com/profilesync/profilesync/reconcile/quality"
)

// DoS leads and programs know the checks by these names.
func TestEachCheckHasAnOwnerAndSaysWhatToDo(t *testing.T) {
	t.Parallel()
	owners := map[quality.Kind]quality.Owner{
		"invalid-hours": "pharmacy", "overlapping-hours": "pharmacy", "no-dos-place": "dos-lead", "missing-service-type": "dos-lead",
		"duplicate-service-type": "dos-lead", "generic-bank-holiday": "dos-lead", "open-all-hours": "dos-lead", "gone-but-active": "dos-lead",
		"invalid-dos-hours": "dos-lead", "overlapping-dos-hours": "dos-lead", "postcode-unknown": "service-desk",
		"contradiction": "pharmacy", "wrong-z-code": "dos-lead",
	}
	require.Len(t, quality.Kinds(), len(owners))
	for _, kind := range quality.Kinds() {
		require.Equal(t, owners[kind], kind.Owner(), kind)
		require.Contains(t, quality.Owners(), kind.Owner(), kind)
		require.Regexp(t, `^[A-Z].{20,}\.$`, kind.Advice(), kind)
		parsed, err := quality.ParseKind(string(kind))
		require.NoError(t, err)
		require.Equal(t, kind, parsed)
	}
	for _, owner := range quality.Owners() {
		parsed, err := quality.ParseOwner(string(owner))
		require.NoError(t, err)
		require.Equal(t, owner, parsed)
	}
	_, err := quality.ParseKind("opening-hours")
	require.ErrorContains(t, err, `quality check "opening-hours": want one of [invalid-hours`)
	_, err = quality.ParseOwner("")
	require.EqualError(t, err, `owner "": want one of [pharmacy dos-lead service-desk]`)
	require.Empty(t, quality.Kind("").Owner())
}

func TestConclude(t *testing.T) {
	t.Parallel()
	shown := quality.Checked{Expected: true, Shown: true}
	missing := quality.Checked{Expected: true}
	gone := quality.Checked{} // closed: DoS need not show it
	unread := quality.Checked{Unreadable: "500"}
	all := func(of quality.Checked, n int) []quality.Checked { return slices.Repeat([]quality.Checked{of}, n) }
	for name, test := range map[string]struct {
		all  []quality.Checked
		want quality.Result
	}{
		"nothing":        {nil, quality.Result{State: quality.Done}},
		"few are shown":  {all(missing, 10), quality.Result{State: quality.Done, Checked: 10}},
		"half are shown": {append(all(missing, 11), all(shown, 11)...), quality.Result{State: quality.Done, Checked: 22}},
		"fewer": {append(all(missing, 12), all(shown, 11)...), quality.Result{
			State: quality.Alarm, Checked: 23, Reason: "DoS shows no service of 12 of 23 pharmacies: nothing is stored until a person has looked",
		}},
		"closed and unreadable": {append(all(gone, 50), all(unread, 50)...), quality.Result{State: quality.Done, Checked: 100, Unreadable: 50}},
	} {
		require.Equal(t, test.want, quality.Conclude(test.all), name)
	}
}

func TestFindingsAreOrderedByWhatTheyAre(t *testing.T) {
	t.Parallel()
	var all []quality.Finding
	for _, text := range []string{"FA001 a s x", "FA001 a s y", "FA001 a t x", "FA001 b s x", "FA002 a s x"} {
		words := strings.Fields(text)
		all = append(all, quality.Finding{Code: profile.ODSCode(words[0]), Kind: quality.Kind(words[1]), Service: words[2], About: words[3]})
	}
	sorted := slices.Clone(all)
	slices.Reverse(sorted)
	slices.SortFunc(sorted, quality.Finding.Compare)
	require.Equal(t, all, sorted)
	other := all[0]
	other.Detail = "other words"
	require.Zero(t, all[0].Compare(other), "it is the same finding")
}
