// Package telegram is the channel of kind telegram: messages of a bot in one
// Telegram channel or group.
//
// In: publications. Out: sendMessage, editMessageText and deleteMessage with
// their publication. The bot must be an administrator of the channel, with the
// rights to post and to delete.
//
// Guarantees: a message is at most 4,096 UTF-16 code units after its entities
// are read; only <b> is written, and every &, < and > of the text is escaped;
// waits follow parameters.retry_after; what was not changed or is gone is no
// error of an edit or a deletion; a message too old to be deleted is replaced
// by its withdrawal. A bot cannot list what it posted, so that a lost answer
// stays unknown. A card is sent by sendPhoto, over a caption of 1,024 units, and
// edited by editMessageMedia; Telegram takes no alternative text, so that the
// caption says all that is drawn. The token, which is part of every address, is in no error.
//
// https://core.telegram.org/bots/api#sendmessage,
// https://core.telegram.org/bots/api#making-requests,
// https://core.telegram.org/bots/faq#my-bot-is-hitting-limits-how-do-i-avoid-this
// (20 messages a minute in one group)
package telegram
