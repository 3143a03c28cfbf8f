package simulate

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"strconv"
)

// The content types of answers that are no system's own.
const (
	JSONType = "application/json"
	htmlType = "text/html; charset=utf-8"
	page     = "<!DOCTYPE html><title>Sorry</title><h1>We will be back soon</h1>"
)

// Answer is held in memory until it is known what a fault leaves of it. Status
// 0 is none: the connection breaks.
type Answer struct {
	Status int
	Type   string // Content-Type; "": that of Header, if any
	Body   []byte
	Header http.Header
	// Chunked announces no length.
	Chunked bool

	missing int // bytes that are announced and never come
}

// JSON answers with a value of a simulator's own types.
func JSON(status int, body any) Answer { return Encoded(status, JSONType, body) }

// Encoded is JSON under another content type.
func Encoded(status int, contentType string, body any) Answer {
	return Answer{Status: status, Type: contentType, Body: Marshal(body)}
}

// Marshal writes a value of a simulator's own types as JSON. One that cannot be
// written panics: it is a mistake of the simulator.
func Marshal(body any) []byte {
	text, err := json.Marshal(body)
	if err != nil {
		panic(fmt.Sprintf("simulate: %T does not marshal: %v", body, err))
	}
	return text
}

// With is the answer with a header more, or another value of it; "" takes it
// away.
func (a Answer) With(name, value string) Answer {
	header := a.Header.Clone()
	if header == nil {
		header = make(http.Header, 4)
	}
	if header.Set(name, value); value == "" {
		header.Del(name)
	}
	a.Header = header
	return a
}

// Send sends the answer. What breaks the connection panics with
// http.ErrAbortHandler, as net/http wants it.
func (a Answer) Send(w http.ResponseWriter) {
	if a.Status == 0 {
		panic(http.ErrAbortHandler)
	}
	header := w.Header()
	maps.Copy(header, a.Header)
	if a.Type != "" {
		header.Set("Content-Type", a.Type)
	}
	if !a.Chunked && a.Status != http.StatusNotModified {
		header.Set("Content-Length", strconv.Itoa(len(a.Body)+a.missing))
	}
	w.WriteHeader(a.Status)
	_, _ = w.Write(a.Body) // a client that left is none of our business
	if a.missing > 0 {
		_ = http.NewResponseController(w).Flush()
		panic(http.ErrAbortHandler)
	}
}

// cut is the answer without what follows so many bytes of its body; 0: half.
func (a Answer) cut(after int, chunked bool) Answer {
	if after == 0 {
		after = len(a.Body) / 2
	} else if after >= len(a.Body) {
		return a
	}
	a.missing = len(a.Body) - after + 1 // one more, so that an empty body is cut short, too
	a.Body, a.Chunked = a.Body[:after], chunked
	return a
}

// garbled ends JSON in its middle, and leaves a quote open in the middle of CSV.
func garbled(body []byte) []byte {
	middle := len(body) / 2
	if bytes.HasPrefix(body, []byte("{")) || bytes.HasPrefix(body, []byte("[")) {
		return body[:middle]
	}
	line := middle + bytes.IndexByte(body[middle:], '\n') + 1
	return bytes.Join([][]byte{body[:line], []byte("\"FAULT\",\"A ROW THAT\r\n"), body[line:]}, nil)
}

// Misdirect replaces what stands between before and path, scheme and host of a
// link in the body, by another host. A body without such a link stays.
func (a Answer) Misdirect(before, path, host string) Answer {
	head, tail, found := bytes.Cut(a.Body, []byte(before))
	end := bytes.Index(tail, []byte(path))
	if found && end >= 0 {
		a.Body = bytes.Join([][]byte{head, []byte(before), []byte(host), tail[end:]}, nil)
	}
	return a
}

// Held lets a handler answer into memory. It is sent as the handler would have
// sent it: with a length if it named one.
func Held(handler http.Handler, r *http.Request) Answer {
	kept := held{header: make(http.Header)}
	handler.ServeHTTP(&kept, r)
	chunked := kept.header.Get("Content-Length") == ""
	kept.header.Del("Content-Length") // the body may be spoilt
	return Answer{Status: max(kept.status, http.StatusOK), Header: kept.header, Body: kept.body.Bytes(), Chunked: chunked}
}

type held struct {
	header http.Header
	status int
	body   bytes.Buffer
}

func (h *held) Header() http.Header         { return h.header }
func (h *held) WriteHeader(status int)      { h.status = status }
func (h *held) Write(p []byte) (int, error) { return h.body.Write(p) }
