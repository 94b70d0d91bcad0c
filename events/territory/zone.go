package territory

import "strings"

// Zone returns the départements of an alert zone: valueName is the geocode's
// name in a CAP alert (EMMA_ID or NUTS3), value its code. Both the NUTS codes
// of 2016 and later and those of 2013 and before are known, since alerts still
// carry the old ones. Nil when the zone is not French or not known.
func (t *Territory) Zone(valueName, value string) []string {
	value = strings.ToUpper(strings.TrimSpace(value))
	if !strings.HasPrefix(value, "FR") {
		return nil
	}
	switch strings.ToUpper(valueName) {
	case "EMMA_ID":
		if d := t.emma[value]; d != nil {
			return append([]string(nil), d...)
		}
		return nuts3(value)
	case "NUTS3", "NUTS_3", "NUTS":
		return nuts3(value)
	}
	return nil
}

// nutsGroups lists the départements of each NUTS 2 region in the order of its
// NUTS 3 digits, 1 for the first, under the code's stem since 2016 and the one
// before (Regulation (EC) No 1059/2003 and its amendments, Eurostat).
var nutsGroups = map[string]string{
	"FR10": "75 77 78 91 92 93 94 95",
	"FRB0": "18 28 36 37 41 45", "FR24": "18 28 36 37 41 45",
	"FRC1": "21 58 71 89", "FR26": "21 58 71 89",
	"FRC2": "25 39 70 90", "FR43": "25 39 70 90",
	"FRD1": "14 50 61", "FR25": "14 50 61",
	"FRD2": "27 76", "FR23": "27 76",
	"FRE1": "59 62", "FR30": "59 62",
	"FRE2": "02 60 80", "FR22": "02 60 80",
	"FRF1": "67 68", "FR42": "67 68",
	"FRF2": "08 10 51 52", "FR21": "08 10 51 52",
	"FRF3": "54 55 57 88", "FR41": "54 55 57 88",
	"FRG0": "44 49 53 72 85", "FR51": "44 49 53 72 85",
	"FRH0": "22 29 35 56", "FR52": "22 29 35 56",
	"FRI1": "24 33 40 47 64", "FR61": "24 33 40 47 64",
	"FRI2": "19 23 87", "FR63": "19 23 87",
	"FRI3": "16 17 79 86", "FR53": "16 17 79 86",
	"FRJ1": "11 30 34 48 66", "FR81": "11 30 34 48 66",
	"FRJ2": "09 12 31 32 46 65 81 82", "FR62": "09 12 31 32 46 65 81 82",
	"FRK1": "03 15 43 63", "FR72": "03 15 43 63",
	"FRK2": "01 07 26 38 42 69 73 74", "FR71": "01 07 26 38 42 69 73 74",
	"FRL0": "04 05 06 13 83 84", "FR82": "04 05 06 13 83 84",
	"FRM0": "2A 2B", "FR83": "2A 2B",
}

// overseas are the zones of one département, whose NUTS 3 digit is 0.
var overseas = map[string]string{
	"FRY10": "971", "FRY20": "972", "FRY30": "973", "FRY40": "974", "FRY50": "976",
	"FRA10": "971", "FRA20": "972", "FRA30": "973", "FRA40": "974", "FRA50": "976",
	"FR910": "971", "FR920": "972", "FR930": "973", "FR940": "974",
}

func nuts3(code string) []string {
	if len(code) != 5 {
		return nil
	}
	if d, ok := overseas[code]; ok {
		return []string{d}
	}
	deps := strings.Fields(nutsGroups[code[:4]])
	n := int(code[4] - '1')
	if n < 0 || n >= len(deps) {
		return nil
	}
	return []string{deps[n]}
}
