package simulate

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"strconv"
)

// The content types of answers that do not belong to one system.
const (
	JSONType = "application/json"
	htmlType = "text/html; charset=utf-8"
	page     = "<!DOCTYPE html><title>Sorry</title><h1>We will be back soon</h1>"
)

// Answer is kept in memory until faults have been applied to it. Status 0 means no
// answer: the connection breaks.
type Answer struct {
	Status int
	Type   string // Content-Type; if empty, that of Header, if any
	Body   []byte
	Header http.Header
	// Chunked leaves out the length.
	Chunked bool

	missing int // bytes that are announced but never sent
}

// JSON answers with a value of a simulator's own types.
func JSON(status int, body any) Answer { return Encoded(status, JSONType, body) }

// Encoded is JSON with another content type.
func Encoded(status int, contentType string, body any) Answer {
	return Answer{Status: status, Type: contentType, Body: Marshal(body)}
}

// Marshal writes a value of a simulator's own types as JSON. It panics if that
// fails, which is a bug in the simulator.
func Marshal(body any) []byte {
	text, err := json.Marshal(body)
	if err != nil {
		panic(fmt.Sprintf("simulate: %T does not marshal: %v", body, err))
	}
	return text
}

// With returns the answer with a header set to a value; "" removes the header.
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

// Send sends the answer. To break the connection it panics with
// http.ErrAbortHandler, as net/http requires.
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
	_, _ = w.Write(a.Body) // a client that left does not matter
	if a.missing > 0 {
		_ = http.NewResponseController(w).Flush()
		panic(http.ErrAbortHandler)
	}
}

// cut returns the answer with its body cut off after some bytes; 0 means half.
func (a Answer) cut(after int, chunked bool) Answer {
	if after == 0 {
		after = len(a.Body) / 2
	} else if after >= len(a.Body) {
		return a
	}
	a.missing = len(a.Body) - after + 1 // one more, so that an empty body is cut short too
	a.Body, a.Chunked = a.Body[:after], chunked
	return a
}

// garbled cuts JSON off in the middle, and leaves a quote open in the middle of CSV.
func garbled(body []byte) []byte {
	middle := len(body) / 2
	if bytes.HasPrefix(body, []byte("{")) || bytes.HasPrefix(body, []byte("[")) {
		return body[:middle]
	}
	line := middle + bytes.IndexByte(body[middle:], '\n') + 1
	return bytes.Join([][]byte{body[:line], []byte("\"FAULT\",\"A ROW THAT\r\n"), body[line:]}, nil)
}

// Misdirect replaces the text between before and path, the scheme and host of a
// link in the body, with another host. A body without such a link does not change.
func (a Answer) Misdirect(before, path, host string) Answer {
	head, tail, found := bytes.Cut(a.Body, []byte(before))
	end := bytes.Index(tail, []byte(path))
	if found && end >= 0 {
		a.Body = bytes.Join([][]byte{head, []byte(before), []byte(host), tail[end:]}, nil)
	}
	return a
}

// Held lets a handler answer into memory. The answer is sent as the handler would
// have sent it, with a length only if the handler set one.
func Held(handler http.Handler, r *http.Request) Answer {
	kept := memoryResponse{header: make(http.Header)}
	handler.ServeHTTP(&kept, r)
	chunked := kept.header.Get("Content-Length") == ""
	kept.header.Del("Content-Length") // a fault may change the body
	return Answer{Status: max(kept.status, http.StatusOK), Header: kept.header, Body: kept.body.Bytes(), Chunked: chunked}
}

type memoryResponse struct {
	header http.Header
	status int
	body   bytes.Buffer
}

func (h *memoryResponse) Header() http.Header         { return h.header }
func (h *memoryResponse) WriteHeader(status int)      { h.status = status }
func (h *memoryResponse) Write(p []byte) (int, error) { return h.body.Write(p) }
