package fhir

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestWebsite(t *testing.T) {
	t.Parallel()
	for given, want := range map[string]string{
		"":                           "",
		"https://www.example.nhs.uk": "https://www.example.nhs.uk",
		"www.example.nhs.uk/a?b=c":   "http://www.example.nhs.uk/a?b=c",
		"HTTP://EXAMPLE.NHS.UK":      "HTTP://EXAMPLE.NHS.UK",
		"someone@example.nhs.uk":     "",
		"ftp://example.nhs.uk":       "",
		"http://":                    "",
		"no website":                 "",
		"http://[::1":                "",
	} {
		require.Equal(t, want, website(given), given)
	}
}
