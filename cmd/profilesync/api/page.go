package api

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"net/http"
	"slices"

	"github.com/danielgtaylor/huma/v2"
)

const (
	// deepest is how far a list can be read.
	deepest = 1_000_000
	// slack is how many rows may be added before a page while a list is read.
	slack = 500
)

// Paging says which page of a list is wanted.
type Paging struct {
	Limit  int    `query:"limit" default:"100" minimum:"1" maximum:"500" doc:"How many at most."`
	Cursor string `query:"cursor" maxLength:"200" doc:"Where to read on: next of the page before."`
}

// Page is a part of a list.
type Page[T any] struct {
	Items []T    `json:"items" nullable:"false"`
	Next  string `json:"next,omitempty" doc:"Give it as cursor to read on; missing at the end of the list."`
}

type pageOf[T any] struct{ Body Page[T] }

// body is the answer of an operation.
type body[T any] struct{ Body T }

func answer[T any](value T, err error) (*body[T], error) {
	if err != nil {
		return nil, err
	}
	return &body[T]{value}, nil
}

// cursor is a place in a list: behind the row of a key, which was the last one of its
// page and the number At of the list.
type cursor struct {
	At  int    `json:"a"`
	Key []byte `json:"k"`
}

func parseCursor(text string) (c cursor, err error) {
	if text == "" {
		return c, nil
	}
	raw, err := base64.RawURLEncoding.DecodeString(text)
	if err == nil {
		err = json.Unmarshal(raw, &c)
	}
	if err != nil || c.At < 0 || c.At > deepest {
		return c, huma.NewError(http.StatusUnprocessableEntity, "cursor: it is none that a page has given: read the list from its beginning",
			&huma.ErrorDetail{Location: "cursor", Message: "it is none that a page has given"})
	}
	return c, nil
}

func (c cursor) String() string {
	raw, err := json.Marshal(c)
	if err != nil {
		panic("a number and bytes always marshal: " + err.Error())
	}
	return base64.RawURLEncoding.EncodeToString(raw)
}

// digest is a few bytes of a key, so that the cursor does not show it.
func digest(key string) []byte {
	sum := sha256.Sum256([]byte(key))
	return sum[:8]
}

// paged returns a page of what load returns: the first rows of a list, at least so many
// if there are. Rows that are added before the page meanwhile are skipped by the key of
// the last row of the page before.
func paged[T any](p Paging, key func(T) string, load func(most int) ([]T, error)) (*pageOf[T], error) {
	from, err := parseCursor(p.Cursor)
	if err != nil {
		return nil, err
	}
	rows, err := load(from.At + p.Limit + slack + 1)
	if err != nil {
		return nil, err
	}
	part, next := cut(p, from, rows, key)
	return &pageOf[T]{Page[T]{Items: part, Next: next}}, nil
}

// cut returns the rows of a page, and where to read on.
func cut[T any](p Paging, from cursor, rows []T, key func(T) string) (part []T, next string) {
	begin := min(from.At, len(rows))
	if begin > 0 || from.Key != nil {
		same := func(row T) bool { return slices.Equal(digest(key(row)), from.Key) }
		if begin == 0 || !same(rows[begin-1]) {
			if at := slices.IndexFunc(rows, same); at >= 0 {
				begin = at + 1
			}
		}
	}
	end := min(begin+p.Limit, len(rows))
	part = append([]T{}, rows[begin:end]...)
	if end < len(rows) && end > begin {
		next = cursor{At: end, Key: digest(key(rows[end-1]))}.String()
	}
	return part, next
}
