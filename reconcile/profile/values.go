package profile

import (
	"encoding/json"
	"fmt"
	"strings"
)

// Values are values by field, each stated or not. A value that is not stated
// differs from an empty one: a layout that cannot express a field must never
// change it (RULES.md "Listings"). The zero value states nothing. Values are
// comparable.
//
// Lists are stored as one text: address lines joined by line feeds; roles
// joined by vertical bars, the primary one first, the others in order.
type Values struct { //nolint:recvcheck // read by value, since small and comparable; only what changes it takes a pointer
	value  [numFields]string
	stated uint32
}

// Set states a value, in the form of Storable.
func (v *Values) Set(f Field, value string) {
	v.value[f] = Storable(value)
	v.stated |= 1 << f
}

// Storable replaces what no database stores, NUL and bytes that are not UTF-8, with the
// replacement character, so that a text survives JSON and the database unchanged.
func Storable(text string) string {
	return strings.ReplaceAll(strings.ToValidUTF8(text, "\uFFFD"), "\x00", "\uFFFD")
}

// Get returns the value of a field; empty if it is not stated.
func (v *Values) Get(f Field) string { return v.value[f] }

// States reports whether the field is stated.
func (v *Values) States(f Field) bool { return v.stated&(1<<f) != 0 }

// Forget makes a field unstated.
func (v *Values) Forget(f Field) {
	v.value[f] = ""
	v.stated &^= 1 << f
}

// Keep copies the given fields from other values: a push leaves what it does
// not mention as the sink shows it.
func (v *Values) Keep(fields []Field, from Values) {
	for _, f := range fields {
		if from.States(f) {
			v.Set(f, from.Get(f))
		}
	}
}

// MarshalJSON writes the stated fields as one object, by name. It is called for
// every record of a first load; encoding/json would sort a map each time.
func (v Values) MarshalJSON() ([]byte, error) {
	object := []byte{'{'}
	for f := NoField + 1; f < numFields; f++ {
		if !v.States(f) {
			continue
		}
		if len(object) > 1 {
			object = append(object, ',')
		}
		object = append(append(append(object, '"'), f.String()...), '"', ':')
		object = appendText(object, v.value[f])
	}
	return append(object, '}'), nil
}

// appendText appends a JSON string.
func appendText(to []byte, text string) []byte {
	for i := range len(text) {
		if c := text[i]; c < ' ' || c > '~' || c == '"' || c == '\\' {
			quoted, err := json.Marshal(text)
			if err != nil {
				panic("a string always marshals: " + err.Error())
			}
			return append(to, quoted...)
		}
	}
	return append(append(append(to, '"'), text...), '"')
}

// UnmarshalJSON parses the form of MarshalJSON, and returns an error for
// unknown fields.
func (v *Values) UnmarshalJSON(data []byte) error {
	var object map[string]string
	if err := json.Unmarshal(data, &object); err != nil {
		return fmt.Errorf("values: %w", err)
	}
	*v = Values{}
	for name, value := range object {
		f, err := ParseField(name)
		if err != nil {
			return err
		}
		v.Set(f, value)
	}
	return nil
}
