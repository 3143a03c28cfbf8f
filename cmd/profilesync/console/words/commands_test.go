package words_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/profilesync/profilesync/cmd/profilesync/console/words"
)

func TestPagesNameNoCommands(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"the date in the name of etr_2026-12-31.csv has not come yet (today is 2026-06-03); give its date with --as-of": "the date in the " +
			"name of etr_2026-12-31.csv has not come yet (today is 2026-06-03); give the day that the listing speaks of",
		"rehearse needs the day of a.csv: give it with " +
			"--as-of": "rehearse needs the day of a.csv: give the day that the listing speaks of",
		"it is no day to come; plan it without --rehearse": "it is no day to come; " +
			"make a plan that is no rehearsal",
		": e-RS has no listings; see `profilesync ers register import`":                ": e-RS has no listings",
		"there is no report yet: `profilesync report make` makes the due ones":         "there is no report yet",
		"try again when it has ended (`profilesync runs list`)":                        "try again when it has ended",
		"its digest is abc; look again with `profilesync runs waiting`":                "its digest is abc",
		"use a newer one, or `profilesync listings reset etr --to DATE --reason TEXT`": "use a newer one",
		"so large an undo needs --confirm 12":                                          "so large an undo needs confirm 12",
		"give one of --send-now and --look-only":                                       "give one of send now and look only",
		"no command: at 10:30, RR8 (Leeds)":                                            "no command: at 10:30, RR8 (Leeds)",
	} {
		require.Equal(t, want, words.NoCommands(text), text)
	}
}
