package seal

import (
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"os"
	"testing"
)

var vectors = func() string {
	if f := os.Getenv("VECTORS"); f != "" {
		return f
	}
	return "../../vectors/contract"
}()

func TestEnvelopes(t *testing.T) {
	var keys struct {
		Openers []struct{ Kid, Private_seed_hex, Public, Suite string }
	}
	var cases []struct{ Envelope, Info_hex, Randomness_hex, Signed, Suite string }
	load := func(n string, to any) {
		d, err := os.ReadFile(vectors + "/" + n)
		if err != nil {
			t.Fatal(err)
		}
		if err := json.Unmarshal(d, to); err != nil {
			t.Fatal(err)
		}
	}
	load("keys.json", &keys)
	load("envelopes.json", &cases)
	for _, c := range cases {
		var e struct{ Sealed, Recipient string }
		json.Unmarshal([]byte(c.Envelope), &e)
		for _, k := range keys.Openers {
			if k.Kid != e.Recipient {
				continue
			}
			seed, _ := hex.DecodeString(k.Private_seed_hex)
			p, err := NewPrivate(k.Suite, seed)
			if err != nil {
				t.Fatal(err)
			}
			if base64.RawURLEncoding.EncodeToString(p.Public) != k.Public {
				t.Error("public differs", k.Suite)
			}
			info, _ := hex.DecodeString(c.Info_hex)
			sealed, _ := base64.RawURLEncoding.DecodeString(e.Sealed)
			plain, err := p.Open(info, sealed)
			if err != nil {
				t.Error(k.Suite, err)
				continue
			}
			text, err := Unpad(plain)
			if err != nil || text != c.Signed {
				t.Error("unpad", err)
			}
			r, _ := hex.DecodeString(c.Randomness_hex)
			again, err := sealWith(c.Suite, p.Public, info, plain, r)
			if err != nil || string(again) != string(sealed) {
				t.Error("seal differs", err, c.Suite, len(r))
			}
			t.Log(k.Suite, len(r), len(plain), "ok")
		}
	}
}
