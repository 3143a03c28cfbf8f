package settings

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// FuzzSettings: any environment is taken or refused, and no error repeats a secret.
// Each line of the text sets one setting, and a line without "=" none.
func FuzzSettings(f *testing.F) {
	f.Add("MODE=live\nLOG_LEVEL=info\nERS_AUTH=none")
	f.Add("LISTS={\"QOX\":\"canary@example.org\"}\nERS_COLUMNS={\"ID\":\"a\"}")
	f.Add("LISTS={\"QOX\":\"canary\"}\nERS_CREDENTIALS={\"name\":\"a\",\"private_key\":\"canary\"}{")
	f.Add("DOS_URL=http://user:canary@example.org\nTYPES=pharmacy,,x\nERS_COLUMNS=[]")
	f.Fuzz(func(t *testing.T, text string) {
		var environment []string
		for line := range strings.Lines(text) {
			line = strings.TrimSuffix(line, "\n")
			if name, _, ok := strings.Cut(line, "="); ok && !strings.HasSuffix(name, "_FILE") {
				environment = append(environment, "PROFILESYNC_"+line)
			}
		}
		s, err := load(t.Context(), environment)
		if err != nil {
			byName, _ := fields()
			for _, entry := range environment {
				name, secret, _ := strings.Cut(strings.TrimPrefix(entry, prefix), "=")
				if len(secret) > 20 && byName[name].Type == secretType {
					require.NotContains(t, err.Error(), secret)
				}
			}
			return
		}
		lists, err := s.MailingLists()
		require.NoError(t, err, "what was checked can be read")
		require.NotContains(t, lists, "")
		if s.ERSAuth == ersNone || s.ERSCredentials != "" {
			applications, err := s.ersApplications(s.ERSCredentials.Reveal())
			require.NoError(t, err, "what was checked can be read")
			require.NotEmpty(t, applications)
		}
		_, err = s.ExtractColumns()
		require.NoError(t, err, "what was checked can be read")
	})
}

// FuzzExtractColumns: an object of columns is read, or refused.
func FuzzExtractColumns(f *testing.F) {
	f.Add(`{"ID":"service_id"}`)
	f.Add(`{"Id":1}`)
	f.Add(`{"ID":"a","ID":"b"}{`)
	f.Fuzz(func(t *testing.T, text string) {
		columns, err := ParseExtractColumns(strings.NewReader(text))
		if err != nil {
			require.ErrorContains(t, err, "want a JSON object of columns")
			return
		}
		s := Settings{ERSColumns: text}
		again, err := s.ExtractColumns()
		require.True(t, err != nil || text == "" || columns == again)
	})
}
