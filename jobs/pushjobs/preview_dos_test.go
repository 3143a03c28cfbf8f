package pushjobs

import (
	"bytes"
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/profilesync/profilesync/connectors/dos"
	"github.com/profilesync/profilesync/connectors/dos/dostest"
	"github.com/profilesync/profilesync/reconcile/profile"
	"github.com/profilesync/profilesync/reconcile/push"
)

// unknownPostcode is one for which DoS has no location.
const unknownPostcode = "ZZ9 9ZZ"

const noPostcode = "DoS takes no address without a postcode, unless it has none"

// blindDoS is DoS whose answers lack what spoil takes out of them.
type blindDoS struct {
	*dostest.Server

	mu    sync.Mutex
	spoil []string // pairs of old and new text
}

func (b *blindDoS) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if !strings.HasPrefix(r.URL.Path, dostest.ReadPath) {
		b.Handler().ServeHTTP(w, r)
		return
	}
	kept := httptest.NewRecorder()
	b.Handler().ServeHTTP(kept, r)
	b.mu.Lock()
	defer b.mu.Unlock()
	body := kept.Body.Bytes()
	for i := 0; i < len(b.spoil); i += 2 { // in the first service only
		body = bytes.Replace(body, []byte(b.spoil[i]), []byte(b.spoil[i+1]), 1)
	}
	w.WriteHeader(kept.Code)
	_, _ = w.Write(body)
}

func (b *blindDoS) spoilWith(spoil []string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.spoil = spoil
}

func newBlindDoS(t *testing.T) (*blindDoS, *dos.Sink) {
	t.Helper()
	server := &blindDoS{Server: dostest.New(dostest.Options{Now: previewClock, UnknownPostcodes: []string{unknownPostcode}})}
	hosted := httptest.NewServer(server)
	t.Cleanup(hosted.Close)
	key := func() (string, error) { return "key", nil }
	options := dos.Options{
		Events: dos.EventOptions{URL: hosted.URL, Key: key}, Read: dos.ReadOptions{URL: hosted.URL, User: "reader", Password: key},
	}
	options.Events.Limits.PerSecond, options.Read.Limits.PerSecond = 1e6, 1e6
	sink, err := dos.New(options)
	require.NoError(t, err)
	return server, sink
}

// shownTexts are values of services, among them some that make no sense.
var shownTexts = map[string][]string{
	"address":  {"", "1 High Street$Leeds", "1 HIGH  street$Leeds", "Unit 7$Oneills Yard"},
	"postcode": {"LS1 1AA", "ls11aa", "", "PR4 2BE", unknownPostcode},
	"phone":    {"", "01134960000", "0113 496 0000"},
	"website":  {"", "https://www.example.org/Some/Path", "https://other.example/", "https://WWW.example.org/"},
	"weekly": {
		"", "mon 09:00-17:30", "mon 09:00-13:00\nmon 13:00-17:00", "tue 09:00-24:00", "mon 25:00-26:00", "mon 09:00-17:30\nsat 10:00-12:00",
	},
	"specified": {"", "2026-12-25 closed", "2026-10-01 closed\n2026-12-31 09:00-10:00", "2026-12-24 10:00-16:00", "soon closed"},
}

// drawServices draws the services of a pharmacy. Most show the same, so that what nobody
// stated can be sent back.
func drawServices(t *rapid.T, code string) (drawn []dostest.Service) {
	common := map[string]string{}
	text := func(field string) string {
		if _, ok := common[field]; !ok || rapid.IntRange(0, 11).Draw(t, "differs") == 0 {
			common[field] = rapid.SampledFrom(shownTexts[field]).Draw(t, field)
		}
		return common[field]
	}
	for range rapid.IntRange(0, 5).Draw(t, "services") {
		drawn = append(drawn, dostest.Service{
			ODSCode: code + rapid.SampledFrom([]string{"", "", "M06", "BPS", "CON"}).Draw(t, "suffix"), Name: "Somebody",
			Type:    rapid.SampledFrom([]int{13, 13, 131, 132, 134, 137, 148, 149, 100, 12}).Draw(t, "type"),
			Status:  rapid.SampledFrom([]int{1, 1, 1, 1, 2, 3, 4}).Draw(t, "status"),
			Address: text("address"), Postcode: text("postcode"), Phone: text("phone"), Web: text("website"),
			Weekly: text("weekly"), Specified: text("specified"), OpenAllHours: rapid.Bool().Draw(t, "open all hours"),
			BankHoliday: rapid.SampledFrom([]string{"", "10:00-16:00"}).Draw(t, "bank holiday"),
			ZCodes:      rapid.SliceOfNDistinct(rapid.SampledFrom(pairs), 0, 3, rapid.ID[string]).Draw(t, "code pairs"),
		})
	}
	return drawn
}

var pairs = []string{dostest.PalliativeZCode, dostest.PressureZCode, dostest.ContraceptionZCode, "360=1"}

var spoiled = [][]string{
	nil, nil, nil, nil, nil, nil,
	{`"address":`, `"street":`},
	{`"postcode":"`, `"postcode":["],"x":"`},
	{`"postcode":`, `"code":`},
	{`"phone":{"public":`, `"phone":{"private":`},
	{`"web":`, `"site":`},
	{`"openingTimes":`, `"times":`},
	{`"zCodes":`, `"codes":`},
	{`"id":"`, `"number":"`},
}

// What a preview says of each field of each service is what DoS has after the push, and
// nothing else has changed (issue 13).
func TestThePreviewIsWhatDoSDoes(t *testing.T) {
	t.Parallel()
	server, sink := newBlindDoS(t)
	worlds := 0
	seen := map[string]int{}
	rapid.Check(t, func(t *rapid.T) {
		for range worldsPerDraw {
			worlds++
			code := profile.ODSCode(fmt.Sprintf("%05X", worlds))
			for _, s := range drawServices(t, code.String()) {
				server.AddService(s)
			}
			server.spoilWith(rapid.SampledFrom(spoiled).Draw(t, "spoiled"))
			p := newPreviewer(drawPush(t, drawDesired(t, code, profile.Pharmacy)), push.SinkDoS, sink)
			for range 2 { // the second changes nothing that it does not say either
				requireDoSAsPreviewed(t, server, p, seen)
			}
		}
	})
	for _, what := range []string{
		"sent", "not sent", "changed", "left alone", "unreadable", "overwritten", "commissioned", "holidays", "holidays gone",
	} {
		require.Positive(t, seen[what], what)
	}
}

func requireDoSAsPreviewed(t *rapid.T, server *blindDoS, p previewer, seen map[string]int) {
	code := p.row.Code()
	before := server.Services(code.String())
	preview, err := p.Preview(t.Context(), code)
	require.NoError(t, err)
	require.Equal(t, before, server.Services(code.String()), "a preview changes nothing")
	effects := p.effects(t, preview)
	rows := preview.Rows(effects)
	_, err = p.Push(t.Context(), code, false, 0)
	require.NoError(t, err)
	require.NoError(t, server.Drain(t.Context()))
	after := server.Services(code.String())
	nameless := len(effects.Unreadable) > 0 && strings.HasPrefix(effects.Unreadable[0].Part, "service 1 of")
	for i := range before {
		if nameless && i == 0 {
			continue // nobody knows what it is
		}
		requireServiceAsPreviewed(t, rows, before[i], after[i], seen)
	}
	seen[map[bool]string{true: "sent", false: "not sent"}[preview.IsSent()]]++
	seen["unreadable"] += len(effects.Unreadable)
	if preview.IsSent() {
		seen["overwritten"] += len(preview.Composition.Overwrites)
	}
}

func requireServiceAsPreviewed(t *rapid.T, rows []push.PreviewRow, before, after dostest.Service, seen map[string]int) {
	name := fmt.Sprintf("service %s (type %d)", before.ID, before.Type)
	of := slices.DeleteFunc(slices.Clone(rows), func(r push.PreviewRow) bool { return r.Entry != name })
	if len(of) == 0 {
		requireUnseenAsPreviewed(t, rows, before, after)
		return
	}
	want := before
	want.ZCodes, want.Status = after.ZCodes, after.Status
	was, is := dosTexts(before), dosTexts(after)
	unknown := slices.ContainsFunc(of, func(r push.PreviewRow) bool { return r.Field == "postcode" && r.WillBe == unknownPostcode })
	for _, row := range of {
		switch {
		case row.Field == "" && strings.Contains(row.Why, "unless one that makes no sense is"): // nobody can know
			return
		case row.Field == "":
			require.Contains(t, row.Why, "left alone: ")
			require.Equal(t, before, after)
			seen["left alone"]++
			return
		case unknown && strings.Contains(row.Why, "or has it already") && before.Postcode == unknownPostcode:
			require.Equal(t, row.WillBe, is[row.Field])
		case unknown && strings.Contains(row.Why, "only if DoS knows the postcode"):
			require.Equal(t, was[row.Field], is[row.Field])
		case row.WillBe == push.NotVisible && strings.Contains(row.Why, noPostcode): // whether it has one cannot be read
		case row.WillBe == push.NotVisible:
			require.Equal(t, was[row.Field], is[row.Field], "%s of %s stays", row.Field, name)
		default:
			require.Equal(t, row.WillBe, is[row.Field], "%s of %s: %s", row.Field, name, row.Why)
		}
		if row.Is != push.NotVisible {
			require.Equal(t, row.Is, was[row.Field], "%s of %s before", row.Field, name)
		}
		if was[row.Field] != is[row.Field] {
			seen["changed"]++
			if row.Field == "services" && before.Type > 140 {
				seen["commissioned"]++
			}
			if strings.Contains(row.Why, "bank holidays added") {
				seen["holidays"]++
			}
			if strings.Contains(row.Why, "bank holidays taken away") {
				seen["holidays gone"]++
			}
		}
		setDoSText(&want, row.Field, after)
	}
	require.Equal(t, want, after, "nothing else has changed in %s", name)
	requirePairs(t, of, before, after)
}

// requireUnseenAsPreviewed is about a service that could not be read, or a push without
// any delivery: whatever changes becomes what the preview says of each service.
func requireUnseenAsPreviewed(t *rapid.T, rows []push.PreviewRow, before, after dostest.Service) {
	was, is := dosTexts(before), dosTexts(after)
	for field := range was {
		if was[field] == is[field] || field == "services" {
			continue
		}
		at := slices.IndexFunc(rows, func(r push.PreviewRow) bool { return r.Entry == "each service" && r.Field == field })
		require.GreaterOrEqual(t, at, 0, "%s changed, and no row says so", field)
		require.Equal(t, push.NotVisible, rows[at].Is)
		if strings.Contains(rows[at].Why, noPostcode) {
			continue
		}
		require.Equal(t, rows[at].WillBe, is[field])
	}
}

// requirePairs requires that status and code pairs changed as the row of services says.
func requirePairs(t *rapid.T, of []push.PreviewRow, before, after dostest.Service) {
	own := map[int]string{13: dostest.PalliativeZCode, 148: dostest.PressureZCode, 149: dostest.ContraceptionZCode}[before.Type]
	others := func(all []string) []string {
		return slices.DeleteFunc(slices.Clone(all), func(z string) bool { return z == own })
	}
	require.ElementsMatch(t, others(before.ZCodes), others(after.ZCodes))
	at := slices.IndexFunc(of, func(r push.PreviewRow) bool { return r.Field == "services" })
	switch {
	case at < 0 || of[at].Is == of[at].WillBe && before.Type == 13:
		require.Equal(t, before.ZCodes, after.ZCodes)
		fallthrough
	case before.Type == 13:
		require.Equal(t, before.Status, after.Status)
	default:
		stays := of[at].WillBe == push.NotVisible
		require.Equal(t, stays && before.Status == 1 || !stays && of[at].WillBe != "", after.Status == 1)
	}
}

// dosTexts are the values of a row of DoS, read by the test itself.
func dosTexts(s dostest.Service) map[string]string {
	text := map[string]string{
		"address":  strings.Join(strings.Fields(strings.ReplaceAll(s.Address, "$", " \x00 ")), " "),
		"postcode": profile.NormalisePostcode(s.Postcode), "phone": s.Phone, "website": s.Web, "services": "",
	}
	text["address"] = strings.ReplaceAll(text["address"], " \x00 ", "\n")
	text["opening-times"], text["dated-opening-times"] = profile.PublicHours(
		strings.ReplaceAll(s.Weekly, "24:00", "00:00"), s.Specified, profile.Date{})
	switch {
	case s.Type == 13 && slices.Contains(s.ZCodes, dostest.PalliativeZCode):
		text["services"] = "SRV0559 Pharmacy palliative care medication stockholder"
	case s.Type == 148 && s.Status == 1:
		text["services"] = "SRV0560 NHS blood pressure check service"
	case s.Type == 149 && s.Status == 1:
		text["services"] = "SRV2000 NHS pharmacy contraception service"
	}
	return text
}

// setDoSText takes over a field that a row speaks of.
func setDoSText(s *dostest.Service, field string, from dostest.Service) {
	switch field {
	case "address":
		s.Address = from.Address
	case "postcode":
		s.Postcode = from.Postcode
	case "phone":
		s.Phone = from.Phone
	case "website":
		s.Web = from.Web
	case "opening-times":
		s.Weekly = from.Weekly
	case "dated-opening-times":
		s.Specified = from.Specified
	}
}
