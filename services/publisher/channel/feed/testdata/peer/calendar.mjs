// Reads a calendar on its input and prints what its events are.
import { readFileSync } from "node:fs";
import ICAL from "ical.js";

const calendar = new ICAL.Component(ICAL.parse(readFileSync(0, "utf8")));
for (const zone of calendar.getAllSubcomponents("vtimezone")) {
  ICAL.TimezoneService.register(new ICAL.Timezone(zone));
}
const events = calendar.getAllSubcomponents("vevent").map((component) => {
  const e = new ICAL.Event(component);
  const at = (t) => (t.isDate ? t.toString() : t.toJSDate().toISOString());
  return {
    uid: e.uid, title: e.summary, text: e.description, place: e.location, sequence: e.sequence,
    start: at(e.startDate), end: at(e.endDate), zone: e.startDate.zone?.tzid ?? "",
  };
});
console.log(JSON.stringify({ name: calendar.getFirstPropertyValue("name"), events }));
