package main

import (
	"errors"
	"os"
	"path/filepath"
	"sort"
	"strconv"

	"insurer/seal"
	"insurer/wire"
)

// Events (§17) are files, one a number, so that `intake say` may write them while the server runs.
func (in *intake) eventsOf(t *terminal) (list []string) {
	for n := 1; ; n++ {
		data, err := os.ReadFile(filepath.Join(in.folder, "events", t.kid, strconv.Itoa(n)))
		if err != nil {
			return list
		}
		list = append(list, string(data))
	}
}

// say signs a record, seals it to the terminal's shop, and makes it that terminal's next event.
func (in *intake) say(device, schema string, record wire.Object) error {
	t := in.store.terminals[device]
	if t == nil {
		return errors.New("no such terminal")
	}
	record["schema"] = "comptoir/" + schema + "/v1"
	if err := in.schemas.Check(schema, record); err != nil {
		return err
	}
	inner, err := wire.Sign(in.signing, schema, record)
	if err != nil {
		return err
	}
	padded, err := seal.Pad(inner)
	if err != nil {
		return err
	}
	before := in.eventsOf(t)
	event := wire.Object{"schema": "comptoir/event/v1", "insurer": in.AMC, "device": device, "seq": len(before) + 1,
		"prev": zeros, "recipient": t.sealing["kid"], "suite": t.sealing["suite"], "bucket": len(padded)}
	if len(before) > 0 {
		event["prev"] = wire.Digest([]byte(before[len(before)-1]))
	}
	public, err := wire.UnB64(t.sealing["public"].(string))
	if err != nil {
		return err
	}
	sealed, err := seal.Seal(t.sealing["suite"].(string), public,
		append([]byte("comptoir/event/v1\x00"), wire.Canonical(event)...), padded)
	if err != nil {
		return err
	}
	event["sealed"] = wire.B64(sealed)
	text, err := wire.Sign(in.signing, "event", event)
	if err != nil {
		return err
	}
	folder := filepath.Join(in.folder, "events", device)
	if err := os.MkdirAll(folder, 0o700); err != nil {
		return err
	}
	return writeNew(filepath.Join(folder, strconv.Itoa(len(before)+1)), []byte(text))
}

func (t *terminal) numbers() []int64 {
	list := make([]int64, 0, len(t.bySeq))
	for seq := range t.bySeq {
		list = append(list, seq)
	}
	sort.Slice(list, func(i, j int) bool { return list[i] < list[j] })
	return list
}
