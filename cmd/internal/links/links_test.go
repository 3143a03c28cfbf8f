package links_test

import (
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/profilesync/profilesync/cmd/internal/links"
)

const (
	oldKey = "the-old-key-that-is-long-enough-to-sign"
	newKey = "the-new-key-that-is-long-enough-to-sign"
	token  = "a-token-that-is-long-enough-to-be-one"
	page   = "report-2026-11-20"
)

var noon = time.Date(2026, 11, 20, 12, 0, 0, 0, time.UTC)

func always(words ...string) func() (string, error) {
	return func() (string, error) { return strings.Join(words, "\n"), nil }
}

func guard(now time.Time, keys ...string) links.Guard {
	return links.Guard{Keys: always(keys...), Tokens: always(token), Now: func() time.Time { return now }}
}

func request(t *testing.T, address string, header ...string) *http.Request {
	t.Helper()
	r := httptest.NewRequestWithContext(t.Context(), http.MethodGet, address, http.NoBody)
	for _, value := range header {
		r.Header.Add("Authorization", value)
	}
	return r
}

func TestALinkIsAcceptedForItsPageUntilItExpires(t *testing.T) {
	t.Parallel()
	link, err := guard(noon, oldKey).Sign("http://x/reports/a.html", page, noon.Add(time.Hour))
	require.NoError(t, err)
	again, err := guard(noon, oldKey).Sign("http://x/reports/a.html", page, noon.Add(time.Hour))
	require.NoError(t, err)
	require.Equal(t, link, again, "the same letter has the same link")
	for name, c := range map[string]struct {
		guard links.Guard
		page  string
		want  string
	}{
		"in time":                    {guard(noon.Add(59*time.Minute), oldKey), page, ""},
		"expired":                    {guard(noon.Add(61*time.Minute), oldKey), page, "expired"},
		"another page":               {guard(noon, oldKey), page + "-QOX", "another page"},
		"its key is now the old one": {guard(noon, newKey, oldKey), page, ""},
		"its key was withdrawn":      {guard(noon, newKey), page, "not ours"},
		"no key":                     {guard(noon), page, "want one or two"},
		"three keys":                 {guard(noon, oldKey, newKey, newKey), page, "want one or two"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			requireError(t, c.want, c.guard.Check(request(t, link), c.page))
		})
	}
}

func requireError(t *testing.T, want string, err error) {
	t.Helper()
	if want == "" {
		require.NoError(t, err)
		return
	}
	require.ErrorContains(t, err, want)
	for _, secret := range []string{oldKey, newKey, token, "eyJ"} {
		require.NotContains(t, err.Error(), secret)
	}
}

func TestAForgedLinkIsRefused(t *testing.T) {
	t.Parallel()
	claims := jwt.RegisteredClaims{Subject: page, ExpiresAt: jwt.NewNumericDate(noon.Add(time.Hour))}
	key := []byte(oldKey)
	sign := func(method jwt.SigningMethod, claims jwt.RegisteredClaims, key any) string {
		text, err := jwt.NewWithClaims(method, claims).SignedString(key)
		require.NoError(t, err)
		return text
	}
	require.NoError(t, guard(noon, oldKey).Check(request(t, "/?signature="+sign(jwt.SigningMethodHS256, claims, key)), page))
	for name, signature := range map[string]string{
		"by nobody":          sign(jwt.SigningMethodNone, claims, jwt.UnsafeAllowNoneSignatureType),
		"by another key":     sign(jwt.SigningMethodHS256, claims, []byte("another")),
		"by another method":  sign(jwt.SigningMethodHS512, claims, key),
		"without an end":     sign(jwt.SigningMethodHS256, jwt.RegisteredClaims{Subject: page}, key),
		"without a page":     sign(jwt.SigningMethodHS256, jwt.RegisteredClaims{ExpiresAt: claims.ExpiresAt}, key),
		"nothing of a token": "x",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			require.Error(t, guard(noon, oldKey).Check(request(t, "/?signature="+signature), page))
		})
	}
}

func TestNoChangedLinkIsAccepted(t *testing.T) {
	t.Parallel()
	link, err := guard(noon, oldKey).Sign("/", page, noon.Add(time.Hour))
	require.NoError(t, err)
	begin := strings.Index(link, "=") + 1
	rapid.Check(t, func(t *rapid.T) {
		at := rapid.IntRange(begin, len(link)-1).Draw(t, "at")
		with := rapid.SampledFrom([]string{"A", "z", "0", "-", "_", ".", "=", "%0A", "%0D", "%20", "%00"}).Draw(t, "with")
		end := rapid.IntRange(at, at+1).Draw(t, "end") // put in, or in place of what was there
		changed := link[:at] + with + link[end:]
		if changed != link {
			r := httptest.NewRequest(http.MethodGet, changed, http.NoBody)
			require.Error(t, guard(noon, oldKey).Check(r, page))
		}
	})
}

func TestATokenReadsEverything(t *testing.T) {
	t.Parallel()
	both := guard(noon, oldKey)
	both.Tokens = always("another-token-that-is-long-enough-to-be", token)
	broken := guard(noon, oldKey)
	broken.Tokens = func() (string, error) { return "", errors.New("setting X_FILE: no such file") }
	for name, c := range map[string]struct {
		guard  links.Guard
		header string
		want   string
	}{
		"ours":             {guard(noon, oldKey), "Bearer " + token, ""},
		"the second":       {both, "Bearer " + token, ""},
		"not ours":         {guard(noon, oldKey), "Bearer " + token + "x", "not one of ours"},
		"empty":            {guard(noon, oldKey), "Bearer ", "not one of ours"},
		"another scheme":   {guard(noon, oldKey), "Basic " + token, "neither"},
		"none":             {guard(noon, oldKey), "", "neither"},
		"the file is gone": {broken, "Bearer " + token, "no such file"},
		"no longer listed": {links.Guard{Keys: always(oldKey), Tokens: always(), Now: time.Now}, "Bearer " + token, "want one or two"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			requireError(t, c.want, c.guard.Check(request(t, "/", c.header), page))
		})
	}
}

func TestKeysAreLongAndAtMostTwo(t *testing.T) {
	t.Parallel()
	key := strings.Repeat("k", 32)
	for text, want := range map[string]string{
		key: "", key + "\n" + key + "\n": "", " " + key + " ": "",
		"": "there are 0", key + " " + key + " " + key: "there are 3", key + " " + key[1:]: "the one in place 2 is shorter than 32",
	} {
		_, err := links.Split(text)
		requireError(t, want, err)
	}
}
