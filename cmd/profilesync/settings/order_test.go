package settings

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// wrong returns settings with as many mistakes as possible.
func wrong() *Settings {
	return &Settings{
		Mode: "foo", LogLevel: "loud", Types: []string{"grocery"}, ODSReports: []string{"enothing", "enone"},
		ODSDownloads: "here", ODSAPI: "there",
		DoSURL: "dos", DoSReadURL: "read", DoSFHIRURL: "fhir", DoSFHIRTokenURL: "token", WebsiteURL: "web", WebsiteSearchURL: "search",
		PushSettle: -time.Second,
		ERSURL:     "ers", ERSTokenURL: "token", ERSAuth: "perhaps", ERSColumns: "none", ERSCredentials: "none",
		CheckRules: "grocery=off", Lists: `{"QZZ": "nobody", "QAA": "no one", "QMM": "none"}`,
	}
}

// named returns the settings in the order in which a text first mentions them.
func named(text string) (names []string) {
	for _, match := range regexp.MustCompile(`PROFILESYNC_(\w+)`).FindAllStringSubmatch(text, -1) {
		if !slices.Contains(names, match[1]) {
			names = append(names, match[1])
		}
	}
	return names
}

func TestWrongSettingsAreNamedInOneOrder(t *testing.T) {
	t.Parallel()
	first := wrong().check().Error()
	require.Equal(t, []string{
		"MODE", "LOG_LEVEL", "TYPES", "ODS_REPORTS", "ODS_DOWNLOADS_URL", "ODS_API_URL", "ODS_REQUESTS_PER_SECOND",
		"DOS_URL", "DOS_READ_URL", "DOS_FHIR_URL", "DOS_FHIR_TOKEN_URL", "WEBSITE_URL", "WEBSITE_SEARCH_URL",
		"DOS_API_KEY", "DOS_READ_USER", "DOS_READ_PASSWORD", "DOS_FHIR_CLIENT_ID", "DOS_FHIR_KEY_ID", "DOS_FHIR_PRIVATE_KEY",
		"WEBSITE_API_KEY", "DOS_REQUESTS_PER_SECOND", "DOS_READ_REQUESTS_PER_SECOND", "DOS_FHIR_REQUESTS_PER_SECOND",
		"WEBSITE_REQUESTS_PER_SECOND", "PUSH_WORKERS", "PROBE_EVERY", "PUSH_BACKOFF", "PUSH_SETTLE",
		"ERS_URL", "ERS_TOKEN_URL", "ERS_AUTH", "ERS_REQUESTS_PER_SECOND", "ERS_COLUMNS", "ERS_CREDENTIALS",
		"CHECK_RULES", "LISTS", "IDLE_MEMBER_DAYS", "IDLE_LEAD_DAYS", "IDLE_ADMINISTRATOR_DAYS", "IDLE_INVITATION_DAYS",
		"ROLE_OWNER", "ROLE_DAEMON", "ROLE_EDITOR", "ROLE_READER", "ROLE_CONSOLE",
	}, named(first))
	require.Contains(t, first, "list of QAA")
	for range 20 {
		require.Equal(t, first, wrong().check().Error())
	}
}

func TestWrongFilesAreNamedInOneOrder(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	open := filepath.Join(folder, "open")
	require.NoError(t, os.WriteFile(open, nil, 0o600))
	require.NoError(t, os.Chmod(open, 0o644))
	environment := []string{
		"PROFILESYNC_LISTS_FILE=" + open, "PROFILESYNC_MODE_FILE=" + filepath.Join(folder, "none"),
		"PROFILESYNC_DOS_API_KEY_FILE=" + open, "PROFILESYNC_LOG_LEVEL_FILE=" + open, "OTHER_FILE=" + filepath.Join(folder, "none"),
	}
	want := []string{"DOS_API_KEY_FILE", "LISTS_FILE", "MODE_FILE"}
	require.Equal(t, want, named(checkFiles(environment).Error()))
	slices.Reverse(environment)
	require.Equal(t, want, named(checkFiles(environment).Error()))
}
