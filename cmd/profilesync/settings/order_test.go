package settings

import (
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// wrong returns an environment with as many mistakes as possible.
func wrong() []string {
	return []string{
		"PROFILESYNC_MODE=foo", "PROFILESYNC_LOG_LEVEL=loud", "PROFILESYNC_TYPES=grocery", "PROFILESYNC_ODS_REPORTS=enothing,enone",
		"PROFILESYNC_DATABASE_URL=postgres://[/", "PROFILESYNC_ODS_DOWNLOADS_URL=here", "PROFILESYNC_ODS_API_URL=there",
		"PROFILESYNC_ODS_REQUESTS_PER_SECOND=0", "PROFILESYNC_HTTP_ADDRESS=8383", "PROFILESYNC_HTTP_OPEN=perhaps",
		"PROFILESYNC_HTTP_HOSTS=https://reports.example",
		"PROFILESYNC_API_ADDRESS=8384", "PROFILESYNC_API_TLS_CERT=none", "PROFILESYNC_API_PUBLIC_URL=http://console.example",
		"PROFILESYNC_API_SESSION_IDLE=1s", "PROFILESYNC_API_SESSION_LIFETIME=0s", "PROFILESYNC_OIDC_ISSUER=http://identity.example",
		"PROFILESYNC_OIDC_VERBS=leads", "PROFILESYNC_OIDC_ACTOR_CLAIM=email",
		"PROFILESYNC_DOS_URL=dos", "PROFILESYNC_DOS_READ_URL=read", "PROFILESYNC_DOS_FHIR_URL=fhir", "PROFILESYNC_DOS_FHIR_TOKEN_URL=token",
		"PROFILESYNC_WEBSITE_URL=web", "PROFILESYNC_WEBSITE_SEARCH_URL=search", "PROFILESYNC_DOS_REQUESTS_PER_SECOND=0",
		"PROFILESYNC_DOS_READ_REQUESTS_PER_SECOND=fast", "PROFILESYNC_DOS_FHIR_REQUESTS_PER_SECOND=-1",
		"PROFILESYNC_WEBSITE_REQUESTS_PER_SECOND=0", "PROFILESYNC_PUSH_SETTLE=-1s", "PROFILESYNC_PUSH_WORKERS=many",
		"PROFILESYNC_PUSH_BACKOFF=0s", "PROFILESYNC_PROBE_EVERY=often",
		"PROFILESYNC_ERS_URL=ers", "PROFILESYNC_ERS_AUTH=perhaps", "PROFILESYNC_ERS_TOKEN_URL=token", "PROFILESYNC_ERS_CREDENTIALS=none",
		"PROFILESYNC_ERS_REQUESTS_PER_SECOND=0", "PROFILESYNC_ERS_COLUMNS=none", "PROFILESYNC_FILE_LIMIT_MIB=0",
		"PROFILESYNC_APPROVAL_BY_ANOTHER=perhaps", "PROFILESYNC_CALENDAR_URL_FILE=/nowhere/calendar", "PROFILESYNC_CHECK_RULES=grocery=off",
		"PROFILESYNC_IDLE_MEMBER_DAYS=1", "PROFILESYNC_IDLE_LEAD_DAYS=1", "PROFILESYNC_IDLE_ADMINISTRATOR_DAYS=1",
		"PROFILESYNC_IDLE_INVITATION_DAYS=0", "PROFILESYNC_SIGN_IN_URL=here", `PROFILESYNC_LISTS={"QZZ": "nobody", "QAA": "no one"}`,
		"PROFILESYNC_REPORT_URL=here", "PROFILESYNC_REPORT_TOKENS=tiny", "PROFILESYNC_REPORT_LINK_DAYS=0",
		"PROFILESYNC_MAIL=smtp", "PROFILESYNC_MAIL_PER_DAY=0", "PROFILESYNC_MAIL_PER_SECOND=0",
		"PROFILESYNC_MAIL_FROM=nobody", "PROFILESYNC_NOTIFY_CALLBACK_TOKEN=tiny", "PROFILESYNC_SMTP_PORT=-1",
		"PROFILESYNC_SMTP_TLS=some", "PROFILESYNC_SMTP_USER=someone", "PROFILESYNC_ZEBRA=1", "PROFILESYNC_ANT=1",
		"PROFILESYNC_ROLE_OWNER=public", "PROFILESYNC_ROLE_EDITOR=pg_all", "PROFILESYNC_ROLE_CONSOLE=profilesync_daemon",
	}
}

// named returns the settings that each line of a text names first, without _FILE.
func named(text string) (names []string) {
	for _, match := range regexp.MustCompile(`(?m)^setting PROFILESYNC_(\w+)`).FindAllStringSubmatch(text, -1) {
		names = append(names, strings.TrimSuffix(match[1], "_FILE"))
	}
	return names
}

func TestEverythingWrongIsNamedInOneOrder(t *testing.T) {
	t.Parallel()
	_, order := fields()
	missing := []string{
		"DOS_API_KEY", "DOS_READ_USER", "DOS_READ_PASSWORD", "DOS_FHIR_CLIENT_ID", "DOS_FHIR_KEY_ID", "DOS_FHIR_PRIVATE_KEY",
		"WEBSITE_API_KEY", "REPORT_KEYS", "SMTP_HOST", "API_TLS_KEY", "OIDC_CLIENT_ID", "SMTP_PASSWORD",
	}
	right := []string{"MAIL", "SMTP_USER", "API_TLS_CERT"}
	environment := wrong()
	want := []string{"ANT", "ZEBRA"}
	for _, name := range order {
		if name == "ODS_REPORTS" {
			want = append(want, name) // two of them are wrong
		}
		if slices.Contains(missing, name) || !slices.Contains(right, name) && slices.ContainsFunc(environment, func(entry string) bool {
			return strings.HasPrefix(entry, "PROFILESYNC_"+name+"=") || strings.HasPrefix(entry, "PROFILESYNC_"+name+"_FILE=")
		}) {
			want = append(want, name)
		}
	}
	_, err := load(t.Context(), environment)
	require.ErrorAs(t, err, new(Error))
	first := err.Error()
	require.Equal(t, want, named(first), first)
	require.Contains(t, first, "list of QAA")
	for range 20 {
		slices.Reverse(environment)
		_, err := load(t.Context(), environment)
		require.EqualError(t, err, first)
	}
}

func TestWhatIsWrongIsNamedByTheSettingNotByTheField(t *testing.T) {
	t.Parallel()
	_, err := load(t.Context(), wrong())
	byName, _ := fields()
	for name, field := range byName {
		if strings.ToUpper(field.Name) != name {
			require.NotRegexp(t, `\b`+field.Name+`\b`, err.Error(), name)
		}
	}
	require.NotContains(t, err.Error(), "strconv")
	require.NotContains(t, err.Error(), "tiny", "a secret")
}

func TestAValueOfTheWrongKindSaysWhatIsWanted(t *testing.T) {
	t.Parallel()
	want := map[string]string{
		"time.Duration": "a duration like 30s or 5m", "int": "a whole number", "float64": "a number", "bool": "true or false",
	}
	byName, order := fields()
	checked := 0
	for _, name := range order {
		words, typed := want[byName[name].Type.String()]
		if !typed {
			continue
		}
		checked++
		_, err := load(t.Context(), []string{"PROFILESYNC_" + name + "=x"})
		require.EqualError(t, err, "setting PROFILESYNC_"+name+"=x: want "+words)
	}
	require.Greater(t, checked, 15)
}

func TestAMissingKeyIsNotNamedBesideItsFile(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "key")
	_, err := load(t.Context(), []string{"PROFILESYNC_DOS_URL=https://dos.example", "PROFILESYNC_DOS_API_KEY_FILE=" + path})
	require.EqualError(t, err, "setting PROFILESYNC_DOS_API_KEY_FILE: the file that it names cannot be opened: no such file or directory")
}
