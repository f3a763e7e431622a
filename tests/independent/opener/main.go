// Command opener opens sealed claims. Its private keys are on a machine of their own; it reads a copy of the intake's
// store and of the contract's schemas.
//
//	opener keygen KEYS                                   makes an X-Wing and an X25519 key, prints the public halves
//	opener open   KEYS STORE CONTRACT   one line of JSON a claim: what it says, or what is wrong with it
package main

import (
	"bufio"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"log"
	"os"
	"path/filepath"

	"insurer/seal"
	"insurer/wire"
)

type stored struct {
	Claim     *struct{ Device, Package string }
	Enrolment *struct {
		Device, Shop string
		Signing      wire.Object
	}
}

type terminal struct {
	shop string
	jwk  wire.Object
}

type opener struct {
	keys      map[string]*seal.Private
	terminals map[string]terminal
	schemas   wire.Schemas
	claims    map[string]wire.Object // opened before
	senders   map[string]string      // claim to device
}

func main() {
	log.SetFlags(0)
	var err error
	switch {
	case len(os.Args) == 3 && os.Args[1] == "keygen":
		err = keygen(os.Args[2])
	case len(os.Args) == 5 && os.Args[1] == "open":
		err = openAll(os.Args[2], os.Args[3], os.Args[4])
	default:
		err = errors.New("usage: opener keygen KEYS | opener open KEYS STORE CONTRACT")
	}
	if err != nil {
		log.Fatal(err)
	}
}

func keygen(path string) error {
	secrets, public := map[string]string{}, []any{}
	for _, suite := range []string{seal.XWing, seal.X25519} {
		secret := make([]byte, 32)
		if _, err := rand.Read(secret); err != nil {
			return err
		}
		key, err := seal.NewPrivate(suite, secret)
		if err != nil {
			return err
		}
		secrets[suite] = hex.EncodeToString(secret)
		public = append(public, wire.Object{"kid": wire.KidOf(key.Public), "suite": suite, "public": wire.B64(key.Public)})
	}
	data, err := json.Marshal(secrets)
	if err != nil {
		return err
	}
	file, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	if _, err = file.Write(data); err == nil {
		err = file.Close()
	}
	fmt.Printf("%s\n", wire.Canonical(public))
	return err
}

func newOpener(keys, contract string) (*opener, error) {
	o := &opener{map[string]*seal.Private{}, map[string]terminal{}, nil, map[string]wire.Object{}, map[string]string{}}
	data, err := os.ReadFile(keys)
	secrets := map[string]string{}
	if err == nil {
		err = json.Unmarshal(data, &secrets)
	}
	if err == nil {
		o.schemas, err = wire.LoadSchemas(filepath.Join(contract, "schemas"))
	}
	for suite, text := range secrets {
		secret, bad := hex.DecodeString(text)
		if bad != nil {
			return nil, bad
		}
		key, bad := seal.NewPrivate(suite, secret)
		if bad != nil {
			return nil, bad
		}
		o.keys[wire.KidOf(key.Public)] = key
	}
	return o, err
}

func openAll(keys, store, contract string) error {
	o, err := newOpener(keys, contract)
	if err != nil {
		return err
	}
	file, err := os.Open(store)
	if err != nil {
		return err
	}
	defer file.Close()
	lines := bufio.NewScanner(file)
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		var s stored
		if err := json.Unmarshal(lines.Bytes(), &s); err != nil {
			return err
		}
		if e := s.Enrolment; e != nil {
			o.terminals[e.Device] = terminal{e.Shop, e.Signing}
		}
		if s.Claim == nil {
			continue
		}
		record, err := wire.Decode([]byte(s.Claim.Package))
		if err != nil {
			return err // the intake never stores such a thing
		}
		envelope := record.(wire.Object)["envelope"].(wire.Object)
		result := wire.Object{"claim_id": envelope["claim_id"], "device": s.Claim.Device}
		if content, err := o.open(envelope); err != nil {
			result["error"] = err.Error()
		} else {
			result["content"] = content
		}
		fmt.Printf("%s\n", wire.Canonical(result))
	}
	return lines.Err()
}

// open is §5's second half.
func (o *opener) open(envelope wire.Object) (wire.Object, error) {
	t, known := o.terminals[envelope["device"].(string)]
	key := o.keys[envelope["recipient"].(string)]
	if !known || key == nil || key.Suite != envelope["suite"] {
		return nil, errors.New("no such terminal or key")
	}
	header := wire.Object{}
	for name, value := range envelope {
		if name != "sealed" {
			header[name] = value
		}
	}
	sealed, err := wire.UnB64(envelope["sealed"].(string))
	if err != nil {
		return nil, err
	}
	padded, err := key.Open(append([]byte("comptoir/claim/v1\x00"), wire.Canonical(header)...), sealed)
	if err != nil {
		return nil, errors.New("the seal does not open")
	}
	if int64(len(padded)) != envelope["bucket"] {
		return nil, errors.New("another bucket")
	}
	jws, err := seal.Unpad(padded)
	if err != nil {
		return nil, err
	}
	public, _, err := wire.PublicKey(t.jwk)
	if err != nil {
		return nil, err
	}
	name, id := "claim", "claim_id"
	payload, err := wire.Verify(public, "claim", jws)
	if err != nil {
		name, id = "document-answer", "answer_id"
		if payload, err = wire.Verify(public, name, jws); err != nil {
			return nil, errors.New("the terminal did not sign this")
		}
	}
	content, err := o.schemas.Record(name, payload)
	if err != nil {
		return nil, fmt.Errorf("form: %w", err)
	}
	if content[id] != envelope["claim_id"] || content["insurer"] != envelope["insurer"] ||
		content["convention"] != envelope["convention"] || content["csr"] != envelope["csr"] {
		return nil, errors.New("claim and header disagree")
	}
	if content["shop"] != t.shop {
		return nil, errors.New("another shop")
	}
	if name == "claim" {
		o.claims[content["claim_id"].(string)], o.senders[content["claim_id"].(string)] = content, envelope["device"].(string)
		return content, amounts(content)
	}
	return content, o.answer(content, envelope["device"].(string))
}

func amounts(claim wire.Object) error {
	for _, item := range claim["lines"].([]any) {
		l := item.(wire.Object)
		if l["price"].(int64) != l["amo"].(int64)+l["amc"].(int64)+l["reste_a_charge"].(int64) {
			return errors.New("a line's amounts do not add up")
		}
	}
	return nil
}

// answer checks a document answer against the claim it is about.
func (o *opener) answer(a wire.Object, device string) error {
	about := a["claim_id"].(string)
	claim := o.claims[about]
	if claim == nil || o.senders[about] != device {
		return errors.New("an answer about no claim of this terminal")
	}
	member := a["document"].(string)
	if member == "lpp_code" {
		member = "openings"
	}
	want := map[string]string{"provided": member, "refused": "reason"}[a["verdict"].(string)]
	for _, name := range []string{"openings", "last_equipment_date", "early_renewal", "invoice_reference", "reason"} {
		if _, there := a[name]; there != (name == want) {
			return errors.New("an answer with another member")
		}
	}
	openings, _ := a["openings"].([]any)
	evidence, _ := claim["evidence"].([]any)
	for _, item := range openings {
		opening, found := item.(wire.Object), false
		salt, err := hex.DecodeString(opening["salt"].(string))
		if err != nil {
			return err
		}
		mac := hmac.New(sha256.New, salt)
		mac.Write([]byte(opening["code"].(string)))
		for _, item := range evidence {
			e := item.(wire.Object)
			found = found || e["name"] == "lpp_code" && e["line"] == opening["line"] && e["commitment"] == hex.EncodeToString(mac.Sum(nil))
		}
		if !found {
			return errors.New("an opening that fits no commitment")
		}
	}
	return nil
}
