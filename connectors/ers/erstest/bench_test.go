package erstest_test

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/profilesync/profilesync/connectors/ers/erstest"
	"github.com/profilesync/profilesync/reconcile/profile"
)

func country() []erstest.Site {
	sites := make([]erstest.Site, 0, 3000)
	for i := range 3000 {
		sites = append(sites, erstest.Site{Code: profile.ODSCode("R" + string(id(1000+i)))})
	}
	return sites
}

// BenchmarkWorld makes up 30,000 services.
func BenchmarkWorld(b *testing.B) {
	sites := country()
	for b.Loop() {
		erstest.NewWorld(1, sites, 10)
	}
}

// BenchmarkSearch answers one batch of 20.
func BenchmarkSearch(b *testing.B) {
	world := erstest.NewWorld(1, country(), 10)
	server := erstest.New(erstest.Options{World: world})
	ids := make([]string, 0, 20)
	for _, n := range world.IDs()[:20] {
		ids = append(ids, string(n))
	}
	path := erstest.BasePath + servicesPath + "?_id=" + strings.Join(ids, ",")
	for b.Loop() {
		w := httptest.NewRecorder()
		server.Handler().ServeHTTP(w, httptest.NewRequest(http.MethodGet, path, http.NoBody))
		if w.Code != http.StatusOK {
			b.Fatal(w.Code)
		}
	}
}
