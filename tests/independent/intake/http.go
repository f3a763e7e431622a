package main

import (
	"bytes"
	"compress/gzip"
	"crypto/ecdsa"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"log"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"time"

	"insurer/wire"
)

const (
	media      = "application/vnd.comptoir."
	maxBatch   = 3_300_000
	maxRequest = 16384
)

var problems = map[string]struct {
	status int
	title  string
}{
	"package_invalid":        {422, "The package is not of the contract's form."},
	"dispatch_invalid":       {422, "The dispatch does not hold."},
	"routing_mismatch":       {422, "This is for somebody else."},
	"recipient_unknown":      {422, "Sealed to a key that is not in use."},
	"digest_conflict":        {409, "Another claim has this id."},
	"fork":                   {409, "The chain has another dispatch here."},
	"request_invalid":        {400, "The request is not of the contract's form."},
	"too_large":              {413, "Too large."},
	"media_type_unsupported": {415, "Another media type is needed."},
	"request_timeout":        {408, "The body took too long."},
	"certificate_missing":    {401, "A client certificate is needed."},
	"certificate_unknown":    {403, "The client certificate is not known."},
	"certificate_revoked":    {403, "The terminal was revoked."},
	"certificate_expired":    {403, "The client certificate has ended."},
	"signature_invalid":      {401, "The request's signature does not hold."},
	"not_found":              {404, "Nothing is here."},
	"method_not_allowed":     {405, "Another method is needed."},
	"activation_refused":     {403, "The invitation or the code is wrong."},
	"invitation_closed":      {410, "The invitation is closed."},
	"internal":               {500, "Something failed here."},
	"unavailable":            {503, "Nothing can be stored now."},
}

func (p *problem) document() wire.Object {
	known := problems[p.code]
	d := wire.Object{"type": "urn:comptoir:problem:" + p.code, "title": known.title, "status": known.status, "code": p.code}
	for name, text := range map[string]string{"stored": p.stored, "received": p.received, "refusal": p.refusal} {
		if text != "" {
			d[name] = text
		}
	}
	return d
}

type reply struct {
	status  int
	media   string // the middle: "receipt"
	body    wire.Object
	problem *problem
}

func refuse(code string) reply { return reply{problem: bad(code)} }

// route is one row of §9.
type route struct {
	method, media string
	open, enrol   bool // without certificate; signed by the key it brings
	limit         int64
	query         bool // after=N
	serve         func(*intake, *request) reply
}

var routes = map[string]route{
	"/v1/claims/":      {method: "PUT", media: "package", limit: maxPackage, serve: (*intake).push},
	"/v1/claims:batch": {method: "POST", media: "batch", limit: maxBatch, serve: (*intake).batch},
	"/v1/state":        {method: "GET", serve: (*intake).state},
	"/v1/receipts":     {method: "GET", query: true, serve: (*intake).receipts},
	"/v1/events":       {method: "GET", query: true, serve: (*intake).events},
	"/v1/keys":         {method: "GET", serve: (*intake).keySet},
	"/v1/profile":      {method: "GET", serve: (*intake).profileSet},
	"/v1/health":       {method: "GET", open: true, serve: (*intake).health},
	"/v1/enrolments":   {method: "POST", media: "enrolment", limit: maxRequest, open: true, enrol: true, serve: (*intake).enrol},
	"/v1/certificates": {method: "POST", media: "renewal", limit: maxRequest, serve: (*intake).renew},
}

// request is what is known of a request once it was let in.
type request struct {
	*http.Request
	terminal *terminal
	body     []byte
	claimID  string
	after    int64
	nonce    string
}

var (
	claimPath = regexp.MustCompile(`^/v1/claims/([0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12})$`)
	after     = regexp.MustCompile(`^after=(0|[1-9][0-9]{0,15})$`)
	input     = regexp.MustCompile(`^comptoir=((\([^()]*\));created=([0-9]{1,12});keyid="([A-Za-z0-9_-]{43})";nonce="([A-Za-z0-9_-]{16,64})";alg="ecdsa-p256-sha256")$`)
	signature = regexp.MustCompile(`^comptoir=:([A-Za-z0-9+/]{86}==):$`)
)

func (in *intake) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	defer func() {
		if failure := recover(); failure != nil {
			log.Printf("failure: %v", failure)
			in.answer(w, refuse("internal"))
		}
	}()
	if path := strings.TrimPrefix(r.RequestURI, "/log/"); path != r.RequestURI && r.Method == "GET" {
		in.serveLog(w, path)
		return
	}
	a := in.handle(r)
	if a.problem != nil && (a.problem.code == "too_large" || a.problem.code == "request_timeout") {
		w.Header().Set("Connection", "close")
		in.answer(w, a)
		w.(http.Flusher).Flush()
		_, _ = io.CopyN(io.Discard, r.Body, 2*maxBatch) // so that a sender of too much still reads the answer
		return
	}
	in.answer(w, a)
}

func (in *intake) answer(w http.ResponseWriter, a reply) {
	kind := media + a.media + ".v1+json"
	if a.problem != nil {
		kind, a.body, a.status = "application/problem+json", a.problem.document(), problems[a.problem.code].status
		if a.status == 503 {
			w.Header().Set("Retry-After", "30")
		}
	}
	body := wire.Canonical(a.body)
	w.Header().Set("Content-Type", kind)
	w.Header().Set("Content-Length", strconv.Itoa(len(body)))
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(a.status)
	_, _ = w.Write(body)
}

func (in *intake) serveLog(w http.ResponseWriter, path string) {
	in.store.Lock()
	defer in.store.Unlock()
	kind, data := "text/plain; charset=utf-8", []byte(in.checkpoint())
	if path != "checkpoint" {
		kind, data = "application/octet-stream", in.store.tree.tile(strings.TrimPrefix(path, "tile/"))
	}
	if data == nil || path != "checkpoint" && !strings.HasPrefix(path, "tile/") {
		in.answer(w, refuse("not_found"))
		return
	}
	w.Header().Set("Content-Type", kind)
	_, _ = w.Write(data)
}

// handle lets a request in, in the order of §15, and serves it.
func (in *intake) handle(r *http.Request) reply {
	path, query, hasQuery := strings.Cut(r.RequestURI, "?")
	q := &request{Request: r}
	name := path
	if m := claimPath.FindStringSubmatch(path); m != nil {
		name, q.claimID = "/v1/claims/", m[1]
	} else if path == name && strings.HasSuffix(path, "/") {
		return refuse("not_found")
	}
	route, ok := routes[name]
	if !ok {
		return refuse("not_found")
	}
	if r.Method != route.method {
		return refuse("method_not_allowed")
	}
	if !route.open {
		var code string
		if q.terminal, code = in.terminal(r); code != "" {
			return refuse(code)
		}
	}
	body, code := readBody(r, route.limit)
	if code != "" {
		return refuse(code)
	}
	if !route.open || route.enrol {
		for _, field := range []string{"Content-Type", "Content-Digest", "Content-Encoding", "Idempotency-Key"} {
			if len(r.Header[field]) > 1 {
				return refuse("signature_invalid")
			}
		}
		if route.media != "" && r.Header.Get("Content-Type") != media+route.media+".v1+json" {
			return refuse("media_type_unsupported")
		}
		switch encoding := r.Header.Get("Content-Encoding"); {
		case encoding == "":
			q.body = body
		case encoding == "gzip" && route.media == "batch":
			if q.body, code = gunzip(body); code != "" {
				return refuse(code)
			}
		default:
			return refuse("media_type_unsupported")
		}
		var key *ecdsa.PublicKey
		var request wire.Object
		if route.enrol {
			var err error
			if request, err = in.schemas.Record("enrolment-request", body); err != nil {
				return refuse("request_invalid")
			}
			if key, _, err = wire.PublicKey(request["signing"].(wire.Object)); err != nil {
				return refuse("request_invalid")
			}
		} else {
			key = q.terminal.key
		}
		created, err := int64(0), error(nil)
		if q.nonce, created, err = in.verify(r, key, body); err != nil {
			log.Printf("signature: %v", err)
			return refuse("signature_invalid")
		}
		if !route.enrol {
			fresh, err := in.store.fresh(q.terminal, q.nonce, created)
			if err != nil {
				return refuse("unavailable")
			}
			if !fresh {
				return refuse("signature_invalid")
			}
		}
	}
	if route.query {
		m := after.FindStringSubmatch(query)
		if m == nil {
			return refuse("request_invalid")
		}
		if q.after, _ = strconv.ParseInt(m[1], 10, 64); q.after > 1<<53-1 {
			return refuse("request_invalid")
		}
	} else if hasQuery {
		return refuse("request_invalid")
	}
	return route.serve(in, q)
}

// terminal recognises the client certificate.
func (in *intake) terminal(r *http.Request) (*terminal, string) {
	if r.TLS == nil || len(r.TLS.PeerCertificates) == 0 {
		return nil, "certificate_missing"
	}
	in.store.Lock()
	defer in.store.Unlock()
	c := in.store.certificates[wire.Digest(r.TLS.PeerCertificates[0].Raw)]
	if c == nil {
		return nil, "certificate_unknown"
	}
	if in.revoked(c.Device) {
		return nil, "certificate_revoked"
	}
	if now := time.Now().Unix(); now < c.From || now > c.To {
		return nil, "certificate_expired"
	}
	return in.store.terminals[c.Device], ""
}

func (in *intake) revoked(device string) bool {
	_, err := os.Stat(filepath.Join(in.folder, "revoked", device))
	return err == nil
}

func readBody(r *http.Request, limit int64) ([]byte, string) {
	if r.ContentLength > limit {
		return nil, "too_large"
	}
	body, err := io.ReadAll(io.LimitReader(r.Body, limit+1))
	switch {
	case errors.Is(err, os.ErrDeadlineExceeded):
		return nil, "request_timeout"
	case err != nil:
		return nil, "request_invalid"
	case int64(len(body)) > limit:
		return nil, "too_large"
	}
	return body, ""
}

func gunzip(body []byte) ([]byte, string) {
	rest := bytes.NewReader(body)
	z, err := gzip.NewReader(rest)
	if err != nil {
		return nil, "request_invalid"
	}
	z.Multistream(false)
	plain, err := io.ReadAll(io.LimitReader(z, maxBatch+1))
	if len(plain) > maxBatch {
		return nil, "too_large"
	}
	if err != nil || rest.Len() != 0 {
		return nil, "request_invalid"
	}
	return plain, ""
}

// verify is §8: the signature's nonce and time when it holds.
func (in *intake) verify(r *http.Request, key *ecdsa.PublicKey, body []byte) (string, int64, error) {
	if len(r.Header["Signature-Input"]) != 1 || len(r.Header["Signature"]) != 1 {
		return "", 0, errors.New("one signature is needed")
	}
	m := input.FindStringSubmatch(r.Header.Get("Signature-Input"))
	s := signature.FindStringSubmatch(r.Header.Get("Signature"))
	if m == nil || s == nil {
		return "", 0, errors.New("form of the signature")
	}
	base := fmt.Sprintf("\"@method\": %s\n\"@target-uri\": %s\n", r.Method, in.Endpoint+r.RequestURI)
	covered := `"@method" "@target-uri"`
	for _, field := range []string{"content-digest", "content-type", "idempotency-key"} {
		if values := r.Header.Values(field); len(values) == 1 {
			base += fmt.Sprintf("%q: %s\n", field, values[0])
			covered += fmt.Sprintf(" %q", field)
		}
	}
	sum := sha256.Sum256(body)
	digest, present := r.Header["Content-Digest"]
	if (present || len(body) > 0) && (!present || digest[0] != "sha-256=:"+base64Of(sum[:])+":") {
		return "", 0, errors.New("digest of the body")
	}
	created, _ := strconv.ParseInt(m[3], 10, 64)
	if age := time.Now().Unix() - created; age > 300 || age < -60 {
		return "", 0, errors.New("too old or too new")
	}
	raw, err := base64.StdEncoding.Strict().DecodeString(s[1])
	if err != nil || m[2] != "("+covered+")" || m[4] != wire.Kid(key) ||
		!wire.VerifyRaw(key, []byte(base+`"@signature-params": `+m[1]), raw) {
		return "", 0, errors.New("another signature")
	}
	return m[5], created, nil
}

// The operations.

func (in *intake) push(q *request) reply {
	if q.Header.Get("Idempotency-Key") != `"`+q.claimID+`"` {
		return refuse("request_invalid")
	}
	if p := in.read(q.body); p != nil && p.claimID != q.claimID {
		return refuse("routing_mismatch") // of the request, not of the package: no refusal
	}
	results, err := in.take(q.terminal, [][]byte{q.body})
	if err != nil {
		return refuse("unavailable")
	}
	if r := results[0]; r.problem != nil {
		return reply{problem: r.problem}
	}
	return reply{status: results[0].status, media: "receipt", body: results[0].receipt()}
}

func (r *result) receipt() wire.Object {
	return wire.Object{"receipt": r.claim.Receipt, "proof": r.proof}
}

func (in *intake) batch(q *request) reply {
	value, err := wire.Decode(q.body)
	if err != nil {
		return refuse("request_invalid")
	}
	batch, _ := value.(wire.Object)
	packages, _ := batch["packages"].([]any)
	if len(batch) != 1 || len(packages) == 0 || len(packages) > 100 {
		return refuse("request_invalid")
	}
	raws := make([][]byte, len(packages))
	for i, p := range packages {
		raws[i] = wire.Canonical(p)
	}
	results, err := in.take(q.terminal, raws)
	if err != nil {
		return refuse("unavailable")
	}
	list := make([]any, len(results))
	for i, r := range results {
		one := wire.Object{}
		if r.problem != nil {
			one["problem"], one["status"] = r.problem.document(), problems[r.problem.code].status
		} else {
			one = r.receipt()
			one["status"] = r.status
		}
		if r.claimID != "" {
			one["claim_id"] = r.claimID
		}
		list[i] = one
	}
	return reply{status: 200, media: "results", body: wire.Object{"results": list}}
}

func (in *intake) state(q *request) reply {
	in.store.Lock()
	t := q.terminal
	state := wire.Object{"schema": "comptoir/state/v1", "insurer": in.AMC, "device": t.kid, "seq": t.head,
		"head": zeros, "nonce": q.nonce}
	if t.head > 0 {
		state["head"] = t.bySeq[t.head].Dispatch
	}
	var missing []any
	for n := t.head + 1; n < t.highest && len(missing) < 1000; n++ {
		if t.bySeq[n] == nil {
			missing = append(missing, n)
		}
	}
	in.store.Unlock()
	if missing != nil {
		state["missing"] = missing
	}
	if n := len(in.eventsOf(t)); n > 0 {
		state["events"] = n
	}
	text, err := wire.Sign(in.signing, "state", state)
	if err != nil {
		return refuse("internal")
	}
	return reply{status: 200, media: "state", body: wire.Object{"state": text}}
}

func (in *intake) receipts(q *request) reply {
	in.store.Lock()
	defer in.store.Unlock()
	list := []any{}
	for _, seq := range q.terminal.numbers() {
		if seq > q.after && len(list) < 200 {
			list = append(list, q.terminal.bySeq[seq].Receipt)
		}
	}
	return reply{status: 200, media: "receipts", body: wire.Object{"receipts": list}}
}

func (in *intake) events(q *request) reply {
	list := []any{}
	for i, event := range in.eventsOf(q.terminal) {
		if int64(i) >= q.after && len(list) < 50 {
			list = append(list, event)
		}
	}
	return reply{status: 200, media: "events", body: wire.Object{"events": list}}
}

func (in *intake) keySet(*request) reply {
	return reply{status: 200, media: "keys", body: wire.Object{"keys": in.keys}}
}

func (in *intake) profileSet(*request) reply {
	return reply{status: 200, media: "profile", body: wire.Object{"profile": in.profile}}
}

func (in *intake) health(*request) reply {
	in.store.Lock()
	defer in.store.Unlock()
	if in.store.broken {
		return refuse("unavailable")
	}
	return reply{status: 200, media: "health", body: wire.Object{"status": "pass"}}
}
