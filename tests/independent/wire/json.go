// Package wire has the bytes of the contract: canonical JSON, its schemas, JWS, digests.
package wire

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"sort"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"
)

// Object is a decoded JSON object; integers are int64.
type Object = map[string]any

const maxInteger = 1<<53 - 1

// Digest is SHA-256 in hex.
func Digest(data []byte) string {
	sum := sha256.Sum256(data)
	return hex.EncodeToString(sum[:])
}

// B64 is base64url without padding; UnB64 refuses a text that does not come back the same.
func B64(data []byte) string { return base64.RawURLEncoding.EncodeToString(data) }

func UnB64(text string) ([]byte, error) {
	data, err := base64.RawURLEncoding.DecodeString(text)
	if err == nil && B64(data) != text {
		err = errors.New("base64url is not canonical")
	}
	return data, err
}

// Canonical is RFC 8785 for what the contract has: objects, arrays, strings, integers, booleans.
func Canonical(value any) []byte {
	var b bytes.Buffer
	write(&b, value)
	return b.Bytes()
}

func write(b *bytes.Buffer, value any) {
	switch v := value.(type) {
	case string:
		writeString(b, v)
	case bool:
		b.WriteString(strconv.FormatBool(v))
	case int:
		b.WriteString(strconv.Itoa(v))
	case int64:
		b.WriteString(strconv.FormatInt(v, 10))
	case []any:
		b.WriteByte('[')
		for i, item := range v {
			if i > 0 {
				b.WriteByte(',')
			}
			write(b, item)
		}
		b.WriteByte(']')
	case Object:
		names := make([]string, 0, len(v))
		for name := range v {
			names = append(names, name)
		}
		sort.Strings(names) // member names are ASCII
		b.WriteByte('{')
		for i, name := range names {
			if i > 0 {
				b.WriteByte(',')
			}
			writeString(b, name)
			b.WriteByte(':')
			write(b, v[name])
		}
		b.WriteByte('}')
	default:
		panic(fmt.Sprintf("no canonical form for %T", value))
	}
}

func writeString(b *bytes.Buffer, text string) {
	short := map[byte]string{'"': `\"`, '\\': `\\`, '\b': `\b`, '\t': `\t`, '\n': `\n`, '\f': `\f`, '\r': `\r`}
	b.WriteByte('"')
	for i := 0; i < len(text); i++ {
		if escaped, ok := short[text[i]]; ok {
			b.WriteString(escaped)
		} else if text[i] < 0x20 {
			fmt.Fprintf(b, `\u%04x`, text[i])
		} else {
			b.WriteByte(text[i])
		}
	}
	b.WriteByte('"')
}

// Decode reads a JSON value and refuses bytes that are not its canonical form: white space, repeated members, other
// escapes, floats, null.
func Decode(data []byte) (any, error) {
	decoder := json.NewDecoder(bytes.NewReader(data))
	decoder.UseNumber()
	var value any
	if err := decoder.Decode(&value); err != nil {
		return nil, errors.New("not JSON")
	}
	value, err := integers(value)
	if err != nil {
		return nil, err
	}
	if !bytes.Equal(Canonical(value), data) {
		return nil, errors.New("not canonical")
	}
	return value, nil
}

func integers(value any) (any, error) {
	var err error
	switch v := value.(type) {
	case nil:
		return nil, errors.New("null")
	case json.Number:
		n, err := strconv.ParseInt(string(v), 10, 64)
		if err != nil || n > maxInteger || n < -maxInteger {
			return nil, errors.New("not an integer of the contract")
		}
		return n, nil
	case []any:
		for i := range v {
			if v[i], err = integers(v[i]); err != nil {
				return nil, err
			}
		}
	case Object:
		for name := range v {
			if v[name], err = integers(v[name]); err != nil {
				return nil, err
			}
		}
	}
	return value, nil
}

// Schemas are the contract's own files, by name ("package"): what a record may hold is read from nowhere else.
type Schemas map[string]Object

// LoadSchemas reads a folder of schemas.
func LoadSchemas(folder string) (Schemas, error) {
	files, err := filepath.Glob(filepath.Join(folder, "*.schema.json"))
	if err != nil || len(files) == 0 {
		return nil, fmt.Errorf("no schemas in %s", folder)
	}
	all := Schemas{}
	for _, file := range files {
		data, err := os.ReadFile(file)
		if err != nil {
			return nil, err
		}
		var schema Object
		if err := json.Unmarshal(data, &schema); err != nil {
			return nil, err
		}
		all[strings.TrimSuffix(filepath.Base(file), ".schema.json")] = schema
	}
	all.compile()
	return all, nil
}

// Record decodes a canonical record and checks it.
func (s Schemas) Record(name string, data []byte) (Object, error) {
	value, err := Decode(data)
	if err != nil {
		return nil, err
	}
	if err := s.Check(name, value); err != nil {
		return nil, err
	}
	return value.(Object), nil
}

// Check holds a value against a schema.
func (s Schemas) Check(name string, value any) error { return check(s[name], s[name], value) }

var patterns = map[string]*regexp.Regexp{}

// compile makes every pattern ready: Check runs from several goroutines.
func (s Schemas) compile() {
	var walk func(any)
	walk = func(value any) {
		switch v := value.(type) {
		case []any:
			for _, item := range v {
				walk(item)
			}
		case Object:
			if text, ok := v["pattern"].(string); ok {
				// `$` already is the very end in Go, and there is no look-ahead.
				patterns[text] = regexp.MustCompile(strings.ReplaceAll(text, `(?!\n)`, ""))
			}
			for _, item := range v {
				walk(item)
			}
		}
	}
	for _, schema := range s {
		walk(schema)
	}
}

func check(root, rule Object, value any) error {
	if ref, ok := rule["$ref"].(string); ok && strings.HasPrefix(ref, "#/$defs/") {
		if err := check(root, root["$defs"].(Object)[ref[8:]].(Object), value); err != nil {
			return err
		}
	}
	bound := func(name string) (int64, bool) { n, ok := rule[name].(float64); return int64(n), ok }
	if want, ok := rule["const"]; ok && !same(want, value) {
		return errors.New("another constant")
	}
	if choices, ok := rule["enum"].([]any); ok {
		found := false
		for _, choice := range choices {
			found = found || same(choice, value)
		}
		if !found {
			return errors.New("not a choice")
		}
	}
	within := func(n int64, low, high string) error {
		if limit, ok := bound(low); ok && n < limit {
			return errors.New(low)
		}
		if limit, ok := bound(high); ok && n > limit {
			return errors.New(high)
		}
		return nil
	}
	switch rule["type"] {
	case "boolean":
		if _, ok := value.(bool); !ok {
			return errors.New("not a boolean")
		}
	case "integer":
		n, ok := value.(int64)
		if !ok {
			return errors.New("not an integer")
		}
		return within(n, "minimum", "maximum")
	case "string":
		text, ok := value.(string)
		if !ok {
			return errors.New("not a text")
		}
		if pattern, ok := rule["pattern"].(string); ok && !patterns[pattern].MatchString(text) {
			return errors.New("another pattern")
		}
		if rule["format"] == "date" {
			if _, err := time.Parse("2006-01-02", text); err != nil {
				return errors.New("not a day")
			}
		}
		return within(int64(utf8.RuneCountInString(text)), "minLength", "maxLength")
	case "array":
		list, ok := value.([]any)
		if !ok {
			return errors.New("not an array")
		}
		if rule, ok := rule["items"].(Object); ok {
			for _, item := range list {
				if err := check(root, rule, item); err != nil {
					return err
				}
			}
		}
		return within(int64(len(list)), "minItems", "maxItems")
	case "object":
		object, ok := value.(Object)
		if !ok {
			return errors.New("not an object")
		}
		for _, name := range rule["required"].([]any) {
			if _, ok := object[name.(string)]; !ok {
				return fmt.Errorf("%s is missing", name)
			}
		}
		members := rule["properties"].(Object)
		for name, member := range object {
			rule, ok := members[name].(Object)
			if !ok {
				return errors.New("a member that is not known")
			}
			if err := check(root, rule, member); err != nil {
				return fmt.Errorf("%s: %w", name, err)
			}
		}
	}
	return nil
}

func same(schema, value any) bool {
	if n, ok := schema.(float64); ok {
		return value == int64(n)
	}
	return schema == value
}
