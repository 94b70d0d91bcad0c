// Package vigilance maps the alerts of Météo-France's vigilance and of Vigicrues.
//
// In: a record.Alert whose awareness level is a colour, 1 green to 4 red. Out: a
// draft as mapping/cap makes it, with what the colour means: severity (yellow
// Moderate, orange Severe, red Extreme, as MeteoAlarm does), urgency, what to do,
// and the licence of the State's data.
//
// A yellow warning asks for attention, never for immediate action: its urgency is
// at most Expected, so that it is not of class alert. The words of what to do
// are those printed under the national map (vigilance.meteofrance.fr,
// "Comprendre la vigilance").
package vigilance
