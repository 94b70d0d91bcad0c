// Package datex2 maps situations on roads and traffic orders.
//
// In: a record.Entry of ingest's datex2, whose extra holds type, overallSeverity,
// probability, safety and supplier, under DATEX II's names. Out: a draft of class
// service, topic travaux-circulation: a road closed is no call to take shelter.
// DATEX II's severity, which is that of the disturbance to traffic, gives CAP's:
// highest Severe, high Moderate, the others Minor; orders are Minor.
//
// Without an end, an accident or an obstacle is of use for a day, traffic for six
// hours, works and orders for half a year; their withdrawal by the source ends
// them sooner. Data of Bison Futé and DiaLog is under the Licence Ouverte 2.0.
package datex2
