package console_test

import (
	"net/http/httptest"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/profilesync/profilesync/cmd/profilesync/console"
	"github.com/profilesync/profilesync/cmd/profilesync/login"
	"github.com/profilesync/profilesync/connectors/postgres/pgtest"
)

func TestMain(m *testing.M) { pgtest.Main(m) }

func TestSignInPage(t *testing.T) {
	t.Parallel()
	answer := httptest.NewRecorder()
	console.SignInPage(answer, nil, login.Message{
		Status: 403, Title: "You may not use this", Text: "You are in none of the <groups>.", Reference: "ABC", Again: true,
	})
	require.Equal(t, 403, answer.Code)
	for _, text := range []string{
		"<h1>You may not use this</h1>", "none of the &lt;groups&gt;.", "quote this reference: ABC", `href="/sign-in"`,
	} {
		require.Contains(t, answer.Body.String(), text)
	}
	answer = httptest.NewRecorder()
	console.SignInPage(answer, nil, login.Message{Status: 200, Title: "You have signed out", Next: "https://id.example/end?client_id=x"})
	require.Contains(t, answer.Body.String(), `content="0; url=https://id.example/end?client_id=x"`)
}
