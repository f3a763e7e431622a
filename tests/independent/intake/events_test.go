package main

import (
	"encoding/hex"
	"errors"
	"testing"

	"insurer/seal"
	"insurer/wire"
)

// reader is what a terminal knows when it opens events: the insurer's key, its own id and the shop's key.
type reader struct {
	in     *intake
	shop   *seal.Private
	device string
}

func newReader(t *testing.T) (*reader, keyVectors) {
	t.Helper()
	in, k := setUp(t)
	seed, err := hex.DecodeString(k.Shop.Seed)
	if err != nil {
		t.Fatal(err)
	}
	shop, err := seal.NewPrivate(k.Shop.Suite, seed)
	if err != nil {
		t.Fatal(err)
	}
	return &reader{in, shop, k.Device.Kid}, k
}

// open gives what an event holds, or the step at which it fails.
func (r *reader) open(text string, seq int64, prev string) (inner, step string) {
	payload, err := wire.Verify(&r.in.signing.PublicKey, "event", text)
	if err != nil {
		return "", "signature"
	}
	event, err := r.in.schemas.Record("event", payload)
	if err != nil {
		return "", "form"
	}
	if event["insurer"] != r.in.AMC || event["device"] != r.device || event["seq"] != seq || event["prev"] != prev {
		return "", "place"
	}
	sealed, err := wire.UnB64(event["sealed"].(string))
	delete(event, "sealed")
	if err != nil || event["recipient"] != wire.KidOf(r.shop.Public) || event["suite"] != r.shop.Suite {
		return "", "seal"
	}
	padded, err := r.shop.Open(append([]byte("comptoir/event/v1\x00"), wire.Canonical(event)...), sealed)
	if err != nil {
		return "", "seal"
	}
	if inner, err = seal.Unpad(padded); err != nil || int64(len(padded)) != event["bucket"] {
		return "", "padding"
	}
	for _, schema := range []string{"document-request", "outcome", "payment"} {
		payload, err := wire.Verify(&r.in.signing.PublicKey, schema, inner)
		if err != nil {
			continue
		}
		record, err := r.in.schemas.Record(schema, payload)
		if err != nil || record["insurer"] != event["insurer"] || schema == "outcome" && outcome(record) != nil {
			return "", "inner form"
		}
		return inner, ""
	}
	return "", "inner signature"
}

// outcome checks what the schema cannot: verdict, lines, reasons and agreement go together (§19).
func outcome(o wire.Object) error {
	lines, _ := o["lines"].([]any)
	total, reasoned := int64(0), o["reasons"] != nil
	for place, item := range lines {
		line := item.(wire.Object)
		if line["line"] != int64(place) {
			return errors.New("not all lines in their order")
		}
		total += line["amc"].(int64)
		reasoned = reasoned || line["reasons"] != nil
	}
	fits := map[string]bool{"accepted": len(lines) > 0, "partial": total > 0 && reasoned,
		"refused":   len(lines) > 0 && total == 0 && reasoned && o["agreement"] == nil,
		"cancelled": o["lines"] == nil && o["agreement"] == nil}
	if !fits[o["verdict"].(string)] {
		return errors.New("a verdict that does not fit")
	}
	return nil
}

func TestEvents(t *testing.T) {
	r, _ := newReader(t)
	var first struct {
		Event   string `json:"event_jws"`
		Request string
		Signed  string
	}
	read(t, "event.json", &first)
	if inner, step := r.open(first.Event, 1, zeros); step != "" || inner != first.Signed {
		t.Fatal("the request:", step)
	}
	var v struct {
		Links []struct {
			Name, Typ, Record, Signed string
			Event                     string `json:"event_jws"`
			Digest                    string `json:"event_digest"`
		}
		Tampered []struct {
			Name, Fails string
			Event       string `json:"event_jws"`
		}
	}
	read(t, "events.json", &v)
	prev := wire.Digest([]byte(first.Event))
	for _, c := range v.Tampered {
		if _, step := r.open(c.Event, 2, prev); step != c.Fails {
			t.Errorf("%s fails at %q, not at %q", c.Name, step, c.Fails)
		}
	}
	for i, link := range v.Links {
		inner, step := r.open(link.Event, int64(i+2), prev)
		if step != "" || inner != link.Signed {
			t.Errorf("%s: %s", link.Name, step)
		}
		prev = wire.Digest([]byte(link.Event))
		if prev != link.Digest {
			t.Errorf("%s: digest", link.Name)
		}
	}
}

func TestConflicts(t *testing.T) {
	var chain struct{ Links []struct{ Package string } }
	read(t, "chain.json", &chain)
	var v []struct {
		Name, Package, Code, Stored, Received string
		Seqs                                  []int `json:"stored_seqs"`
		Status                                int
	}
	read(t, "conflicts.json", &v)
	for _, c := range v {
		in, k := setUp(t)
		term := in.store.terminals[k.Device.Kid]
		var raws [][]byte
		for _, seq := range c.Seqs {
			raws = append(raws, []byte(chain.Links[seq-1].Package))
		}
		results, err := in.take(term, append(raws, []byte(c.Package)))
		if err != nil {
			t.Fatal(err)
		}
		last := results[len(results)-1]
		if c.Status != 409 {
			if last.status != c.Status {
				t.Errorf("%s: %d %+v", c.Name, last.status, last.problem)
			}
			continue
		}
		if p := last.problem; p == nil || p.code != c.Code || p.stored != c.Stored || p.received != c.Received {
			t.Errorf("%s: %d %+v", c.Name, last.status, p)
		}
	}
}
