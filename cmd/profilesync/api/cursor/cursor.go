// Package cursor cuts lists into pages. A cursor says where the next page begins, also
// when rows were added before it meanwhile: the number and the key of a row in a list that
// is read from its beginning (Cut), or the key alone in one that is read from there on
// (OfKey), whose hundredth page costs as much as its first.
package cursor

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"slices"
)

const (
	// deepest is how far a list can be read.
	deepest = 1_000_000
	// slack is how many rows may be added before a page while a list is read.
	slack = 500
)

// Cursor is a place in a list: behind the row of a key, which was the last one of its
// page and the number At of the list. The zero value is the beginning.
type Cursor struct {
	At  int    `json:"a"`
	Key []byte `json:"k"` // a digest
}

// ErrForeign says that a text is no cursor of ours.
var ErrForeign = errors.New("it is none that a page has given")

// Parse reads what String wrote; empty is the beginning. The error is ErrForeign.
func Parse(text string) (c Cursor, err error) {
	if text == "" {
		return c, nil
	}
	raw, err := base64.RawURLEncoding.DecodeString(text)
	if err == nil {
		err = json.Unmarshal(raw, &c)
	}
	if err != nil || c.At < 0 || c.At > deepest {
		return c, ErrForeign
	}
	return c, nil
}

func (c Cursor) String() string {
	raw, err := json.Marshal(c)
	if err != nil {
		panic("a number and bytes always marshal: " + err.Error())
	}
	return base64.RawURLEncoding.EncodeToString(raw)
}

// Rows is how many rows of the list Cut needs for a page of at most limit rows.
func (c Cursor) Rows(limit int) int { return c.At + limit + slack + 1 }

// OfKey is the cursor behind the row of a key, in a list that is read from there on.
func OfKey(key any) string {
	raw, err := json.Marshal(key)
	if err != nil {
		panic("keys are numbers and short texts: " + err.Error())
	}
	return base64.RawURLEncoding.EncodeToString(raw)
}

// ParseKey reads into a key what OfKey wrote; an empty text leaves it as it is. The error is
// ErrForeign.
func ParseKey(text string, key any) error {
	if text == "" {
		return nil
	}
	raw, err := base64.RawURLEncoding.DecodeString(text)
	if err == nil {
		decoder := json.NewDecoder(bytes.NewReader(raw))
		decoder.DisallowUnknownFields()
		err = decoder.Decode(key)
	}
	if err != nil {
		return ErrForeign
	}
	return nil
}

// Cut returns the rows of the page at the cursor, at most limit, and where to read on;
// next is empty at the end of the list. Rows that were added before the page are skipped
// by the key of the last row of the page before.
func Cut[T any](limit int, from Cursor, rows []T, key func(T) string) (part []T, next string) {
	begin := min(from.At, len(rows))
	if begin > 0 || from.Key != nil {
		same := func(row T) bool { return slices.Equal(digest(key(row)), from.Key) }
		if begin == 0 || !same(rows[begin-1]) {
			if at := slices.IndexFunc(rows, same); at >= 0 {
				begin = at + 1
			}
		}
	}
	end := min(begin+limit, len(rows))
	part = append([]T{}, rows[begin:end]...)
	if end < len(rows) && end > begin {
		next = Cursor{At: end, Key: digest(key(rows[end-1]))}.String()
	}
	return part, next
}

// digest is a few bytes of a key, so that the cursor does not show it.
func digest(key string) []byte {
	sum := sha256.Sum256([]byte(key))
	return sum[:8]
}
