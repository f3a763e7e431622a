package main

import (
	"encoding/hex"
	"encoding/json"
	"os"
	"path/filepath"
	"testing"

	"insurer/seal"
	"insurer/wire"
)

func folder(name, usual string) string {
	if f := os.Getenv(name); f != "" {
		return f
	}
	return usual
}

func read(t *testing.T, name string, to any) {
	t.Helper()
	data, err := os.ReadFile(filepath.Join(folder("VECTORS", "../../vectors/contract"), name))
	if err == nil {
		err = json.Unmarshal(data, to)
	}
	if err != nil {
		t.Fatal(err)
	}
}

func TestOpening(t *testing.T) {
	var keys struct {
		Device struct {
			Kid string
			JWK wire.Object
		}
		Openers []struct {
			Suite string
			Seed  string `json:"private_seed_hex"`
		}
	}
	read(t, "keys.json", &keys)
	var parties struct{ Shop string }
	read(t, "parties.json", &parties)
	var cases []struct{ Envelope, Claim, Suite string }
	read(t, "envelopes.json", &cases)
	schemas, err := wire.LoadSchemas(filepath.Join(folder("CONTRACT", "../../../sync/contract"), "schemas"))
	if err != nil {
		t.Fatal(err)
	}
	o := &opener{map[string]*seal.Private{}, map[string]terminal{}, schemas, map[string]wire.Object{}, map[string]string{}}
	for _, k := range keys.Openers {
		secret, err := hex.DecodeString(k.Seed)
		if err != nil {
			t.Fatal(err)
		}
		key, err := seal.NewPrivate(k.Suite, secret)
		if err != nil {
			t.Fatal(err)
		}
		o.keys[wire.KidOf(key.Public)] = key
	}
	for _, c := range cases {
		for _, shop := range []string{parties.Shop, "759999992"} {
			o.terminals[keys.Device.Kid] = terminal{shop, keys.Device.JWK}
			envelope, err := wire.Decode([]byte(c.Envelope))
			if err != nil {
				t.Fatal(err)
			}
			content, err := o.open(envelope.(wire.Object))
			if shop == parties.Shop && (err != nil || string(wire.Canonical(content)) != c.Claim) {
				t.Error(c.Suite, err)
			}
			if shop != parties.Shop && err == nil {
				t.Error("a claim of another shop was opened")
			}
			header := envelope.(wire.Object)
			header["convention"] = "AUTRE"
			if _, err := o.open(header); err == nil {
				t.Error("a header that was changed was opened")
			}
		}
	}
}
