// Package publisher is the service between a publication and those it is for:
// rendition → delivery → receipt.
//
// In: publications, and audience's batches of deliveries. Out: what channels
// show or send, receipts, and the answer to Render: what each channel would
// show, which is exactly what it will.
//
// It serves feeds (/feeds), signs (/signs) and kiosks (/kiosk) from memory.
//
// A channel kind is a folder under channel/ and a line in Kinds. What is
// promised of a delivery is said in package engine.
package publisher
