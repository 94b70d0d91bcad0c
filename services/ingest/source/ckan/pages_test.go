package ckan

import (
	"errors"
	"fmt"
	"net/http"
	"testing"

	"github.com/crieur/crieur/events/record"
	"github.com/crieur/crieur/services/ingest/source"
	"github.com/crieur/crieur/services/ingest/sourcetest"
)

func TestDatastorePages(t *testing.T) {
	t.Parallel()
	asked, more := 0, ""
	src := sourcetest.Serve(t, Kind(), "resource: r1\nquery: voirie\nkey: ${X}", func(w http.ResponseWriter, r *http.Request) {
		q := r.URL.Query()
		switch r.URL.Path {
		case "/api/3/action/resource_show":
			asked++
			fmt.Fprintf(w, `{"result":{"id":%q,"package_id":"p1"}}`, q.Get("id"))
			return
		case "/api/3/action/package_show":
			fmt.Fprint(w, map[string]string{"p1": `{"result":{"license_title":"Licence Ouverte / Open Licence","license_id":"lov2"}}`}[q.Get("id")])
			return
		}
		if r.URL.Path != "/api/3/action/datastore_search" || q.Get("resource_id") != "r1" || q.Get("q") != "voirie" || r.Header.Get("Authorization") != "s3cret" {
			t.Errorf("asked %s", r.URL)
		}
		id := "1"
		if q.Get("offset") == "1" {
			id = "2"
		}
		fmt.Fprintf(w, `{"success":true,"result":{"total":2,"records":[{"_id":%s,"titre":"x%s"}]}}`, id, more)
	})
	records, cur, err := src.Fetch(t.Context(), source.Cursor{})
	if err != nil || len(records) != 2 || records[1].Item != "2" || records[1].Value.(record.Entry).Licence != "etalab-2.0" {
		t.Fatalf("%+v, %v", records, err)
	}
	if _, _, err := src.Fetch(t.Context(), cur); !errors.Is(err, source.ErrUnchanged) {
		t.Errorf("the same again: %v", err)
	}
	more = "y"
	if records, _, err = src.Fetch(t.Context(), cur); err != nil || records[0].Value.(record.Entry).Licence != "etalab-2.0" || asked != 1 {
		t.Errorf("the licence was asked for %d times; %+v, %v", asked, records, err)
	}
}

// TestUdata: the newest table of a data set is read, without the key.
func TestUdata(t *testing.T) {
	t.Parallel()
	src := sourcetest.Serve(t, Kind(), "url: $URL/api/1/datasets/voirie/\nkey: ${X}", func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/b.csv" {
			if len(r.Header.Values("Authorization"))+len(r.Header.Values("X-Api-Key")) > 0 {
				t.Error("the file's server was given the key")
			}
			fmt.Fprint(w, "id;titre\n1;Rue fermée\n")
			return
		}
		at := "http://" + r.Host
		fmt.Fprintf(w, `{"license":"lov2","resources":[
			{"id":"a","format":"csv","url":"%[1]s/a.csv","last_modified":"2025-01-01T00:00:00"},
			{"id":"b","format":"csv","url":"%[1]s/b.csv","last_modified":"2026-01-01T00:00:00"},
			{"id":"c","format":"pdf","url":"%[1]s/c.pdf","last_modified":"2026-06-01T00:00:00"}]}`, at)
	})
	records, cur, err := src.Fetch(t.Context(), source.Cursor{})
	if err != nil || len(records) != 1 || records[0].Item != "1" || records[0].Value.(record.Entry).Licence != "etalab-2.0" {
		t.Fatalf("%+v, %v", records, err)
	}
	if _, _, err := src.Fetch(t.Context(), cur); !errors.Is(err, source.ErrUnchanged) {
		t.Errorf("the same again: %v", err)
	}
	if _, _, err := Resource(map[string]any{"resources": []any{map[string]any{"format": "pdf"}}}, ""); err == nil {
		t.Error("a data set without table is read")
	}
}
