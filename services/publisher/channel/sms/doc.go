// Package sms is the channel of kind sms: SMS by SMPP 3.4 to an operator or
// aggregator.
//
// In: publications, and batches of telephone numbers. Out: short messages, the
// SMSC's answers, delivery receipts, and opt-outs (STOP, ARRÊT, ARRET, DESABO,
// FIN, in any case, with or without accents).
//
// Guarantees: the text is what Render showed; a text is submitted only within
// the window; a lost answer is ambiguous and never sent again by the channel;
// throttling (ESME_RTHROTTLED, ESME_RMSGQFUL) slows down and loses nothing; the
// SMSC gets our acknowledgement of a receipt only when the receipt is stored.
//
// Receipts are matched by the receipted_message_id parameter, then by the text
// "id:…", in decimal or hexadecimal (SMPP 3.4, appendix B).
package sms
