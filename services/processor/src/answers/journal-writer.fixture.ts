import { createLog } from '@darkroom/infra/log'
import { openJournal } from './journal.ts'

/** A process that opens a call, sends it unless `bytes` is negative, receives that many bytes, writes a line, and runs on. */

const [directory = '', call = '{}', bytes = '0'] = process.argv.slice(2)
const journal = await openJournal({ directory, log: createLog({ service: 'journal-writer', level: 'silent' }) })
const writer = await journal.open(JSON.parse(call))
if (Number(bytes) >= 0) await writer.markSent()
if (Number(bytes) > 0) {
  await writer.begin({})
  await writer.append(Buffer.alloc(Number(bytes), 7))
}
process.stdout.write('ready\n')
setInterval(() => {}, 60_000)
