// Package ntcip is the channel of kind ntcip: dynamic message signs that speak
// NTCIP 1203 over SNMPv1.
//
// In: publications. Out: a MULTI string in one changeable message of each sign,
// activated. What a sign shows is what is on its shelf: alerts take over, the
// rest in turn; when nothing is left the sign is blanked.
//
// Guarantees: a message is written as 1203 demands (modifyReq, text,
// validateReq, valid), its CRC is read back from the sign and never computed
// here, and the activation is compared with what the sign then says it shows
// (dmsMsgTableSource). Its duration ends with the first message to expire, so
// that a sign cut off from us goes dark instead of lying. Writing twice shows
// the same: a lost answer is tried again. A sign that was silent is written as
// soon as it answers. Each minute a sign is asked what it shows and what is
// broken (dmsMsgTableSource, shortErrorStatus): what it is seen to display is
// told as displayed, what it lost is written again, and its health is kept where
// the console shows it; one that is silent is not heard. Text is ISO 8859-1; brackets are doubled.
//
// Only what the standard says is relied on. It was tried with the agent of the
// tests, written after the standard: no sign of any maker was at hand.
//
// NTCIP 1203 v03: https://www.ntcip.org/file/2018/11/NTCIP1203v03f.pdf (5.6.8
// message table, 5.7 sign control, 6 MULTI)
package ntcip
