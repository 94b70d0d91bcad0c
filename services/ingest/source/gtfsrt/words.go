package gtfsrt

// term is a value of an enumeration: its name in the standard, and in French
// where it says something.
type term struct{ id, french string }

type terms []term

func (t terms) of(value uint64) term {
	if value < uint64(len(t)) {
		return t[value]
	}
	return term{}
}

// causes are those of gtfs-realtime.proto's Alert.Cause.
func causes() terms {
	return terms{
		{},
		{"UNKNOWN_CAUSE", ""},
		{"OTHER_CAUSE", ""},
		{"TECHNICAL_PROBLEM", "problème technique"},
		{"STRIKE", "grève"},
		{"DEMONSTRATION", "manifestation"},
		{"ACCIDENT", "accident"},
		{"HOLIDAY", "jour férié"},
		{"WEATHER", "météo"},
		{"MAINTENANCE", "maintenance"},
		{"CONSTRUCTION", "travaux"},
		{"POLICE_ACTIVITY", "intervention de police"},
		{"MEDICAL_EMERGENCY", "urgence médicale"},
	}
}

// effects are those of Alert.Effect.
func effects() terms {
	return terms{
		{},
		{"NO_SERVICE", "Service interrompu"},
		{"REDUCED_SERVICE", "Service réduit"},
		{"SIGNIFICANT_DELAYS", "Retards importants"},
		{"DETOUR", "Déviation"},
		{"ADDITIONAL_SERVICE", "Service renforcé"},
		{"MODIFIED_SERVICE", "Service modifié"},
		{"OTHER_EFFECT", ""},
		{"UNKNOWN_EFFECT", ""},
		{"STOP_MOVED", "Arrêt déplacé"},
		{"NO_EFFECT", ""},
		{"ACCESSIBILITY_ISSUE", "Accessibilité réduite"},
	}
}

// levelID is a value of Alert.SeverityLevel, "" when it says nothing.
func levelID(value uint64) string {
	switch value {
	case 2:
		return "INFO"
	case 3:
		return "WARNING"
	case 4:
		return "SEVERE"
	}
	return ""
}
