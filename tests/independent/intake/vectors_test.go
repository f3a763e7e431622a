package main

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"math/big"
	"os"
	"path/filepath"
	"strings"
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

var (
	vectorsFolder  = folder("VECTORS", "../../vectors/contract")
	contractFolder = folder("CONTRACT", "../../../sync/contract")
)

func read(t *testing.T, name string, to any) {
	t.Helper()
	data, err := os.ReadFile(filepath.Join(vectorsFolder, name))
	if err == nil {
		err = json.Unmarshal(data, to)
	}
	if err != nil {
		t.Fatal(err)
	}
}

type signer struct {
	JWK    wire.Object
	Kid    string
	Scalar string `json:"private_scalar_hex"`
}

func (s signer) key(t *testing.T) *ecdsa.PrivateKey {
	t.Helper()
	public, kid, err := wire.PublicKey(s.JWK)
	d, ok := new(big.Int).SetString(s.Scalar, 16)
	if err != nil || kid != s.Kid || !ok {
		t.Fatal("a signing key", err)
	}
	x, _ := elliptic.P256().ScalarBaseMult(d.Bytes())
	if x.Cmp(public.X) != 0 {
		t.Fatal("another scalar")
	}
	return &ecdsa.PrivateKey{PublicKey: *public, D: d}
}

type keyVectors struct {
	Device, Insurer signer
	KeySet          string `json:"key_set_jws"`
	Shop            struct {
		Kid, Suite, Public string
		Seed               string `json:"private_seed_hex"`
	}
}

// setUp is an intake with the vectors' keys and their terminal enrolled.
func setUp(t *testing.T) (*intake, keyVectors) {
	t.Helper()
	var k keyVectors
	read(t, "keys.json", &k)
	schemas, err := wire.LoadSchemas(filepath.Join(contractFolder, "schemas"))
	if err != nil {
		t.Fatal(err)
	}
	insurer := k.Insurer.key(t)
	payload, err := wire.Verify(&insurer.PublicKey, "keys", k.KeySet)
	if err != nil {
		t.Fatal(err)
	}
	set, err := schemas.Record("keys", payload)
	if err != nil {
		t.Fatal(err)
	}
	s, err := openStore(filepath.Join(t.TempDir(), "store"))
	if err != nil {
		t.Fatal(err)
	}
	in := &intake{config: config{AMC: "99999997", Convention: "OPTI", Endpoint: "https://insurer.example:8443", LogName: "x"},
		schemas: schemas, store: s, signing: insurer, recipients: map[string]string{}, logKey: make([]byte, 64)}
	for _, key := range set["sealing"].([]any) {
		in.recipients[key.(wire.Object)["kid"].(string)] = key.(wire.Object)["suite"].(string)
	}
	if err := s.apply(&line{Enrolment: &enrolment{Device: k.Device.Kid, Shop: "759999991", Signing: k.Device.JWK}}); err != nil {
		t.Fatal(err)
	}
	return in, k
}

func TestChain(t *testing.T) {
	in, k := setUp(t)
	var v struct {
		Links []struct{ Package, Receipt, Receipt_jws, Dispatch_digest string }
		State string `json:"state_jws"`
	}
	read(t, "chain.json", &v)
	term := in.store.terminals[k.Device.Kid]
	for _, link := range v.Links {
		for i, want := range []int{201, 200} {
			results, err := in.take(term, [][]byte{[]byte(link.Package)})
			if err != nil || results[0].status != want {
				t.Fatal(i, err, results[0].problem)
			}
			ours, err := wire.Verify(&in.signing.PublicKey, "receipt", results[0].claim.Receipt)
			theirs, err2 := wire.Verify(&in.signing.PublicKey, "receipt", link.Receipt_jws)
			if err != nil || err2 != nil || string(theirs) != link.Receipt {
				t.Fatal(err, err2)
			}
			a, _ := in.schemas.Record("receipt", ours)
			b, err := in.schemas.Record("receipt", theirs)
			if err != nil {
				t.Fatal(err)
			}
			a["received_at"] = b["received_at"]
			if string(wire.Canonical(a)) != link.Receipt {
				t.Error("another receipt")
			}
		}
	}
	payload, err := wire.Verify(&in.signing.PublicKey, "state", v.State)
	if err != nil {
		t.Fatal(err)
	}
	state, err := in.schemas.Record("state", payload)
	if err != nil || state["seq"] != term.head || state["head"] != term.bySeq[term.head].Dispatch {
		t.Error("another state", err)
	}
}

func TestTampered(t *testing.T) {
	in, k := setUp(t)
	var v []struct {
		Code, Name, Package string
		Refusal             string `json:"refusal_jws"`
	}
	read(t, "tampered.json", &v)
	for _, c := range v {
		results, err := in.take(in.store.terminals[k.Device.Kid], [][]byte{[]byte(c.Package)})
		if err != nil || results[0].problem == nil || results[0].problem.code != c.Code {
			t.Errorf("%s: %v %+v", c.Name, err, results[0].problem)
			continue
		}
		if (results[0].problem.refusal == "") != (c.Refusal == "") {
			t.Errorf("%s: refusal", c.Name)
		}
		if c.Refusal == "" {
			continue
		}
		ours, err := wire.Verify(&in.signing.PublicKey, "refusal", results[0].problem.refusal)
		theirs, err2 := wire.Verify(&in.signing.PublicKey, "refusal", c.Refusal)
		if err != nil || err2 != nil {
			t.Fatal(err, err2)
		}
		a, _ := in.schemas.Record("refusal", ours)
		b, err := in.schemas.Record("refusal", theirs)
		if err != nil {
			t.Fatal(err)
		}
		a["refused_at"] = b["refused_at"]
		if string(wire.Canonical(a)) != string(theirs) {
			t.Errorf("%s: another refusal", c.Name)
		}
	}
}

func TestEnrolment(t *testing.T) {
	in, k := setUp(t)
	var v struct {
		Printed string `json:"code_printed"`
		Symbols string `json:"code_symbols"`
		Sealed  string `json:"pseudonym_key"`
		Hex     string `json:"pseudonym_key_hex"`
		Request string
	}
	read(t, "enrolment.json", &v)
	if printed(v.Symbols) != v.Printed {
		t.Error("check symbol", printed(v.Symbols))
	}
	request, err := in.schemas.Record("enrolment-request", []byte(v.Request))
	if err != nil {
		t.Fatal(err)
	}
	proof := request["proof"]
	delete(request, "proof")
	mac := hmac.New(sha256.New, []byte(v.Symbols))
	mac.Write(append([]byte("comptoir/enrolment/v1\x00"), wire.Canonical(request)...))
	if hex.EncodeToString(mac.Sum(nil)) != proof {
		t.Error("proof")
	}
	seed, _ := hex.DecodeString(k.Shop.Seed)
	shop, err := seal.NewPrivate(k.Shop.Suite, seed)
	if err != nil || wire.KidOf(shop.Public) != k.Shop.Kid {
		t.Fatal("shop key", err)
	}
	sealed, err := wire.UnB64(v.Sealed)
	if err != nil {
		t.Fatal(err)
	}
	plain, err := shop.Open([]byte("comptoir/pseudonym/v1\x00"), sealed)
	if err != nil || hex.EncodeToString(plain) != v.Hex {
		t.Error("pseudonym key", err)
	}
}

func TestRequest(t *testing.T) {
	in, k := setUp(t)
	var v struct {
		Base, Body, Method, Target string
		Fields                     map[string]string
	}
	read(t, "request.json", &v)
	m := input.FindStringSubmatch(v.Fields["signature-input"])
	s := signature.FindStringSubmatch(v.Fields["signature"])
	if m == nil || s == nil || !strings.HasSuffix(v.Base, `"@signature-params": `+m[1]) {
		t.Fatal("form")
	}
	raw, err := base64.StdEncoding.DecodeString(s[1])
	if err != nil || !wire.VerifyRaw(in.store.terminals[k.Device.Kid].key, []byte(v.Base), raw) {
		t.Error("signature", err)
	}
}
