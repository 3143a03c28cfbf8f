package notifytest_test

import (
	"bytes"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/profilesync/profilesync/connectors/notify/notifytest"
)

// cannotTest says what was not checked because something is missing, and fails if make
// test found everything that the test needs.
func cannotTest(t *testing.T, what string) {
	t.Helper()
	if os.Getenv("PROFILESYNC_WANT_WEB") != "" {
		t.Fatal(what)
	}
	t.Skip("NOT CHECKED: " + what)
}

// tools returns the paths of node and npm.
func tools(t *testing.T) (node, npm string) {
	t.Helper()
	node, err := exec.LookPath("node")
	if err != nil {
		cannotTest(t, "the official client of GOV.UK Notify needs node, which is not installed")
	}
	if npm, err = exec.LookPath("npm"); err != nil {
		cannotTest(t, "the official client of GOV.UK Notify needs npm, which is not installed")
	}
	return node, npm
}

// official installs the official client and returns its node_modules. The client
// stays in the user's cache under the hash of its lock file, and is moved into place
// in one step.
func official(t *testing.T, npm string) string {
	t.Helper()
	cache, err := os.UserCacheDir()
	require.NoError(t, err)
	cache = filepath.Join(cache, "profilesync", "node")
	require.NoError(t, os.MkdirAll(cache, 0o755))
	lock, err := os.ReadFile(filepath.Join("testdata", "node", "package-lock.json"))
	require.NoError(t, err)
	place := filepath.Join(cache, fmt.Sprintf("notify-%.8x", sha256.Sum256(lock)))
	modules := filepath.Join(place, "node_modules")
	if _, err := os.Stat(modules); err == nil {
		return modules
	}
	work, err := os.MkdirTemp(cache, "install-") //nolint:usetesting // it can only be moved into place within the cache
	require.NoError(t, err)
	t.Cleanup(func() { _ = os.RemoveAll(work) })
	require.NoError(t, os.WriteFile(filepath.Join(work, "package-lock.json"), lock, 0o600))
	manifest, err := os.ReadFile(filepath.Join("testdata", "node", "package.json"))
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(filepath.Join(work, "package.json"), manifest, 0o600))
	install := exec.CommandContext(t.Context(), npm, "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--fetch-retries=1")
	install.Dir = work
	if output, err := install.CombinedOutput(); err != nil {
		t.Logf("npm ci: %v\n%s", err, output)
		cannotTest(t, "the official client of GOV.UK Notify could not be installed from npm's registry")
	}
	if err := os.Rename(work, place); err != nil {
		require.DirExists(t, modules, "another test process may have been first") // otherwise the rename failed
	}
	return modules
}

// seen is an answer as the official client returns it.
type seen struct {
	Status int `json:"status"`
	Data   struct {
		notification

		Content struct {
			Subject string `json:"subject"`
			Body    string `json:"body"`
		} `json:"content"`
		Sanitised map[string]struct {
			Sanitised string `json:"sanitised"`
		} `json:"sanitised_content"`
		Errors []struct {
			Error   string `json:"error"`
			Message string `json:"message"`
		} `json:"errors"`
		Notifications []notification `json:"notifications"`
		Links         struct {
			Next string `json:"next"`
		} `json:"links"`
	} `json:"data"`
}

type notification struct {
	ID        string `json:"id"`
	Reference string `json:"reference"`
	Status    string `json:"status"`
}

// TestOfficialClient: the official client for Node works with the simulator as with
// the service.
func TestOfficialClient(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("needs node and npm")
	}
	node, npm := tools(t)
	modules := official(t, npm)
	server, address := notifytest.Start(t, notifytest.Options{
		Sending: 1, Done: 2, // nanoseconds: at once
		Templates: []notifytest.Template{{ID: templateID, Subject: "For ((name))", Body: "Check:\n((organisations))"}},
	})
	run := exec.CommandContext(t.Context(), node, filepath.Join("testdata", "node", "check.cjs"),
		address, notifytest.Key, templateID, "other-"+replyTo+"-"+replyTo)
	run.Env = append(os.Environ(), "NODE_PATH="+modules, "NO_PROXY=127.0.0.1", "no_proxy=127.0.0.1")
	var told, complaints bytes.Buffer
	run.Stdout, run.Stderr = &told, &complaints
	require.NoError(t, run.Run(), complaints.String())
	var got map[string]seen
	require.NoError(t, json.Unmarshal(told.Bytes(), &got), told.String())

	sent := server.ByReference("node/3")
	require.Len(t, sent, 1)
	require.Equal(t, "amala@example.com", sent[0].Address)
	require.Equal(t, 201, got["sent"].Status)
	require.Equal(t, sent[0].ID, got["sent"].Data.ID)
	require.Equal(t, `For Amala, now \[click this evil link\]\(\)`, got["sent"].Data.Content.Subject)
	require.Equal(t, `Amala, now \[click this evil link\]\(\)`, got["sent"].Data.Sanitised["name"].Sanitised)
	require.Contains(t, got["sent"].Data.Content.Body, "* FA123 Pharmacy\n* A12345 Surgery")

	require.Equal(t, 200, got["one"].Status)
	require.Equal(t, "delivered", got["one"].Data.Status)
	require.Equal(t, "node/3", got["one"].Data.Reference)
	require.Len(t, got["all"].Data.Notifications, 4)
	require.Equal(t, got["dead"].Data.ID, got["all"].Data.Notifications[0].ID)
	require.Equal(t, notifytest.Permanent, got["all"].Data.Notifications[0].Status)
	require.Contains(t, got["all"].Data.Links.Next, "older_than="+server.Messages()[0].ID)
	require.Len(t, got["byReference"].Data.Notifications, 1)
	require.Equal(t, "node/2", got["byReference"].Data.Notifications[0].Reference)
	require.Len(t, got["byStatus"].Data.Notifications, 3)
	require.Len(t, got["older"].Data.Notifications, 2)

	for what, want := range map[string]struct {
		status         int
		code, messages string
	}{
		"nobody":     {400, "ValidationError", "email_address Not a valid email address"},
		"missing":    {400, "BadRequestError", "Missing personalisation: organisations"},
		"noTemplate": {400, "BadRequestError", "Template not found"},
		"absent":     {404, "NoResultFound", "No result found"},
		"otherKey":   {403, "AuthError", "Invalid token: service not found"},
	} {
		require.Equal(t, want.status, got[what].Status, what)
		require.Len(t, got[what].Data.Errors, 1, what)
		require.Equal(t, want.code, got[what].Data.Errors[0].Error, what)
		require.Equal(t, want.messages, got[what].Data.Errors[0].Message, what)
	}
	require.Len(t, server.Messages(), 4)
}
