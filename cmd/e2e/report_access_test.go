package e2e

import (
	"io/fs"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// The key and the token of the sites of these tests.
const (
	reportKey   = "a-key-that-signs-links-in-these-tests"
	reportToken = "a-token-that-reads-reports-in-these-tests"
)

// siteWithAReport returns a site in November 2026 with the report of the 20th, which
// letters announce.
func siteWithAReport(t *testing.T, settings ...string) *site {
	t.Helper()
	s := newSite(t)
	s = s.with("REPORT_DIRECTORY="+filepath.Join(s.dir, "reports"), "MAIL=directory", "MAIL_DIRECTORY="+filepath.Join(s.dir, "mail"),
		`LISTS={"QAA":"list@example.nhs.uk","national":"all@example.nhs.uk"}`).with(settings...)
	s.playing("2026-11-19T08:00:00Z").exits(0, "report", "make")
	conn := s.connect()
	_, err := conn.Exec(t.Context(), "set profilesync.now = '2026-11-19 09:00+00'")
	require.NoError(t, err)
	_, err = conn.Exec(t.Context(), "insert into profile (code, name, type, icb) values ('FA001', 'First', 'pharmacy', 'QAA')")
	require.NoError(t, err)
	first := s.playing("2026-11-20T06:30:00Z")
	first.exits(0, "report", "make")
	first.exits(0, "report", "deliver", "2026-11-20")
	first.exits(0, "mail", "send")
	return s
}

// pathOf returns the path of a link, whatever host it names.
func pathOf(t *testing.T, link string) string {
	t.Helper()
	_, path, found := strings.Cut(strings.TrimSpace(link), "/reports/")
	require.True(t, found, link)
	return "/reports/" + path
}

var linkInLetter = regexp.MustCompile(`https?://\S+/reports/\S+`)

// lettersLinks returns the links of the letters that announce reports.
func (s *site) lettersLinks() (links []string) {
	s.t.Helper()
	for _, letter := range (peopleSite{s}).messages()["report-ready"] {
		text := strings.NewReplacer("=\r\n", "", "=3D", "=").Replace(letter) // quoted-printable
		link := linkInLetter.FindString(text)
		require.NotEmpty(s.t, link, letter)
		links = append(links, link)
	}
	return links
}

func TestAReportIsReadByLinkOrTokenAlone(t *testing.T) {
	t.Parallel()
	keys := filepath.Join(t.TempDir(), "keys")
	rotate := func(lines ...string) {
		require.NoError(t, os.WriteFile(keys, []byte(strings.Join(lines, "\n")), 0o600))
	}
	rotate(reportKey)
	s := siteWithAReport(t, "REPORT_LINK_DAYS=10").without("REPORT_KEYS").with("REPORT_KEYS_FILE=" + keys)
	links := s.lettersLinks()
	require.Len(t, links, 2)
	printed := s.playing("2026-11-20T06:30:00Z").exits(0, "report", "link", "--date", "2026-11-20").out
	require.Contains(t, links, strings.TrimSpace(printed), "the letter's")

	d := s.playing("2026-11-30T23:30:00Z").serve() // the last hour of the last day
	national, board := pathOf(t, printed), pathOf(t, s.playing("2026-11-20T06:30:00Z").exits(0, "report", "link", "--region", "QAA").out)
	for path, want := range map[string]int{
		national: 200, strings.Replace(national, ".html?", ".csv?", 1): 200, strings.Replace(national, ".html?", ".xlsx?", 1): 200, board: 200,
		strings.Replace(national, "report-2026-11-20", "report-2026-11-20-QAA", 1): 401,
		strings.Replace(board, "-QAA.html", ".html", 1):                            401,
		strings.Replace(national, "2026-11-20", "2026-11-19", 1):                   401,
		national + "x": 401, "/reports/report-2026-11-20.html": 401, "/reports/report-2026-11-21.html": 401,
		"/healthz": 200, "/metrics": 200,
	} {
		status, _ := d.getAs(path, "")
		require.Equal(t, want, status, path)
	}
	for authorization, want := range map[string]int{
		"Bearer " + reportToken: 200, "Bearer " + reportKey: 401, "Bearer x": 401, "Basic " + reportToken: 401, "": 401,
	} {
		status, body := d.getAs("/reports/report-2026-11-20.html", authorization)
		require.Equal(t, want, status, authorization)
		require.Equal(t, want == 200, strings.Contains(body, "<h1"), authorization)
	}

	const newer = "a-newer-key-that-signs-links-in-these-tests"
	rotate(newer, reportKey) // while the daemon runs
	status, _ := d.getAs(national, "")
	require.Equal(t, http.StatusOK, status, "the old key's links go on")
	rotate(newer)
	status, _ = d.getAs(national, "")
	require.Equal(t, http.StatusUnauthorized, status, "withdrawn")
	status, _ = d.getAs(pathOf(t, s.playing("2026-11-30T06:30:00Z").exits(0, "report", "link").out), "")
	require.Equal(t, http.StatusOK, status, "the new key's")
	rotate(reportKey)
	d.stop()
	require.NotContains(t, d.log(), "signature=")

	d = s.playing("2026-12-01T00:00:01Z").serve()
	status, _ = d.getAs(national, "")
	require.Equal(t, http.StatusUnauthorized, status, "expired")
	d.stop()
}

func TestLettersThatLinkNeedAKey(t *testing.T) {
	t.Parallel()
	s := newSite(t).without("REPORT_KEYS")
	letters := s.with(`LISTS={"QAA":"list@example.nhs.uk"}`, "MAIL=directory")
	for _, args := range [][]string{{"serve"}, {"mail", "send"}} {
		require.Contains(t, letters.exits(2, args...).err, "PROFILESYNC_REPORT_KEYS (or _FILE) is missing")
	}
	require.Contains(t, s.exits(2, "report", "link").err, "PROFILESYNC_REPORT_KEYS (or _FILE) is missing")
	require.Contains(t, s.with("REPORT_TOKENS=short").exits(2, "runs", "list").err, "PROFILESYNC_REPORT_TOKENS")
	d := s.without("REPORT_TOKENS").serve()
	status, _ := d.get("/reports/report-2026-11-20.html")
	require.Equal(t, http.StatusUnauthorized, status, "without keys and tokens nobody reads reports")
	d.stop()
}

func TestFilesOfReportsAreForTheirGroup(t *testing.T) {
	t.Parallel()
	s := siteWithAReport(t)
	out, planted := filepath.Join(s.dir, "one.csv"), filepath.Join(t.TempDir(), "planted")
	require.NoError(t, os.WriteFile(planted, []byte("of somebody else"), 0o600))
	require.NoError(t, os.Symlink(planted, out+".new"))
	require.NoError(t, os.Symlink(planted, out)) // replaced, not followed
	s.playing("2026-11-20T06:30:00Z").exits(0, "report", "--format", "csv", "--out", out)
	left, err := os.ReadFile(planted)
	require.NoError(t, err)
	require.Equal(t, "of somebody else", string(left), "no link is followed")
	files := 0
	for _, root := range []string{out, filepath.Join(s.dir, "reports")} {
		require.NoError(t, filepath.WalkDir(root, func(path string, entry fs.DirEntry, err error) error {
			require.NoError(t, err)
			info, err := entry.Info()
			require.NoError(t, err)
			if entry.IsDir() {
				require.Equal(t, fs.FileMode(0o750), info.Mode().Perm(), path)
				return nil
			}
			files++
			require.Equal(t, fs.FileMode(0o640), info.Mode().Perm(), path)
			return nil
		}))
	}
	require.Equal(t, 1+2*4, files, "one, and those of England and of a list")
}

// A board is named in any spelling, and a link is one that the daemon accepts.
func TestABoardIsGivenByItsCode(t *testing.T) {
	t.Parallel()
	s := siteWithAReport(t).playing("2026-11-20T06:30:00Z")
	d := s.serve()
	status, _ := d.getAs(pathOf(t, s.exits(0, "report", "link", "--region", "qaa").out), "")
	require.Equal(t, http.StatusOK, status)
	require.Contains(t, s.exits(0, "report", "--format", "csv", "--region", "qaa").out, "FA001")
	d.stop()
	for _, region := range []string{"QAA/../x", "QAA\x1b[31m", "\u202eQAA", "QAA?x"} {
		for _, args := range [][]string{{"report", "link"}, {"report", "--format", "json"}, {"report", "--format", "html"}} {
			o := s.exits(2, append(args, "--region", region)...)
			require.Contains(t, o.err, "--region", "%q", region)
			require.Empty(t, o.out)
		}
	}
}

func TestReadersThatNeverReadKeepNobodyOut(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	path := s.longReport()
	d := s.serve()
	leave := d.crowd(path, 32)
	defer leave()
	for _, open := range []string{"/healthz", "/readyz", "/metrics"} {
		status, _ := d.getAs(open, "")
		require.Equal(t, http.StatusOK, status, open)
	}
	require.Eventually(t, func() bool {
		status, page := d.get(path)
		return status == http.StatusOK && len(page) > 100_000_000
	}, patience, 500*time.Millisecond, "a reader that reads gets everything")
}

// A page of somebody else's, at a name that leads to this machine, reads nothing.
func TestTheListenerAnswersToItsOwnNames(t *testing.T) {
	t.Parallel()
	d := newSite(t).with("HTTP_HOSTS=profiles.internal,10.0.0.7", "REPORT_URL=https://reports.example.org/at").serve()
	for host, want := range map[string]int{
		"localhost": 200, "127.0.0.1:8383": 200, "profiles.internal": 200, "10.0.0.7:9": 200, "reports.example.org": 200,
		"evil.example": 421, "10.0.0.8": 421,
	} {
		for _, path := range []string{"/healthz", "/metrics", "/readyz"} {
			req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "http://"+d.address()+path, http.NoBody)
			require.NoError(t, err)
			req.Host = host
			resp, err := http.DefaultClient.Do(req)
			require.NoError(t, err)
			require.NoError(t, resp.Body.Close())
			require.Equal(t, want, resp.StatusCode, host+path)
		}
	}
	d.stop()
}
