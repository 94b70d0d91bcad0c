// Reads a JSON array of texts, writes a JSON array of what each counter says.
'use strict';
const { SegmentedMessage } = require('sms-segments-calculator');
const { split } = require('split-sms');

let input = '';
process.stdin.setEncoding('utf8');
process.stdin.on('data', (chunk) => { input += chunk; });
process.stdin.on('end', () => {
  const out = JSON.parse(input).map((text) => {
    const twilio = new SegmentedMessage(text);
    const other = split(text);
    return {
      twilio: { encoding: twilio.encodingName, segments: twilio.segmentsCount },
      splitSms: {
        encoding: other.characterSet === 'GSM' ? 'GSM-7' : 'UCS-2',
        segments: other.parts.length,
        remaining: other.remainingInPart,
        parts: other.parts.map((p) => p.content),
      },
    };
  });
  process.stdout.write(JSON.stringify(out));
});
