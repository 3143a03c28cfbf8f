package notify

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/profilesync/profilesync/connectors/realdata"
)

func sample(tb testing.TB, name string, into any) {
	tb.Helper()
	require.NoError(tb, json.Unmarshal(realdata.Read(tb, "notify", name), into))
}

// exampleKey is from Notify's public documentation, and gives no access.
const exampleKey = "my_test_key-26785a09-ab16-4eb0-8407-a37497a57506-3d844edf-8d35-48ac-975b-e847b4f122b0"

// TestTokenVector: the published example in every byte.
func TestTokenVector(t *testing.T) {
	t.Parallel()
	const want = "eyJ0eXAiOiJKV1QiLCJhbGciOiJIUzI1NiJ9.eyJpYXQiOjE1Njg4MTg1NzgsImlzcyI6IjI2Nzg1YTA5LWFiMTYtNGViMC04NDA3LWEzNzQ5" +
		"N2E1NzUwNiJ9.MnEokaCfL7I9iXy9Sq5VLdaX3RsDttj82xyi1uWdvNA"
	key, err := parseKey(exampleKey)
	require.NoError(t, err)
	got, err := key.token(time.Unix(1568818578, 987))
	require.NoError(t, err)
	require.Equal(t, want, got)
}

func TestTokenVectorOfTheSamples(t *testing.T) {
	t.Parallel()
	var vector struct {
		APIKey string `json:"api_key"`
		Iss    string `json:"iss"`
		Secret string `json:"secret"`
		Claims string `json:"claims_json"`
		Token  string `json:"token"`
	}
	sample(t, "jwt-test-vector.json", &vector)
	key, err := parseKey(vector.APIKey)
	require.NoError(t, err)
	require.Equal(t, apiKey{service: vector.Iss, secret: vector.Secret}, key)
	var claims struct {
		IssuedAt int64 `json:"iat"`
	}
	require.NoError(t, json.Unmarshal([]byte(vector.Claims), &claims))
	got, err := key.token(time.Unix(claims.IssuedAt, 0))
	require.NoError(t, err)
	require.Equal(t, vector.Token, got)
}

func TestParseKey(t *testing.T) {
	t.Parallel()
	bare := exampleKey[len("my_test_key-"):]
	for name, text := range map[string]string{
		"hyphens": "a-name-with-" + bare, "uuid in the name": bare + "-" + bare, "file": exampleKey + "\n", "no name": bare,
	} {
		key, err := parseKey(text)
		require.NoError(t, err, name)
		require.Equal(t, apiKey{"26785a09-ab16-4eb0-8407-a37497a57506", "3d844edf-8d35-48ac-975b-e847b4f122b0"}, key, name)
	}
	for name, text := range map[string]string{
		"empty": "", "short": bare[1:], "glued": "name" + bare, "no hyphen": strings.Replace(exampleKey, "506-3d8", "506_3d8", 1),
		"no uuid": strings.Replace(exampleKey, "26785a09", "26785a0z", 1), "secret cut": exampleKey[:len(exampleKey)-1],
	} {
		_, err := parseKey(text)
		require.ErrorIs(t, err, ErrKey, name)
	}
}

func FuzzParseKey(f *testing.F) {
	f.Add(exampleKey)
	f.Add("-" + strings.Repeat("0", 80))
	f.Fuzz(func(t *testing.T, text string) {
		key, err := parseKey(text)
		if err != nil {
			require.Zero(t, key)
			return
		}
		require.True(t, strings.HasSuffix(strings.TrimSpace(text), key.service+"-"+key.secret))
	})
}
