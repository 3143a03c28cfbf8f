package website

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/profilesync/profilesync/reconcile/profile"
)

// FuzzLists: services and facilities as the website shows them can be sent back, and
// then read the same.
func FuzzLists(f *testing.F) {
	f.Add("SRV0559", "Stockholder", 30, "Disabled parking", "Yes")
	f.Add("", "- x", 2, "", "")
	f.Add("12345678", "a: b #4", 0, "Play area #16", "No: really")
	f.Add("a\r b", "x", 1, "", "")
	f.Add("1", "x", 0, ": x", "y")
	f.Add("-", "x", 1, "", "")
	f.Add("a b", "\n", -1, "Toilet", "\n")
	f.Fuzz(func(t *testing.T, code, name string, id int, facilityName, value string) {
		var shown, again profile.Values
		list := []service{{ServiceCode: &code, ServiceName: &name}, {ServiceName: &name}, {ServiceCode: &code}, {}}
		readServices(list, list[:1], &shown)
		general, urgent := serviceLists(shown)
		readServices(general, urgent, &again)
		readFacilities([]facility{{ID: &id, Name: &facilityName, Value: &value}, {Name: &facilityName}, {}}, &shown)
		readFacilities(facilities(shown), &again)
		for _, field := range []profile.Field{profile.FieldServices, profile.FieldERSServices, profile.FieldFacilities} {
			require.True(t, again.States(field), field)
			require.True(t, profile.Same(field, shown.Get(field), again.Get(field)),
				"%s: %q became %q", field, shown.Get(field), again.Get(field))
		}
	})
}

// FuzzNextPage: the key goes to the configured search alone, whatever a link says.
func FuzzNextPage(f *testing.F) {
	f.Add("https://api.example.org/service-search/search?$skip=2")
	f.Add("//evil.example/service-search/search")
	f.Add("../search?x")
	f.Add("https://api.example.org@evil.example/service-search/search")
	search, err := url.Parse("https://api.example.org/service-search/search?api-version=3")
	require.NoError(f, err)
	s := &Sink{search: search, key: func() (string, error) { return "the-key", nil }}
	from := &http.Request{URL: search}
	f.Fuzz(func(t *testing.T, link string) {
		next, err := s.next(from, link)
		if err != nil || next == nil {
			require.True(t, err != nil || link == "")
			return
		}
		require.Equal(t, []string{"https", "api.example.org"}, []string{next.URL.Scheme, strings.ToLower(next.URL.Host)})
		require.Nil(t, next.URL.User)
		require.Equal(t, http.MethodGet, next.Method)
		require.NotContains(t, next.URL.String(), "the-key")
	})
}
