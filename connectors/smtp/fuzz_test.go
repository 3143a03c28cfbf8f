package smtp

import (
	"bytes"
	"encoding/base64"
	"io"
	"maps"
	"mime"
	"mime/multipart"
	"mime/quotedprintable"
	netmail "net/mail"
	"net/textproto"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/profilesync/profilesync/connectors/internal/letters"
	"github.com/profilesync/profilesync/reconcile/people"
)

// FuzzMessage: whatever people typed, a message has the headers that it always has
// and no other, goes to its recipient alone, and holds the letter and the file.
func FuzzMessage(f *testing.F) {
	f.Add("someone@example.org", "Sam Example", "FA123 Example Pharmacy: services", "report.csv", []byte("a,b\r\n"))
	f.Add("\"a b\"@example.org", "Sam\r\nBcc: x@example.org", "a\r\n.\r\nDATA", "a\r\nX-Evil: 1.csv", []byte{0, 0xff})
	f.Add("zoë@example.org", "=?utf-8?q?x?=\u202e", "--part-\n\n", "\"; name=x", []byte(strings.Repeat("x", 2000)))
	w, err := newWriter(Headers{From: "Profiles <profiles@example.org>", ReplyTo: "help@example.org", Now: time.Now})
	require.NoError(f, err)
	f.Fuzz(func(t *testing.T, address, name, line, file string, data []byte) {
		to, err := people.ParseEmailAddress(address)
		if err != nil {
			return
		}
		l := people.Letter{
			Reference: "a/b", Kind: people.LetterOpening, To: to, Name: people.NewPersonName(name),
			Facts: people.LetterFacts{
				Words: map[string]string{"quarter": line, "deadline": "x" + name, "sign_in": "https://example.org"},
				Lists: map[string][]string{"organisations": {"x" + line, "y"}},
			},
		}
		m, failed := w.write(l, []Attachment{{Name: file, ContentType: "text/csv; charset=utf-8", Data: data}})
		if failed != nil {
			require.NotContains(t, failed.Error(), to.Reveal())
			return
		}
		require.Equal(t, to.Reveal(), m.to)
		requireMessage(t, m, l, data)
	})
}

func requireMessage(t *testing.T, m message, l people.Letter, data []byte) {
	t.Helper()
	read, err := netmail.ReadMessage(bytes.NewReader(m.raw))
	require.NoError(t, err)
	require.Equal(t, []string{
		"Auto-Submitted", "Content-Type", "Date", "From", "Message-Id", "Mime-Version", "Reply-To", "Subject", "To",
	}, slices.Sorted(maps.Keys(read.Header)))
	for key, values := range read.Header {
		require.Len(t, values, 1, key)
	}
	to, err := read.Header.AddressList("To")
	require.NoError(t, err)
	require.Len(t, to, 1)
	require.Equal(t, m.to, to[0].Address)
	subject, body, err := letters.Render(l)
	require.NoError(t, err)
	shown, err := new(mime.WordDecoder).DecodeHeader(read.Header.Get("Subject"))
	require.NoError(t, err)
	require.Equal(t, strings.TrimSpace(strings.ReplaceAll(subject, "=?", "= ?")), strings.TrimSpace(shown))
	_, parameters, err := mime.ParseMediaType(read.Header.Get("Content-Type"))
	require.NoError(t, err)
	parts := multipart.NewReader(read.Body, parameters["boundary"])
	part, err := parts.NextRawPart()
	require.NoError(t, err)
	text, err := io.ReadAll(quotedprintable.NewReader(part))
	require.NoError(t, err)
	require.Equal(t, strings.TrimSpace(body), strings.TrimSpace(strings.ReplaceAll(string(text), "\r\n", "\n")))
	part, err = parts.NextRawPart()
	require.NoError(t, err)
	file, err := io.ReadAll(base64.NewDecoder(base64.StdEncoding, part))
	require.NoError(t, err)
	require.True(t, bytes.Equal(data, file), "the file")
	_, err = parts.NextRawPart()
	require.ErrorIs(t, err, io.EOF)
}

// FuzzAnswer: after each answer of a relay it is clear whether a letter was accepted,
// and what goes into the error is the code and nothing that the relay repeated.
func FuzzAnswer(f *testing.F) {
	f.Add(550, "5.1.1 <canary@example.org>: no such user")
	f.Add(421, "4.7.0 try again later")
	f.Add(250, "5.1.1")
	f.Add(-1, "")
	f.Fuzz(func(t *testing.T, code int, answer string) {
		for _, at := range []stage{opening, from, to, data, writing, waiting} {
			failed := failure(t.Context(), at, &textproto.Error{Code: code, Msg: answer})
			require.Equal(t, at == waiting && code < 400, failed.Answer == people.MailUnclear)
			require.Equal(t, code, failed.Status)
			require.Regexp(t, `^[A-Za-z ]+( [245]\.\d{1,3}\.\d{1,3})?$`, failed.Reason)
			if code >= 400 && code < 500 {
				require.Equal(t, people.MailRetry, failed.Answer)
			}
		}
	})
}
