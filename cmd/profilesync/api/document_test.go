package api

import (
	"bytes"
	"encoding/json"
	"flag"
	"log/slog"
	"os"
	"path/filepath"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/stretchr/testify/require"

	"github.com/profilesync/profilesync/cmd/profilesync/actions"
	"github.com/profilesync/profilesync/cmd/profilesync/guard"
)

var update = flag.Bool("update", false, "write the golden files")

// document is the OpenAPI document, as it is served.
func document(t *testing.T) []byte {
	t.Helper()
	_, api := build(Options{Actions: &actions.Actions{}, Log: slog.New(slog.DiscardHandler), Version: "v0"})
	text, err := json.Marshal(api.OpenAPI())
	require.NoError(t, err)
	var indented bytes.Buffer
	require.NoError(t, json.Indent(&indented, text, "", "  "))
	return append(indented.Bytes(), '\n')
}

// The document changes only with the golden file: `go test ./cmd/profilesync/api -update`.
func TestTheDocumentIsAsStored(t *testing.T) {
	t.Parallel()
	path := filepath.Join("testdata", "openapi.golden")
	text := document(t)
	if *update {
		require.NoError(t, os.MkdirAll("testdata", 0o750))
		require.NoError(t, os.WriteFile(path, text, 0o600))
	}
	stored, err := os.ReadFile(path)
	require.NoError(t, err)
	require.Equal(t, string(stored), string(text))
}

// parsedDocument is the document, and its operations by their ids.
func parsedDocument(t *testing.T, text []byte) (*openapi3.T, map[string]place) {
	t.Helper()
	doc, err := openapi3.NewLoader().LoadFromData(text)
	require.NoError(t, err)
	require.NoError(t, doc.Validate(t.Context()))
	operations := make(map[string]place)
	for path, item := range doc.Paths.Map() {
		for method, operation := range item.Operations() {
			operations[operation.OperationID] = place{method, path, operation}
		}
	}
	return doc, operations
}

// place is where an operation is.
type place struct {
	method, path string
	*openapi3.Operation
}

func TestEveryOperationIsDescribed(t *testing.T) {
	t.Parallel()
	_, operations := parsedDocument(t, document(t))
	require.Greater(t, len(operations), 60)
	for id, o := range operations {
		require.Regexp(t, `^[a-z]+(-[a-z]+)*$`, id)
		require.NotEmpty(t, o.Summary, id)
		require.Contains(t, o.Extensions, "x-verb", id)
		var verb guard.Verb
		text, err := json.Marshal(o.Extensions["x-verb"])
		require.NoError(t, err)
		require.NoError(t, json.Unmarshal(text, &verb))
		require.Contains(t, guard.Verbs(), verb, id)
		require.False(t, o.method != "GET" && verb == guard.Read, "%s changes something", id)
		for _, p := range o.Parameters {
			require.NotEmpty(t, p.Value.Description, "%s: %s", id, p.Value.Name)
		}
	}
}
