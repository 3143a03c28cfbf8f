package visible_test

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/profilesync/profilesync/cmd/internal/visible"
)

// harmful are characters that steer a terminal or turn the direction of a text.
const harmful = "\x00\x07\x08\x0b\x0c\r\x1b\x7f\u0080\u009b\u009d" +
	"\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069\u2028\u2029"

func TestTextKeepsWhatShowsAndNothingElse(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"":                               "",
		"Fëa & Sons, 12 High Street ✓ 药": "Fëa & Sons, 12 High Street ✓ 药",
		"one\ntwo\tthree":                "one\ntwo three",
		"\x1b[31mred\x1b[0m":             "�[31mred�[0m",
		"\x1b]0;title\x07":               "�]0;title�",
		"a\rb":                           "a�b",
		"\u009b2J":                       "�2J",
		"abc\u202egnp.exe":               "abc�gnp.exe",
		"\xff\xc0":                       "��",
		"👩\u200d⚕️":                      "👩\u200d⚕️",
	} {
		require.Equal(t, want, visible.Text(text), "%q", text)
	}
	require.Equal(t, "one two", visible.Line("one\ntwo"))
	for _, r := range harmful {
		require.False(t, visible.Is(r), "%U", r)
		require.Equal(t, "a�b", visible.Text("a"+string(r)+"b"), "%U", r)
	}
}

func TestNoTextSteersATerminal(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		text := string(rapid.SliceOf(rapid.Byte()).Draw(t, "bytes")) + rapid.String().Draw(t, "text")
		for _, r := range visible.Line(text) {
			require.False(t, unicode.IsControl(r) || unicode.Is(unicode.Bidi_Control, r), "%U", r)
		}
		require.True(t, utf8.ValidString(visible.Text(text)))
		require.Equal(t, visible.Text(text), visible.Text(visible.Text(text)))
	})
}

func TestJSONIsReadBackAsItWas(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		text := rapid.String().Draw(t, "text") + rapid.StringOf(rapid.SampledFrom([]rune(harmful))).Draw(t, "harmful")
		var out bytes.Buffer
		require.NoError(t, json.NewEncoder(visible.JSON(&out)).Encode(map[string]string{text: text}))
		for _, r := range strings.TrimSuffix(out.String(), "\n") {
			require.True(t, visible.Is(r), "%U", r)
		}
		var back map[string]string
		require.NoError(t, json.Unmarshal(out.Bytes(), &back))
		require.Equal(t, map[string]string{text: text}, back)
	})
}
