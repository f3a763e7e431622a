package main

import (
	"time"

	"insurer/seal"
	"insurer/wire"
)

const maxPackage = 32768

var zeros = "0000000000000000000000000000000000000000000000000000000000000000"

// problem is what is answered instead of a receipt.
type problem struct {
	code, stored, received, refusal string
	retryAfter                      int
}

func bad(code string) *problem { return &problem{code: code} }

// pack is a package that can be read.
type pack struct {
	bytes          []byte
	dispatch       string
	envelope       wire.Object
	claimID        string
	envelopeDigest string
	dispatchDigest string
	seq            int64
	prev           string
}

func (in *intake) read(raw []byte) *pack {
	record, err := in.schemas.Record("package", raw)
	if err != nil {
		return nil
	}
	// package.schema.json repeats the envelope's
	envelope := record["envelope"].(wire.Object)
	dispatch := record["dispatch"].(string)
	return &pack{bytes: raw, dispatch: dispatch, envelope: envelope, claimID: envelope["claim_id"].(string),
		envelopeDigest: wire.Digest(wire.Canonical(envelope)), dispatchDigest: wire.Digest([]byte(dispatch))}
}

// judge is everything about a package but the chain (§15); it fills in seq and prev.
func (in *intake) judge(t *terminal, p *pack) (code string) {
	e := p.envelope
	payload, err := wire.Verify(t.key, "dispatch", p.dispatch)
	if err != nil {
		return "dispatch_invalid"
	}
	d, err := in.schemas.Record("dispatch", payload)
	if err != nil || d["envelope"] != p.envelopeDigest || d["device"] != t.kid {
		return "dispatch_invalid"
	}
	if d["claim_id"] != e["claim_id"] || d["insurer"] != in.AMC || e["device"] != t.kid {
		return "routing_mismatch"
	}
	csr, _ := e["csr"].(string)
	if e["insurer"] != in.AMC || e["convention"] != in.Convention || csr != in.CSR {
		return "routing_mismatch"
	}
	suite, ok := in.recipients[e["recipient"].(string)]
	if !ok {
		return "recipient_unknown"
	}
	sealed, err := wire.UnB64(e["sealed"].(string))
	if err != nil || e["suite"] != suite || len(sealed) != seal.SealedSize(suite, int(e["bucket"].(int64))) {
		return "package_invalid"
	}
	p.seq, p.prev = d["seq"].(int64), d["prev"].(string)
	return ""
}

func (in *intake) refusal(t *terminal, p *pack, code string) *problem {
	text, err := wire.Sign(in.signing, "refusal", wire.Object{"schema": "comptoir/refusal/v1", "claim_id": p.claimID,
		"insurer": in.AMC, "device": t.kid, "envelope": p.envelopeDigest, "dispatch": p.dispatchDigest,
		"refused_at": instant(), "code": code})
	if err != nil {
		return bad("internal")
	}
	return &problem{code: code, refusal: text}
}

func instant() string { return time.Now().UTC().Format("2006-01-02T15:04:05Z") }

// chain is the table of §6. staged are the claims of the same batch that were accepted before.
func (s *store) chain(t *terminal, p *pack, staged map[string]*claim, stagedSeq map[int64]*claim) *problem {
	at := func(seq int64) *claim {
		if c := stagedSeq[seq]; c != nil {
			return c
		}
		return t.bySeq[seq]
	}
	c := s.claims[p.claimID]
	if c == nil {
		c = staged[p.claimID]
	}
	fork := func(stored, received string) *problem {
		return &problem{code: "fork", stored: stored, received: received}
	}
	switch before, after := at(p.seq-1), at(p.seq+1); {
	case c != nil && c.Device != t.kid:
		return &problem{code: "digest_conflict", received: p.envelopeDigest}
	case c != nil && c.Envelope != p.envelopeDigest:
		return &problem{code: "digest_conflict", stored: c.Envelope, received: p.envelopeDigest}
	case c != nil:
		return fork(c.Dispatch, p.dispatchDigest)
	case at(p.seq) != nil:
		return fork(at(p.seq).Dispatch, p.dispatchDigest)
	case p.seq == 1 && p.prev != zeros:
		return fork(zeros, p.prev)
	case before != nil && before.Dispatch != p.prev:
		return fork(before.Dispatch, p.prev)
	case after != nil && after.Prev != p.dispatchDigest:
		return fork(after.Prev, p.dispatchDigest)
	}
	return nil
}

type result struct {
	status  int
	claimID string
	claim   *claim
	proof   string
	problem *problem
}

// take judges packages in order and stores those that are good, together.
func (in *intake) take(t *terminal, raws [][]byte) ([]result, error) {
	results := make([]result, len(raws))
	packs := make([]*pack, len(raws))
	for i, raw := range raws { // what needs no lock
		if p := in.read(raw); p != nil {
			packs[i], results[i].claimID = p, p.claimID
		}
	}
	in.store.Lock()
	defer in.store.Unlock()
	var lines []*line
	staged, stagedSeq, forked := map[string]*claim{}, map[int64]*claim{}, false
	for i, p := range packs {
		r := &results[i]
		if len(raws[i]) > maxPackage {
			r.problem = bad("too_large")
			continue
		}
		if p == nil {
			r.problem = bad("package_invalid")
			continue
		}
		known := in.store.claims[p.claimID]
		if known == nil {
			known = staged[p.claimID]
		}
		if known != nil && known.Device == t.kid && known.Package == string(raws[i]) {
			r.status, r.claim = 200, known
			continue
		}
		if code := in.judge(t, p); code != "" {
			r.problem = in.refusal(t, p, code)
			continue
		}
		if r.problem = in.store.chain(t, p, staged, stagedSeq); r.problem != nil {
			forked = forked || r.problem.code == "fork"
			continue
		}
		if forked {
			r.problem = &problem{code: "fork", received: p.dispatchDigest}
			continue
		}
		receipt, err := wire.Sign(in.signing, "receipt", wire.Object{"schema": "comptoir/receipt/v1",
			"claim_id": p.claimID, "insurer": in.AMC, "device": t.kid, "seq": p.seq, "envelope": p.envelopeDigest,
			"dispatch": p.dispatchDigest, "received_at": instant(), "state": "acknowledged"})
		if err != nil {
			return nil, err
		}
		c := &claim{Device: t.kid, ClaimID: p.claimID, Seq: p.seq, Prev: p.prev, Envelope: p.envelopeDigest,
			Dispatch: p.dispatchDigest, Package: string(raws[i]), Receipt: receipt}
		staged[c.ClaimID], stagedSeq[c.Seq] = c, c
		lines = append(lines, &line{Claim: c})
		r.status, r.claim = 201, c
	}
	if len(lines) > 0 {
		if err := in.store.commit(lines...); err != nil {
			return nil, err
		}
	}
	checkpoint := in.checkpoint()
	for i := range results {
		if c := results[i].claim; c != nil {
			results[i].proof = in.proof(c.place, checkpoint)
		}
	}
	return results, nil
}
